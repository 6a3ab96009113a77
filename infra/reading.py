"""The read API's own way of reading, for the command line: one tenant's snapshot, behind the same wall."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from psycopg import AsyncConnection

from domain.identity import Principal
from infra.settings import Settings
from read_api.snapshot import Reading, Snapshot, configure

ROLE = "tuan_reader"


@asynccontextmanager
async def snapshot_of(settings: Settings, reading: Reading, tenant: str) -> AsyncIterator[Snapshot]:
    """One instant of the tenant's read models, until the end of the block."""
    principal = Principal(tenant, "tuan", reading.needs, datetime.max.replace(tzinfo=UTC))
    async with await AsyncConnection.connect(settings.dsn(ROLE)) as conn:
        await configure(conn)
        async with conn.transaction():
            token = await reading.enter(conn, tenant, settings.cell)
            yield Snapshot(conn, principal, token)
