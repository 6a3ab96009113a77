"""Machines' keys: `tuan_live_<id>_<secret><checksum>`, shown once, stored as a keyed digest only.

The prefix and the checksum let secret scanners recognise a leaked key without asking us. Two live keys of
one principal are fine: that is how a key is changed without an outage.
"""

import hmac
import re
import secrets
import string
import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from psycopg import AsyncConnection

from domain.identity import SCOPES, Principal, Unauthenticated
from infra.identity.credential import TENANT, WORD, credential, derived, key_mark

ALPHABET: Final = string.digits + string.ascii_letters
PREFIX: Final = "tuan_live_"
ID_LENGTH: Final = 12
SECRET_LENGTH: Final = 43  # of 62 letters: 256 bits
CHECKSUM_LENGTH: Final = 6
KEY: Final = re.compile(r"tuan_live_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})")


class ApiKey(NamedTuple):
    """A well-formed key; whether it is good stands in the table."""

    id: str
    secret: str


class IssuedKey(NamedTuple):
    """`text` is the whole key, to be shown once."""

    id: str
    text: str


class BadKeyRequest(Exception):
    """A key cannot be issued as asked; the message says why."""


def parse(text: str) -> ApiKey | None:
    """None for anything mistyped: the checksum is wrong."""
    matched = KEY.fullmatch(text)
    if matched is None or matched[3] != checksum(matched[1], matched[2]):
        return None
    return ApiKey(matched[1], matched[2])


def checksum(key_id: str, secret: str) -> str:
    number = zlib.crc32(f"{PREFIX}{key_id}_{secret}".encode())
    digits = ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def word(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


class ApiKeys:
    """Issues, revokes and reads keys. `mac_key` is the platform's."""

    def __init__(self, mac_key: bytes) -> None:
        self._pepper = derived(mac_key, b"api-key")

    async def issue(
        self,
        connection: AsyncConnection[Any],
        *,
        tenant: str,
        principal: str,
        scopes: Sequence[str],
        expires_at: datetime,
    ) -> IssuedKey:
        """Store a new key. Raises: BadKeyRequest."""
        unknown = sorted(set(scopes) - SCOPES.keys())
        if unknown or not scopes:
            raise BadKeyRequest(
                f"no such scope: {', '.join(unknown)}" if unknown else "no scope given"
            )
        if not re.search(TENANT, tenant) or not re.search(WORD, principal):
            raise BadKeyRequest("tenant or principal has characters that tokens may not carry")
        key = ApiKey(word(ID_LENGTH), word(SECRET_LENGTH))
        done = await connection.execute(
            "INSERT INTO platform.api_keys (key_id, tenant, principal, secret_mac, scopes, expires_at)"
            " SELECT %s, tenant, %s, %s, %s, %s FROM platform.tenants WHERE tenant = %s",
            (key.id, principal, self.mac(key), sorted(set(scopes)), expires_at, tenant),
        )
        if done.rowcount != 1:
            raise BadKeyRequest(f"no such tenant: {tenant}")
        return IssuedKey(key.id, f"{PREFIX}{key.id}_{key.secret}{checksum(*key)}")

    async def revoke(self, connection: AsyncConnection[Any], key_id: str) -> bool:
        """From at most a second later on, nobody comes in with it. False when there is no such live key."""
        done = await connection.execute(
            "UPDATE platform.api_keys SET revoked_at = clock_timestamp()"
            " WHERE key_id = %s AND revoked_at IS NULL",
            (key_id,),
        )
        return done.rowcount == 1

    async def read(self, connection: AsyncConnection[Any], key: ApiKey) -> Principal:
        """Raises: Unauthenticated."""
        found = await connection.execute(
            "SELECT tenant, principal, secret_mac, scopes, expires_at FROM platform.api_keys"
            " WHERE key_id = %s AND revoked_at IS NULL",
            (key.id,),
        )
        row = await found.fetchone()
        if row is None or not hmac.compare_digest(row[2], self.mac(key)):
            raise Unauthenticated
        tenant, principal, _, scopes, expires_at = row
        return credential(tenant, principal, scopes, expires_at, mark=key_mark(key.id))

    def mac(self, key: ApiKey) -> bytes:
        return hmac.digest(self._pepper, key.secret.encode(), "sha256")
