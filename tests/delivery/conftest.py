"""A cell's log, a NATS of the test's own, and relays and consumers running between them."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from typing import Any

import pytest

from infra.delivery.connect import connect
from infra.delivery.consumer import Consumer
from infra.delivery.handlers import Handler, projecting
from infra.delivery.jetstream import Limits
from infra.delivery.relay import Relay
from infra.delivery.replay import digest, empty_tables, make_tables, replay
from infra.embedded.nats import Nats
from infra.wanted import end
from projections import PROJECTIONS
from tests.delivery.history import History
from tests.servers import Database, new_nats
from tests.waiting import eventually_async

CELL = "cell_0"
HANDLERS = [projecting(projection) for projection in PROJECTIONS]
NAMES = [projection.name for projection in PROJECTIONS]


@pytest.fixture
def own_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    """To be killed and wiped at will."""
    server = new_nats(tmp_path_factory.mktemp("nats"))
    yield server
    if server.child.alive:
        server.stop()


@pytest.fixture
def history(fresh_database: Database) -> Iterator[History]:
    log = History(fresh_database.dsn)
    yield log
    log.conn.close()


class Pipe:
    """The delivery of one cell: what runs, and how to see that it has arrived."""

    def __init__(self, database: Database, nats: Nats, history: History) -> None:
        self.dsn = database.dsn_as("tuan_projector")
        self.nats = nats
        self.history = history
        self.running: list[asyncio.Task[Any]] = []

    async def make_tables(self) -> None:
        async with await connect(self.dsn, "test") as conn:
            for projection in PROJECTIONS:
                await make_tables(conn, projection.tables, projection.ddl)

    def run(self, service: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(service)
        self.running.append(task)
        return task

    async def relay(self, limits: Limits | None = None) -> Relay:
        """One that has agreed with JetStream already."""
        relay = Relay(CELL, self.dsn, [self.nats.url], limits)
        self.run(relay.run())

        async def ready() -> bool:
            return relay.ready

        await eventually_async(ready)
        return relay

    def consumer(self, handlers: Sequence[Handler] = HANDLERS, name: str = "projector") -> Consumer:
        consumer = Consumer(name, handlers, cell=CELL, dsn=self.dsn, nats_servers=[self.nats.url])
        self.run(consumer.run())
        return consumer

    async def stop(self, task: asyncio.Task[Any]) -> None:
        self.running.remove(task)
        await end(task)

    def positions(self) -> dict[str, int]:
        return dict(self.history.rows("select handler, position from read.checkpoints"))

    def halted(self) -> dict[str, str]:
        """Who stands still, and why."""
        query = "select handler, halted from read.checkpoints where halted is not null"
        return dict(self.history.rows(query))

    async def arrived(self, names: Sequence[str] = NAMES, seconds: float = 60) -> None:
        """Return when every one of these read models has the whole log."""

        async def there() -> bool:
            for task in self.running:
                assert not task.done(), task.result()
            head, positions = self.history.head, self.positions()
            return all(positions.get(name) == head for name in names)

        await eventually_async(there, seconds)

    async def equals_replay(self) -> bool:
        """Do the read models hold what a replay of the log makes?"""
        async with await connect(self.dsn, "test") as conn:
            for projection in PROJECTIONS:
                await empty_tables(conn, projection)
                await replay(conn, projection, CELL)
                live = await digest(conn, "read", projection.tables)
                if live != await digest(conn, "rebuild", projection.tables):
                    return False
        return True

    def alarms(self) -> list[str]:
        return [
            row[0] for row in self.history.rows("select kind from read.alarms order by alarm_id")
        ]


@pytest.fixture
async def pipe(fresh_database: Database, own_nats: Nats, history: History) -> AsyncIterator[Pipe]:
    pipe = Pipe(fresh_database, own_nats, history)
    await pipe.make_tables()
    yield pipe
    for task in list(pipe.running):
        await pipe.stop(task)
