"""Who waits for whom when more is asked than can be done: counted in batches, not in milliseconds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from commands.engine.parts import Limits
from commands.ports import Answer, Overloaded
from tests.engine.heavy import DECIDERS, HEAVY, Alarms, Refund
from tests.engine.house import in_thread
from tests.engine.running import HandClock, Running, an_inbox, running, submission
from tests.engine.toy import Bump
from tests.servers import Database
from tests.waiting import eventually_async

BATCH = 40
SOON = 3  # batches: one is being committed, one may be under way, the next has it


class Batches:
    """Counts batches as the engine answers them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, point: str) -> None:
        self.count += point == "answered"

    async def of(self, asked: Awaitable[Answer]) -> int:
        """How many batches pass until this is answered."""
        before = self.count
        assert (await asked).outcome == "accepted"
        return self.count - before


@asynccontextmanager
async def small_batches(
    database: Database, clock: HandClock | None = None
) -> AsyncIterator[tuple[Running, Batches]]:
    batches = Batches()
    async with running(
        database.dsn,
        clock=clock,
        reached=batches,
        limits=Limits(batch_commands=BATCH, timers_per_batch=BATCH),
        use_cases=HEAVY,
        deciders=DECIDERS,
    ) as cell:
        yield cell, batches


def flood(cell: Running, count: int, tenant: str = "loud") -> list["asyncio.Task[Answer]"]:
    counter = uuid4()
    return [
        asyncio.create_task(cell.ask(Bump(counter), f"{counter} {n}", tenant=tenant))
        for n in range(count)
    ]


async def test_one_tenants_flood_delays_only_itself(fresh_database: Database) -> None:
    async with small_batches(fresh_database) as (cell, batches):
        loud = flood(cell, 2000)
        await asyncio.sleep(0)
        waits = [await batches.of(cell.ask(Bump(uuid4()), tenant="quiet")) for _ in range(10)]
        assert max(waits) <= SOON
        assert not loud[-1].done()
        await asyncio.gather(*loud)


async def test_of_many_tenants_each_gets_its_turn(fresh_database: Database) -> None:
    """More tenants than places in a batch, each with a line of its own."""
    async with small_batches(fresh_database) as (cell, batches):
        tenants = [f"tenant-{n}" for n in range(5 * BATCH)]
        lines = [flood(cell, 5, tenant) for tenant in tenants]
        waits = await asyncio.gather(*(batches.of(line[0]) for line in lines))
        assert max(waits) <= len(tenants) // BATCH + SOON
        await asyncio.gather(*(asked for line in lines for asked in line))


async def test_a_flood_leaves_places_for_others(fresh_database: Database) -> None:
    async with small_batches(fresh_database) as (cell, _):
        loud = flood(cell, 6000)
        await asyncio.sleep(0)
        quiet = [cell.ask(Bump(uuid4()), tenant=f"quiet-{n}") for n in range(20)]
        assert {answer.outcome for answer in await asyncio.gather(*quiet)} == {"accepted"}
        told = await asyncio.gather(*loud, return_exceptions=True)
        refused = [answer for answer in told if isinstance(answer, BaseException)]
        assert refused
        assert {type(why) for why in refused} == {Overloaded}


async def test_money_and_timers_go_before_new_orders(fresh_database: Database) -> None:
    clock = HandClock()
    async with small_batches(fresh_database, clock) as (cell, batches):
        await cell.ask(Alarms(10, late_seconds=60))
        orders = flood(cell, 2000, "demo")
        await asyncio.sleep(0)
        assert await batches.of(cell.ask(Refund(uuid4()))) <= SOON
        clock.forward(seconds=61)
        before = batches.count
        rang = "select count(*) from commands where name = 'ring' and outcome = 'accepted'"

        async def all_rang() -> bool:
            return bool(cell.one(rang) == 10)

        await eventually_async(all_rang)
        assert not orders[-1].done()
        seqs = cell.rows("select seq from commands where name = 'ring'")
        assert max(seq for (seq,) in seqs) <= (before + SOON + 1) * 2 * BATCH
        await asyncio.gather(*orders)


async def test_a_full_queue_has_room_for_money(fresh_database: Database) -> None:
    async with small_batches(fresh_database) as (cell, _):
        orders = [flood(cell, 1000, f"tenant-{n}") for n in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await cell.ask(Bump(uuid4()), tenant="tenant-0")
        refunds = [cell.ask(Refund(uuid4()), tenant="tenant-0") for _ in range(50)]
        assert {told.outcome for told in await asyncio.gather(*refunds)} == {"accepted"}
        await asyncio.gather(*(one for line in orders for one in line), return_exceptions=True)


async def test_a_promise_is_kept_even_when_batches_are_always_full(
    fresh_database: Database,
) -> None:
    async with (
        an_inbox(fresh_database.dsn) as inbox,
        small_batches(fresh_database) as (cell, _),
    ):
        rush_over = asyncio.Event()

        async def rush() -> None:
            counter = uuid4()
            while not rush_over.is_set():
                await cell.ask(Bump(counter))

        crowd = [asyncio.create_task(rush()) for _ in range(5 * BATCH)]
        promised = await inbox.put(submission("bump", Bump(uuid4())))

        async def kept() -> bool:
            return isinstance(await inbox.status("demo", "ann", promised), Answer)

        await eventually_async(kept)
        rush_over.set()
        await asyncio.gather(*crowd)


async def test_five_thousand_timers_at_once_ring_once_each_and_let_others_through(
    fresh_database: Database,
) -> None:
    clock = HandClock()
    async with running(
        fresh_database.dsn, clock=clock, reached=(batches := Batches()), use_cases=HEAVY
    ) as cell:
        for _ in range(10):
            await cell.ask(Alarms(500, late_seconds=60))
        clock.forward(seconds=61)
        waits = []
        while cell.one("select count(*) from timers") > 500:
            waits.append(await batches.of(cell.ask(Bump(uuid4()))))
        assert len(waits) >= 3
        assert max(waits) <= SOON
        await in_thread(lambda: cell.one("select count(*) from timers") == 0)
        assert cell.rows(
            "select count(*), count(distinct body), count(*) filter (where outcome <> 'accepted') "
            "from commands where name = 'ring'"
        ) == [(5000, 5000, 0)]
