"""Identity wired from the settings: what every process that lets callers in opens at its start."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg_pool import AsyncConnectionPool

from commands.ports import Clock
from infra.identity.api_keys import ApiKeys
from infra.identity.issuer_keys import IssuerKeys, fetch_from
from infra.identity.jwt import JwtReader
from infra.identity.register import Register
from infra.identity.service_tokens import ServiceTokens
from infra.identity.tickets import LiveTickets
from infra.identity.verifier import Verifier
from infra.settings import Settings

ROLE = "tuan_api"
TICKETS_MAX = 2  # connections
LOOKUPS_MAX = 4  # connections: an API key is read once, then remembered


@asynccontextmanager
async def open_register(settings: Settings) -> AsyncIterator[Register]:
    """Tenants and revocations, kept up to date until closed."""
    async with Register(settings.dsn(ROLE), time.monotonic) as register:
        yield register


@asynccontextmanager
async def open_verifier(
    settings: Settings, clock: Clock, register: Register
) -> AsyncIterator[Verifier]:
    """The `TokenVerifier` of this process."""
    keys = IssuerKeys(fetch_from(settings.jwks_url), time.monotonic)
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        settings.dsn(ROLE), min_size=0, max_size=LOOKUPS_MAX, open=False, name="identity"
    )
    async with pool:
        yield Verifier(
            jwts=JwtReader(
                settings.issuer,
                settings.token_audience,
                keys,
                clock,
                settings.token_leeway_seconds,
            ),
            services=ServiceTokens(settings.key("mac_key"), clock),
            keys=ApiKeys(settings.key("mac_key")),
            pool=pool,
            register=register,
            clock=clock,
        )


@asynccontextmanager
async def open_tickets(settings: Settings) -> AsyncIterator[LiveTickets]:
    """Where tickets for live feeds are kept."""
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        settings.dsn(ROLE), min_size=0, max_size=TICKETS_MAX, open=False, name="tickets"
    )
    async with pool:
        yield LiveTickets(pool, settings.key("mac_key"))
