"""What is long or large costs what is short and small: counted in events read and bytes kept, not in time."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest

from commands.engine import writer
from commands.engine.ports import Answered, StoredStream
from commands.engine.writer import SNAPSHOT_EVERY
from commands.use_case import Command
from domain.ids import PoolId
from infra.cell import store
from tests.engine.books import rows
from tests.engine.heavy import DECIDERS, HEAVY, Burst, Hold
from tests.engine.running import Running, running
from tests.engine.toy import Bump
from tests.servers import Database
from tests.waiting import eventually

LONG = 100_000
AT_ONCE = 1000
NUMBER_BYTES = 40  # a larger counter may need so much more


class Reading:
    """Counts what the engine reads."""

    def __init__(self, cell: Running) -> None:
        self._prefetch = cell.store.prefetch
        self.streams = 0
        self.events = 0
        self.snapshot_bytes = 0

    async def __call__(
        self, keys: Sequence[UUID], streams: Sequence[UUID]
    ) -> tuple[dict[UUID, Answered], list[StoredStream]]:
        known, stored = await self._prefetch(keys, streams)
        self.streams += len(streams)
        self.events += sum(len(stream.events) for stream in stored)
        self.snapshot_bytes += sum(len(stream.snapshot or b"") for stream in stored)
        return known, stored


@asynccontextmanager
async def watched(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Running, Reading]]:
    async with running(database.dsn, use_cases=HEAVY, deciders=DECIDERS) as cell:
        reading = Reading(cell)
        monkeypatch.setattr(cell.store, "prefetch", reading)
        yield cell, reading


def bytes_kept(cell: Running, id: UUID) -> int:
    cell.cache.weigh(id)
    entry = cell.cache.get(id)
    assert entry is not None
    return entry.bytes


@pytest.mark.parametrize("kind", ["counter", "stock pool"])
async def test_a_hundred_thousand_events_cost_what_ten_cost(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    long, short = uuid4(), uuid4()

    def some(id: UUID, count: int) -> Command:
        return Burst(id, count) if kind == "counter" else Hold(PoolId(id), count)

    async with watched(fresh_database, monkeypatch) as (cell, _):
        for _ in range(LONG // AT_ONCE):
            told = await cell.ask(some(long, AT_ONCE))
            assert told.outcome == "accepted"
        await cell.ask(some(short, 10))
    async with watched(fresh_database, monkeypatch) as (cell, reading):
        cold = await cell.ask(some(long, 1))
        assert cold.reply == b'{"total":%d}' % (LONG + 1)
        assert reading.events < SNAPSHOT_EVERY + AT_ONCE
        assert reading.snapshot_bytes < 1000
        await cell.ask(some(short, 1))
        assert bytes_kept(cell, long) <= bytes_kept(cell, short) + NUMBER_BYTES
        reading.streams = reading.events = 0
        assert (await cell.ask(some(long, 1))).outcome == "accepted"
        assert (reading.streams, reading.events) == (0, 0)
        assert cell.one("select count(*) from events where stream_id = %s", long) >= LONG + 2


async def test_many_long_streams_get_their_snapshots_too(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them grow in one batch than a commit may write snapshots of."""
    counters = [uuid4() for _ in range(30)]
    async with watched(fresh_database, monkeypatch) as (cell, _):
        for _ in range(10):
            first, *also = counters
            for _ in range(10):
                await cell.ask(Bump(first, also=tuple(also)))
            for counter in counters:
                await cell.ask(Burst(counter, 90))
    async with watched(fresh_database, monkeypatch) as (cell, reading):
        await cell.ask(Bump(first, also=tuple(also)))
        assert reading.streams == len(counters)
        assert reading.events < len(counters) * (SNAPSHOT_EVERY + 100)


async def test_reading_long_streams_without_snapshots_is_not_taken_for_death(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a change of state no snapshot fits: reading takes long, and must not look like silence."""
    counters = [uuid4() for _ in range(4)]
    async with watched(fresh_database, monkeypatch) as (cell, _):
        for counter in counters:
            for _ in range(4):
                await cell.ask(Burst(counter, AT_ONCE))
        await cell.ask(Burst(counters[0], 1))
    rows(fresh_database.dsn, "delete from cell_0.snapshots")
    monkeypatch.setattr(store, "PIECE", 1000)
    monkeypatch.setattr(store, "PIECE_OF_STREAM", 250)
    monkeypatch.setattr(writer, "FOLD_EVENTS", 3000)
    beats = 0
    async with watched(fresh_database, monkeypatch) as (cell, reading):
        beat = cell.store.heartbeat

        async def counted() -> None:
            nonlocal beats
            beats += 1
            await beat()

        monkeypatch.setattr(cell.store, "heartbeat", counted)
        first, *also = counters
        told = await cell.ask(Bump(first, also=tuple(also)))
        assert told.reply == b'{"total":4002}'
        assert reading.events == 4 * 4 * AT_ONCE + 1
        assert beats >= reading.events // 1000
        assert cell.one("select count(*) from snapshots") == len(counters)


def reads(database: Database) -> tuple[int, int]:
    """How often keys were looked up in the tables that grow, and how many rows were read without any key."""
    (found,) = rows(
        database.dsn,
        "select sum(idx_scan)::int, sum(seq_tup_read)::int from pg_stat_user_tables "
        "where schemaname = 'cell_0' and relname ~ '^(events|commands|idempotency|timers)'",
    )
    return found[0], found[1]


async def test_plans_made_while_tables_were_small_do_not_read_them_whole_later(
    fresh_database: Database,
) -> None:
    counters = [uuid4() for _ in range(50)]
    async with running(fresh_database.dsn) as cell:
        for counter in counters:
            await cell.ask(Bump(counter), f"first {counter}")
    rows(fresh_database.dsn, "analyze")
    looked_up, before = reads(fresh_database)
    async with running(fresh_database.dsn) as cell:
        for counter in counters:
            await cell.ask(Bump(counter))
            assert (await cell.ask(Bump(counter), f"first {counter}")).replayed
    # What a session did is counted when it ends.
    eventually(lambda: reads(fresh_database)[0] > looked_up + 4 * len(counters), 15)
    assert reads(fresh_database)[1] == before
