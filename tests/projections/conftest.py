"""Given events, then rows: a projection in a transaction that is rolled back afterwards."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from infra.delivery.connect import Connection, connect
from infra.delivery.handlers import tags
from infra.delivery.replay import digest
from projections import PROJECTIONS
from projections.recorded import Projection, Recorded
from tests.delivery.history import Fact
from tests.servers import Database


class Model:
    """The fresh tables of every projection."""

    def __init__(self, tx: Connection) -> None:
        self.tx = tx

    async def given(self, projection: Projection, facts: Sequence[Fact], batch: int = 1000) -> None:
        """Apply what the projection listens to, `batch` events at a time."""
        wanted = tags(projection.interest)
        recorded = [
            Recorded(position, fact.event.at, "acme", fact.stream, fact.event)
            for position, fact in enumerate(facts, 1)
            if fact.event.__struct_config__.tag in wanted
        ]
        for start in range(0, len(recorded), batch):
            await projection.project(recorded[start : start + batch], self.tx)

    async def rows(self, query: Any, *values: Any) -> list[tuple[Any, ...]]:
        return await (await self.tx.execute(query, values)).fetchall()

    async def digest(self, projection: Projection) -> str:
        return await digest(self.tx, "read", projection.tables)


@pytest.fixture
async def model(database: Database) -> AsyncIterator[Model]:
    async with (
        await connect(database.dsn_as("tuan_projector"), "test") as conn,
        conn.transaction(force_rollback=True),
    ):
        for projection in PROJECTIONS:
            await conn.execute(projection.ddl)
        yield Model(conn)
