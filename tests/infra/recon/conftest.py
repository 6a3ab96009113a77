"""The world of reconciliation, in a transaction that is taken back."""

from collections.abc import AsyncIterator

import pytest

from infra.delivery.connect import connect
from infra.processes import reconciling
from projections import PROJECTIONS
from tests.infra.recon.world import World
from tests.servers import Database


@pytest.fixture
async def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(reconciling, "TENANTS", "select 'acme' where %s = 'cell_0'")
    async with (
        await connect(database.dsn_as("tuan_projector"), "test") as conn,
        conn.transaction(force_rollback=True),
    ):
        for projection in PROJECTIONS:
            await conn.execute(projection.ddl)
        yield World(conn)
