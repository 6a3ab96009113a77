"""The engine alone, without HTTP: does size cost anything? Long streams, many holds, millions of events."""

import asyncio
import itertools
import secrets
import statistics
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import uvloop

from commands.engine.cache import Cache, Codec
from commands.engine.engine import Engine
from commands.engine.parts import Parts
from commands.engine.ports import Head
from commands.engine.writer import Writer
from commands.ports import Submission
from commands.registry import DECIDERS, USE_CASES
from infra.cell.keys import key_digest
from infra.cell.store import PostgresCellStore
from infra.clock import SystemClock
from infra.ids import minter
from infra.migrate import migrate
from tests.benchmarks.measure import Note
from tests.servers import new_postgres

AT_ONCE = 128
FILL = """
insert into cell_0.events
select g, 1, 'demo', 'order', gen_random_uuid(), 1, 'order.placed.v1', convert_to(repeat('x', 300), 'UTF8'),
       gen_random_uuid(), now(), decode(repeat('00', 32), 'hex')
from generate_series(%s::bigint, %s::bigint) g"""


class Cell:
    """An engine in this process; `do` asks it for one command."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self.engine = engine
        self.writer = writer
        self._mint = minter(SystemClock())
        self._keys = itertools.count()
        self._run = secrets.token_hex(4)

    async def do(self, name: str, principal: str = "bench", **body: Any) -> dict[str, Any]:
        command = msgspec.convert(body, USE_CASES[name].command)
        raw = msgspec.json.encode(command)
        mac = blake2b(raw, digest_size=32).digest()
        key = f"{self._run}-{next(self._keys)}"
        id = self._mint()
        answer = await self.engine.submit(
            Submission(id, "demo", principal, name, key, command, raw, mac, id)
        )
        reply: dict[str, Any] = msgspec.json.decode(answer.reply)
        assert answer.outcome == "accepted", reply
        return reply

    async def many(self, count: int, one: Callable[[], Awaitable[object]]) -> float:
        """Do it `count` times, `AT_ONCE` at once; returns how many a second."""
        left = iter(range(count))

        async def worker() -> None:
            for _ in left:
                await one()

        began = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        return count / (time.perf_counter() - began)

    async def latency_ms(self, one: Callable[[], Awaitable[object]], count: int) -> float:
        """Median of one after the other."""
        took = []
        for _ in range(count):
            began = time.perf_counter()
            await one()
            took.append(time.perf_counter() - began)
        return 1000 * statistics.median(took)


@asynccontextmanager
async def cell_of(dsn: str) -> AsyncIterator[Cell]:
    store = PostgresCellStore(dsn, "cell_0", USE_CASES, [Codec(one).shape for one in DECIDERS])
    writer = Writer(store, USE_CASES, DECIDERS, Cache(1 << 28), "bench")
    clock = SystemClock()
    parts = Parts(store, writer, USE_CASES, clock, minter(clock), key_digest, _nobody)
    engine = Engine("cell_0", "http://bench", parts)
    task = asyncio.create_task(engine.run())
    while engine.head is None:
        await asyncio.sleep(0.01)
    yield Cell(engine, writer)
    engine.stop()
    await task
    await store.close()


def _nobody(head: Head) -> None:
    """No relay listens."""


async def new_pool(cell: Cell, units: int = 10_000_000) -> tuple[str, str]:
    """A SKU and its pool."""
    sku = await cell.do(
        "register_sku", merchant="m", title="草莓", list_price_fen=1000, fulfilment="physical"
    )
    pool = await cell.do(
        "open_pool", sku_id=sku["sku_id"], kind="warehouse", location="hz", oversell_cap=0
    )
    await cell.do("receive_stock", pool_id=pool["pool_id"], quantity=units, reference="first")
    return sku["sku_id"], pool["pool_id"]


async def long_stream(cell: Cell, note: Note, events: int, samples: int) -> None:
    """One more receipt into a pool that has seen many, against one that has seen few."""
    pools = []
    for size in (events, 100):
        _, pool = await new_pool(cell)

        async def receive(pool: str = pool) -> None:
            await cell.do("receive_stock", pool_id=pool, quantity=1, reference="more")

        await cell.many(size, receive)
        pools.append(receive)
    long, short = await alternately(cell, pools[0], pools[1], samples)
    cold = []
    for one in pools:
        cell.writer.forget_everything()
        began = time.perf_counter()
        await one()
        cold.append(1000 * (time.perf_counter() - began))
    note(
        "long_stream", long / short, events=events, long_ms=long, short_ms=short,
        cold_long_ms=cold[0], cold_short_ms=cold[1],
    )  # fmt: skip


async def alternately(
    cell: Cell,
    one: Callable[[], Awaitable[object]],
    other: Callable[[], Awaitable[object]],
    samples: int,
) -> tuple[float, float]:
    """Medians of both, measured in turn so that a noisy moment meets both."""
    pairs = [
        (await cell.latency_ms(one, 20), await cell.latency_ms(other, 20)) for _ in range(samples)
    ]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


async def many_holds(cell: Cell, note: Note, holds: int, samples: int) -> None:
    """One more purchase from a pool with many open holds, against one with ten."""
    buyers = []
    for size in (holds, 10):
        sku, pool = await new_pool(cell)
        now = datetime.now(UTC)
        campaign = await cell.do(
            "launch_campaign",
            title="bench",
            sku_id=sku,
            source_pool=pool,
            terms={
                "type": "classic",
                "group_price": {"fen": 800},
                "single_price": {"fen": 900},
                "seats": 3,
                "hours": 24,
                "per_user_limit": 1_000_000,
                "allotment": 1_000_000,
                "starts_at": (now - timedelta(hours=1)).isoformat(),
                "ends_at": (now + timedelta(days=9)).isoformat(),
            },
        )

        async def buy(campaign_id: str = campaign["campaign_id"]) -> None:
            await cell.do("buy_alone", str(uuid.uuid4()), campaign_id=campaign_id, province="33")

        await cell.many(size, buy)
        buyers.append(buy)
    many, few = await alternately(cell, buyers[0], buyers[1], samples)
    note("many_holds", many / few, holds=holds, many_ms=many, few_ms=few)


async def append_rate(cell: Cell) -> float:
    """Receipts a second into a hundred pools."""
    pools = itertools.cycle([(await new_pool(cell))[1] for _ in range(100)])

    async def receive() -> None:
        await cell.do("receive_stock", pool_id=next(pools), quantity=1, reference="more")

    return await cell.many(20_000, receive)


def fill(dsn: str, events: int) -> None:
    """Bulk history behind the engine's back: size is what is measured, not truth."""
    with psycopg.connect(dsn, autocommit=True) as session:
        head = session.execute("select head_position from cell_0.owner").fetchone()
        first = head[0] + 1 if head else 1
        for start in range(first, first + events, 500_000):
            last = min(start + 499_999, first + events - 1)
            session.execute(FILL, (start, last))
        session.execute("update cell_0.owner set head_position = %s", (first + events - 1,))
        session.execute("vacuum analyze cell_0.events")
        session.execute(
            "checkpoint"
        )  # or writing out the bulk load would be measured as the cost of size


async def _measure(dsn: str, note: Note, quick: bool) -> None:
    async with cell_of(dsn) as cell:
        empty = await append_rate(cell)
        await long_stream(cell, note, 1_000 if quick else 100_000, 3 if quick else 25)
        await many_holds(cell, note, 1_000 if quick else 100_000, 3 if quick else 25)
    events = 100_000 if quick else 10_000_000
    fill(dsn, events)
    async with cell_of(dsn) as cell:
        full = await append_rate(cell)
    note("append_full_vs_empty", full / empty, events=events, empty=empty, full=full)


def measure(note: Note, *, quick: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="tuan-bench-") as directory:
        postgres = new_postgres(Path(directory))
        try:
            migrate(postgres.dsn())
            uvloop.run(_measure(postgres.dsn(), note, quick))
        finally:
            postgres.stop()
