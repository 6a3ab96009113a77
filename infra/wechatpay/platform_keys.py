"""The channel's public keys, by the number that its messages name them with.

The channel changes its key while both the old and the new one sign, for days. The new key's file is put
beside the first; whoever runs already finds it when a message names it, without a restart.
"""

import logging
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from infra.wechatpay.credentials import Merchant, read_platform_keys

LOOK_AGAIN_SECONDS = 2.0  # real time: it spares the disk when strangers invent numbers

log = logging.getLogger(__name__)


class PlatformKeys:
    """Every key that the channel may sign with towards one merchant."""

    def __init__(self, merchant: Merchant, seconds: Callable[[], float] = time.monotonic) -> None:
        self.first = merchant.account.platform_key_id
        self._merchant = merchant
        self._seconds = seconds
        self._looked = -LOOK_AGAIN_SECONDS
        self._keys = {id: loaded(pem) for id, pem in merchant.platform_keys.items()}

    def find(self, key_id: str) -> RSAPublicKey | None:
        """The key of this number; the directory is looked at again for one that was never met."""
        if key_id not in self._keys:
            self._look_again()
        return self._keys.get(key_id)

    def _look_again(self) -> None:
        now = self._seconds()
        if now < self._looked + LOOK_AGAIN_SECONDS:
            return
        self._looked = now
        try:
            there = read_platform_keys(self._merchant.directory, self._merchant.account)
        except OSError as unreadable:  # a message must not be able to stop us
            log.error("keys in %s cannot be read: %s", self._merchant.directory, unreadable)
            return
        for id in there.keys() - self._keys.keys():
            try:
                self._keys[id] = loaded(there[id])
            except (ValueError, TypeError) as broken:
                log.error("%s in %s is no key: %s", id, self._merchant.directory, broken)


def loaded(pem: str) -> RSAPublicKey:
    """Raises: ValueError, TypeError."""
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise TypeError("the channel's key must be RSA")
    return key
