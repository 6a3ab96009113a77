"""Tokens of our own processes, acting for a tenant: signed with a key only they have, checked in microseconds.

`tuan_svc_<claims>.<mac>`. Whoever holds the platform's MAC key can mint one, so it never leaves the platform.
"""

import hmac
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

import msgspec

from commands.ports import Clock
from domain.identity import Principal, Unauthenticated
from infra.base64url import decoded, encoded
from infra.identity.credential import (
    Instant,
    Tenant,
    Word,
    credential,
    derived,
    instant,
    token_mark,
)

PREFIX: Final = "tuan_svc_"
LIFE: Final = timedelta(
    days=1
)  # of the one clock; long, because simulated days may pass in seconds
MAC_BYTES: Final = 32
MINTED_MAX: Final = 10_000  # tokens kept to be used again


class Claims(msgspec.Struct, frozen=True):
    tenant: Tenant
    sub: Word
    scopes: list[Word]
    exp: Instant


class ServiceTokens:
    """Mints and reads them."""

    def __init__(self, mac_key: bytes, clock: Clock) -> None:
        self._keyed = blake2b(key=derived(mac_key, b"service-token"), digest_size=MAC_BYTES)
        self._clock = clock
        self._minted: dict[tuple[str, str, tuple[str, ...]], tuple[datetime, str]] = {}

    def token(self, tenant: str, subject: str, *scopes: str) -> str:
        """A token for this service and tenant, good for at least half of `LIFE`."""
        now = self._clock.now()
        renew_at, token = self._minted.get((tenant, subject, scopes), (now, ""))
        if now >= renew_at:
            token = self.mint(tenant, subject, scopes, now + LIFE)
            if len(self._minted) >= MINTED_MAX:
                self._minted.clear()
            self._minted[tenant, subject, scopes] = (now + LIFE / 2, token)
        return token

    def mint(self, tenant: str, subject: str, scopes: tuple[str, ...], expires_at: datetime) -> str:
        claims = Claims(tenant, subject, list(scopes), int(expires_at.timestamp()))
        text = encoded(msgspec.json.encode(claims))
        return f"{PREFIX}{text}.{encoded(self._mac(text))}"

    def read(self, token: str) -> Principal:
        """Raises: Unauthenticated."""
        text, _, mac = token.removeprefix(PREFIX).partition(".")
        try:
            if not hmac.compare_digest(self._mac(text), decoded(mac)):
                raise Unauthenticated
            claims = msgspec.json.decode(decoded(text), type=Claims)
        except ValueError:
            raise Unauthenticated from None
        mark = token_mark(blake2b(token.encode(), digest_size=16).hexdigest())
        return credential(
            claims.tenant, claims.sub, claims.scopes, instant(claims.exp), mark=mark, platform=True
        )

    def _mac(self, text: str) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(text.encode())
        return keyed.digest()
