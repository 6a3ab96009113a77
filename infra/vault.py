"""Personal fields, sealed with a key of the person's own. Deleting that key erases all of them, everywhere.

AES-256-GCM; each subject's key lies in `vault.subject_keys`, wrapped by the platform's key (RFC 3394). What
is sealed says whose it is and with which key, so that a forgotten person is told apart from a forgery.
"""

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from psycopg import AsyncConnection, InterfaceError, OperationalError
from psycopg_pool import AsyncConnectionPool

from commands.ports import Erased, Overloaded
from infra.base64url import decoded, encoded

VERSION: Final = "v1"
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
CACHE_MAX: Final = 50_000  # subjects, about 300 bytes each
TRY_LATER_SECONDS: Final = 1  # when the database is away
CACHE_SECONDS: Final = 5.0  # how long another process may still read what was erased elsewhere

FIND: Final = "SELECT wrapped FROM vault.subject_keys WHERE tenant = %s AND subject = %s"
KEEP: Final = (
    "INSERT INTO vault.subject_keys (tenant, subject, wrapped) VALUES (%s, %s, %s)"
    " ON CONFLICT DO NOTHING"
)
FORGET: Final = "DELETE FROM vault.subject_keys WHERE tenant = %s AND subject = %s"


class NotSealed(ValueError):
    """This text was not sealed by us, or was changed since."""


class Key(NamedTuple):
    """A subject's key, opened. `print` tells it from a later key of the same subject."""

    cipher: AESGCM
    print: str


class SubjectVault:
    """`commands.ports.Vault`. The pool's role is tuan_vault; `master` is the platform's key.

    Everything raises Overloaded while the database is away and the key is not remembered.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        master: bytes,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._master = master
        self._monotonic = monotonic
        self._cache: dict[tuple[str, str], tuple[float, Key]] = {}  # (until, key)

    async def seal(self, tenant: str, subject: str, plaintext: str) -> str:
        """Different every time, even for the same text."""
        key = await self._find(tenant, subject) or await self._make(tenant, subject)
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + key.cipher.encrypt(nonce, plaintext.encode(), whose(tenant, subject))
        return ".".join((VERSION, key.print, encoded(subject.encode()), encoded(sealed)))

    async def unseal(self, tenant: str, sealed: str) -> str:
        """Raises: Erased when the subject's key is gone, NotSealed when it is not ours."""
        fingerprint, subject, secret = opened(sealed)
        key = await self._find(tenant, subject)
        if key is None or key.print != fingerprint:
            raise Erased
        nonce, ciphertext = secret[:NONCE_BYTES], secret[NONCE_BYTES:]
        try:
            return key.cipher.decrypt(nonce, ciphertext, whose(tenant, subject)).decode()
        except InvalidTag:
            raise NotSealed from None

    async def erase(self, tenant: str, subject: str) -> bool:
        """Forget a person: nothing sealed before can be read again. False when nothing was."""
        async with self._connection() as connection:
            done = await connection.execute(FORGET, (tenant, subject))
        self._cache.pop((tenant, subject), None)
        return bool(done.rowcount)

    async def _find(self, tenant: str, subject: str) -> Key | None:
        until, key = self._cache.get((tenant, subject), (0.0, None))
        if key is not None and self._monotonic() < until:
            return key
        async with self._connection() as connection:
            row = await (await connection.execute(FIND, (tenant, subject))).fetchone()
        if row is None:
            self._cache.pop((tenant, subject), None)
            return None
        return self._remember(tenant, subject, aes_key_unwrap(self._master, row[0]))

    async def _make(self, tenant: str, subject: str) -> Key:
        """Two processes that seal for a new subject at once end up with the same key."""
        wrapped = aes_key_wrap(self._master, os.urandom(KEY_BYTES))
        async with self._connection() as connection:
            await connection.execute(KEEP, (tenant, subject, wrapped))
        key = await self._find(tenant, subject)
        if key is None:  # erased in this very moment
            raise Erased
        return key

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (OperationalError, InterfaceError, OSError) as away:  # the pool's timeout is one too
            raise Overloaded(TRY_LATER_SECONDS) from away

    def _remember(self, tenant: str, subject: str, raw: bytes) -> Key:
        key = Key(AESGCM(raw), blake2b(raw, digest_size=6, person=b"subject-key").hexdigest())
        self._cache.pop((tenant, subject), None)
        self._cache[tenant, subject] = (self._monotonic() + CACHE_SECONDS, key)
        if len(self._cache) > CACHE_MAX:
            del self._cache[next(iter(self._cache))]  # the one read longest ago
        return key


def whose(tenant: str, subject: str) -> bytes:
    """Bound into the seal: moved to another subject or tenant, it does not open."""
    return f"{tenant}\0{subject}".encode()


def opened(sealed: str) -> tuple[str, str, bytes]:
    """Key print, subject and ciphertext. Raises: NotSealed."""
    try:
        version, fingerprint, subject, secret = sealed.split(".")
        if version != VERSION:
            raise NotSealed
        return fingerprint, decoded(subject).decode(), decoded(secret)
    except ValueError:
        raise NotSealed from None
