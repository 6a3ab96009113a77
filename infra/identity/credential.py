"""What a genuine token turned out to say, and the shape its words must have before anyone looks further."""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Final

import msgspec

from domain.identity import Principal

TENANT: Final = r"\A[a-z0-9-]{1,40}\Z"
WORD: Final = r"\A[!-~]{1,128}\Z"  # visible ASCII: safe in any table, header, log line and subject
INSTANT_MAX: Final = 253_402_300_799  # seconds; the last one that `datetime` can hold

Tenant = Annotated[str, msgspec.Meta(pattern=TENANT)]
Word = Annotated[str, msgspec.Meta(pattern=WORD)]
Instant = Annotated[int, msgspec.Meta(ge=0, le=INSTANT_MAX)]  # seconds since 1970


def subject_mark(tenant: str, subject: str) -> str:
    """Revoking this locks a subject out, whatever token it shows."""
    return f"sub:{tenant}:{subject}"


def key_mark(key_id: str) -> str:
    return f"key:{key_id}"


def token_mark(token_id: str) -> str:
    return f"jti:{token_id}"


def credential(
    tenant: str,
    subject: str,
    scopes: Iterable[str],
    expires_at: datetime,
    *,
    mark: str,
    platform: bool = False,
) -> Principal:
    """The caller that a genuine token names; `mark` is the name under which the token itself can be revoked."""
    marks = (mark, subject_mark(tenant, subject))
    return Principal(tenant, subject, frozenset(scopes), expires_at, platform, marks)


def instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def derived(key: bytes, purpose: bytes) -> bytes:
    """An independent 32-byte key for one purpose (at most 16 bytes), so that no key serves two."""
    return blake2b(key=key, person=purpose, digest_size=32).digest()
