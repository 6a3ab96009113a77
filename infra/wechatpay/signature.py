"""Whose words these are: requests signed as us, answers and notifications proven to be the channel's.

The cryptography is `wechatpayv3`'s. Its transport is not used: it stamps requests with the machine's time
instead of our `Clock`, accepts a signature of any age, demands a header that the channel's documentation
leaves out, fetches certificates without a time limit on an unknown serial number, reports every failure as
a bare `Exception`, and its asyncio variant wants a package that our lock does not hold.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from wechatpayv3.utils import load_private_key, rsa_sign, rsa_verify

from infra.wechatpay.credentials import Merchant
from infra.wechatpay.platform_keys import PlatformKeys

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE = "WECHATPAY/SIGNTEST/"  # the channel sends these to see that we refuse them
AGE_MAX = timedelta(minutes=5)  # either way, for both sides


class Unproven(Exception):
    """Nothing shows that the channel said this, now."""


class Stamp(NamedTuple):
    """When the channel signed, and its random mark: it never uses both of them twice."""

    timestamp: str  # seconds since 1970
    nonce: str


class Signer:
    """Signs as the merchant."""

    def __init__(self, merchant: Merchant) -> None:
        self._account = merchant.account
        self._key = load_private_key(merchant.private_key)

    def authorization(self, method: str, target: str, body: bytes, at: datetime) -> str:
        """The `Authorization` of a request. `target` is path and query exactly as they go over the wire."""
        timestamp, nonce = str(int(at.timestamp())), secrets.token_hex(16)
        signature = self.sign(method, target, timestamp, nonce, body.decode())
        return (
            f'{SCHEME} mchid="{self._account.mchid}",nonce_str="{nonce}",signature="{signature}",'
            f'timestamp="{timestamp}",serial_no="{self._account.serial_no}"'
        )

    def sign(self, *lines: str) -> str:
        """Base64 signature over the lines, each of them ended by a line feed."""
        signature: str = rsa_sign(self._key, "".join(f"{line}\n" for line in lines))
        return signature


class Verifier:
    """Recognises the channel."""

    def __init__(self, keys: PlatformKeys) -> None:
        self.key_id = keys.first
        self._keys = keys

    def verify(self, headers: Mapping[str, str], body: bytes, at: datetime) -> Stamp:
        """Accept the raw bytes as the channel's words of now. Raises: Unproven."""
        given = {name.lower(): value for name, value in headers.items()}
        timestamp = given.get("wechatpay-timestamp", "")
        nonce = given.get("wechatpay-nonce", "")
        signature = given.get("wechatpay-signature", "")
        if given.get("wechatpay-signature-type", SCHEME) != SCHEME:
            raise Unproven("an algorithm that we do not know")
        if signature.startswith(PROBE):
            raise Unproven("a probe with a wrong signature on purpose")
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
            raise Unproven("no timestamp")
        if abs(int(timestamp) - at.timestamp()) > AGE_MAX.total_seconds():
            raise Unproven("more than five minutes from now")
        key = self._keys.find(given.get("wechatpay-serial", ""))
        if key is None:
            raise Unproven("a key that we do not know")
        try:
            text = body.decode()  # the library signs text; for valid UTF-8 that is the same bytes
        except UnicodeDecodeError as broken:
            raise Unproven("not UTF-8") from broken
        if not rsa_verify(timestamp, nonce, text, signature, key):
            raise Unproven("a wrong signature")
        return Stamp(timestamp, nonce)
