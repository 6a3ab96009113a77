"""The way in: any kind of token to a principal, remembered until it expires or is revoked.

Verifying a signature on each request would cost a third of the write path, so a token is verified once and
then known by its digest. Expiry and revocation are looked at every time.
"""

import asyncio
from hashlib import blake2b
from typing import Any, Final

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from commands.ports import Clock
from domain.identity import IdentityUnavailable, Principal, Unauthenticated
from infra.identity import api_keys, service_tokens
from infra.identity.api_keys import ApiKeys
from infra.identity.jwt import JwtReader
from infra.identity.register import Register
from infra.identity.service_tokens import ServiceTokens

TOKEN_MAX: Final = 4096  # characters; honest ones are below 1,000
KNOWN_MAX: Final = 200_000  # tokens remembered, about 200 bytes each
LOOKUP_TIMEOUT_SECONDS: Final = 2.0


class Verifier:
    """`domain.identity.TokenVerifier`."""

    def __init__(
        self,
        *,
        jwts: JwtReader,
        services: ServiceTokens,
        keys: ApiKeys,
        pool: AsyncConnectionPool[Any],
        register: Register,
        clock: Clock,
    ) -> None:
        self._jwts = jwts
        self._services = services
        self._keys = keys
        self._pool = pool
        self._register = register
        self._clock = clock
        self._known: dict[bytes, Principal] = {}

    async def verify(self, token: str) -> Principal:
        """Raises: Unauthenticated, IdentityUnavailable."""
        digest = blake2b(token.encode(errors="replace"), digest_size=16).digest()
        known = self._known.get(digest)
        if known is None:
            known = await self._read(token)
            self._remember(digest, known)
        if not self.still_valid(known):
            self._known.pop(digest, None)
            raise Unauthenticated
        return known

    def still_valid(self, principal: Principal) -> bool:
        """False once it has expired or was revoked. Raises: IdentityUnavailable."""
        return not (
            self._register.revoked(principal.marks) or self._clock.now() >= principal.expires_at
        )

    def _remember(self, digest: bytes, principal: Principal) -> None:
        self._known[digest] = principal
        if len(self._known) > KNOWN_MAX:
            del self._known[next(iter(self._known))]

    async def _read(self, token: str) -> Principal:
        if len(token) > TOKEN_MAX or not token.isascii():
            raise Unauthenticated
        if token.startswith(service_tokens.PREFIX):
            principal = self._services.read(token)
        elif token.startswith(api_keys.PREFIX):
            principal = await self._look_up(token)
        else:
            principal = await self._jwts.read(token)
        if await self._register.cell_of(principal.tenant) is None:
            raise Unauthenticated
        return principal

    async def _look_up(self, token: str) -> Principal:
        key = api_keys.parse(token)
        if key is None:
            raise Unauthenticated
        try:
            async with (
                asyncio.timeout(LOOKUP_TIMEOUT_SECONDS),
                self._pool.connection() as connection,
            ):
                return await self._keys.read(connection, key)
        except (psycopg.Error, PoolTimeout, TimeoutError, OSError) as error:
            raise IdentityUnavailable(str(error)) from error
