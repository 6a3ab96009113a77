"""The engine, and the way to other engines, wired from the settings."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from commands.engine.cache import Cache, Codec
from commands.engine.engine import Engine
from commands.engine.parts import Limits, Parts
from commands.engine.ports import Head
from commands.engine.writer import Writer
from commands.ports import Clock
from commands.registry import DECIDERS
from commands.use_case import UseCase
from infra.cell.keys import key_digest
from infra.cell.store import PostgresCellStore
from infra.crash import POINTS, reached_from
from infra.forwarding import Owners
from infra.identity.register import Register
from infra.settings import Settings

LOOKUPS_MAX = 8  # connections: owners, stored commands and their answers


@asynccontextmanager
async def open_engine(
    settings: Settings,
    use_cases: Mapping[str, UseCase],
    clock: Clock,
    new_id: Callable[[], UUID],
    committed: Callable[[Head], None],
) -> AsyncIterator[Engine]:
    """An engine that owns the cell whenever no other does. On leaving, what is queued is finished first."""
    shapes = [Codec(decider).shape for decider in DECIDERS]
    store = PostgresCellStore(settings.dsn(), settings.cell, use_cases, shapes)
    cache = Cache(settings.cache_bytes_max)
    parts = Parts(
        store=store,
        writer=Writer(store, use_cases, DECIDERS, cache, settings.code_rev),
        use_cases=use_cases,
        clock=clock,
        new_id=new_id,
        key_digest=key_digest,
        committed=committed,
        reached=reached_from(os.environ, POINTS["engine"]),
        limits=Limits(
            batch_commands=settings.batch_commands_max,
            queue_commands=settings.queue_commands_max,
        ),
    )
    engine = Engine(settings.cell, settings.engine_url, parts)
    running = asyncio.create_task(engine.run())
    try:
        yield engine
    finally:
        engine.stop()
        await running
        await store.close()


@asynccontextmanager
async def open_owners(
    settings: Settings, register: Register
) -> AsyncIterator[tuple[AsyncConnectionPool[Any], Owners]]:
    """Who owns which cell, and the pool (role tuan_api) it is looked up with."""
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        settings.dsn("tuan_api"),
        min_size=0,
        max_size=LOOKUPS_MAX,
        open=False,
        name="owners",
        kwargs={"autocommit": True},
    )
    async with pool:
        yield pool, Owners(pool, register, time.monotonic)
