"""An engine on a real Postgres, in this process, with the toy trade."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool
from uuid_utils.compat import uuid7

from commands.engine.cache import Cache, Codec
from commands.engine.engine import Engine
from commands.engine.parts import Limits, Parts
from commands.engine.ports import Head
from commands.engine.writer import Writer
from commands.ports import Answer, Clock, Submission
from commands.use_case import Command, UseCase
from domain.decider import Decider
from domain.errors import Rejected
from infra.cell.inbox import WAITING_MAX, PostgresInbox
from infra.cell.keys import key_digest
from infra.cell.store import PostgresCellStore
from tests.engine.toy import COUNTER, TOY
from tests.waiting import eventually_async

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
numbers = itertools.count(1)


class HandClock:
    """A clock that moves when told to."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


def submission(
    name: str,
    command: Command,
    key: str | None = None,
    *,
    tenant: str = "demo",
    principal: str = "ann",
) -> Submission:
    """A command as the API hands it in."""
    body = msgspec.json.encode(command)
    return Submission(
        command_id=uuid7(),
        tenant=tenant,
        principal=principal,
        name=name,
        idempotency_key=key or f"key-{next(numbers)}",
        command=command,
        body=body,
        body_mac=blake2b(body, digest_size=16).digest(),
        correlation_id=uuid7(),
    )


@asynccontextmanager
async def an_inbox(
    dsn: str, waiting_max: int = WAITING_MAX, monotonic: Callable[[], float] = time.monotonic
) -> AsyncIterator[PostgresInbox]:
    """The cell's inbox as an API process sees it."""
    async with AsyncConnectionPool(
        make_conninfo(dsn, options="-c role=tuan_api"), min_size=0, max_size=4, open=False
    ) as pool:
        yield PostgresInbox(pool, "cell_0", waiting_max=waiting_max, monotonic=monotonic)


class Running:
    """A started engine and short ways to talk to it."""

    def __init__(
        self,
        engine: Engine,
        store: PostgresCellStore,
        cache: Cache,
        dsn: str,
        use_cases: Mapping[str, UseCase],
    ) -> None:
        self.engine = engine
        self.names = {use_case.command: name for name, use_case in use_cases.items()}
        self.store = store
        self.cache = cache
        self.dsn = dsn

    async def ask(
        self,
        command: Command,
        key: str | None = None,
        *,
        tenant: str = "demo",
        principal: str = "ann",
        command_id: UUID | None = None,
    ) -> Answer:
        """Submit as ann of demo; without `key` under a key of its own."""
        name = self.names[type(command)]
        asked = submission(name, command, key, tenant=tenant, principal=principal)
        return await self.engine.submit(asked._replace(command_id=command_id or asked.command_id))

    async def refuses(self, why: type[Rejected], command: Command) -> None:
        """The command is recorded with this refusal."""
        assert (await self.ask(command)).outcome == why.code

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as session:
            session.execute("set search_path to cell_0")
            return session.execute(query.encode(), values).fetchall()

    def one(self, query: str, *values: object) -> Any:
        return self.rows(query, *values)[0][0]


@asynccontextmanager
async def running(
    dsn: str,
    *,
    clock: Clock | None = None,
    limits: Limits | None = None,
    cache_bytes: int = 1 << 26,
    use_cases: Mapping[str, UseCase] = TOY,
    deciders: Sequence[Decider[Any, Any]] = (COUNTER,),
    reached: Callable[[str], None] = lambda point: None,
    address: str = "http://here",
    wait_for_ownership: bool = True,
) -> AsyncIterator[Running]:
    """An engine that owns the cell; it stops and gives the cell up at the end."""
    shapes = [Codec(decider).shape for decider in deciders]
    store = PostgresCellStore(dsn, "cell_0", dict(use_cases), shapes)
    cache = Cache(cache_bytes)
    writer = Writer(store, use_cases, deciders, cache, "test")
    parts = Parts(
        store=store,
        writer=writer,
        use_cases=use_cases,
        clock=clock or HandClock(),
        new_id=uuid7,
        key_digest=key_digest,
        committed=_nobody,
        reached=reached,
        limits=limits or Limits(),
    )
    engine = Engine("cell_0", address, parts)
    task = asyncio.create_task(engine.run())
    try:
        if wait_for_ownership:
            await eventually_async(lambda: _owns(engine, task))
        yield Running(engine, store, cache, dsn, use_cases)
    finally:
        engine.stop()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, 30)
        await store.close()


def _nobody(head: Head) -> None:
    """No relay listens."""


async def _owns(engine: Engine, task: "asyncio.Task[None]") -> bool:
    if task.done():
        task.result()
    return engine.head is not None
