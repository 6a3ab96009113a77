"""Ownership is a fence: whatever a stopped, slow or dying owner does later, there is one writer at a time.

TUAN_TEST_STOPS sets how often a loaded owner is stopped past its heartbeat at a random moment.
"""

import asyncio
import logging
import os
import random
import signal
from uuid import uuid4

import psycopg
import pytest

from infra.cell import store
from tests.engine.behind import behind_a_proxy
from tests.engine.books import audit, rows
from tests.engine.customers import Customers
from tests.engine.house import POWERLESS, SEED, House, Toy, finish, in_thread, one_more_answer
from tests.engine.running import HandClock, running
from tests.engine.toy import Bump, Open
from tests.engine.wire import Ask, Said
from tests.servers import Database, Processes
from tests.waiting import eventually

STOPS = int(os.environ.get("TUAN_TEST_STOPS", "1"))
TAKEOVER_SECONDS = 10
UNHEARD_SECONDS = 2.0  # customers of a stopped process turn to another after this

log = logging.getLogger(__name__)


def epoch(dsn: str) -> int:
    ((value,),) = rows(dsn, "select epoch from cell_0.owner")
    return int(value)


def test_of_two_engines_started_at_once_one_owns(
    fresh_database: Database, processes: Processes
) -> None:
    house = House(processes, fresh_database.dsn)
    before = epoch(fresh_database.dsn)
    for _ in range(5):
        both = [house.begin(), house.begin()]
        for toy in both:
            house.welcome(toy)
        eventually(lambda pair=both: any(toy.owns() for toy in pair))  # type: ignore[misc]
        assert sum(toy.owns() for toy in both) == 1
        assert epoch(fresh_database.dsn) == before + 1
        before += 1
        for toy in both:
            house.bury(toy)


@pytest.mark.parametrize(
    ("moment", "may_terminate"),
    [("decided", False), ("decided", True), ("committed", False), ("any", True)],
)
async def test_a_stopped_owner_writes_nothing_after_it_wakes(
    fresh_database: Database, processes: Processes, moment: str, may_terminate: bool
) -> None:
    """Stopped with a batch decided, it wakes with its commit on the way; only the fence can keep that out."""
    dice, dsn = random.Random(SEED), fresh_database.dsn
    if not may_terminate:
        rows(dsn, POWERLESS)
    house = House(processes, dsn)
    crowd = Customers(house.addresses, SEED, silence_seconds=UNHEARD_SECONDS)
    for _ in range(STOPS if moment == "any" else 1):
        stops_itself = "" if moment == "any" else f"{moment}:{dice.randint(5, 30)}:SIGSTOP"
        owner = house.start(crash_at=stops_itself)
        await in_thread(owner.owns)
        old = epoch(
            dsn
        )  # before anybody comes: on a slow machine the heir may own before it is ready
        crowd.come()
        heir = await asyncio.to_thread(house.start)
        await stopped(owner, dice, itself=bool(stops_itself))
        loop = asyncio.get_running_loop()
        since = loop.time()
        await in_thread(heir.owns, TAKEOVER_SECONDS)
        log.warning("taken over after %.1f s", loop.time() - since)
        assert epoch(dsn) == old + 1
        first_of_heir = rows(dsn, "select head_position + 1 from cell_0.owner")[0][0]
        owner.child.signal(signal.SIGCONT)
        late = await crowd.hear_late_answers(TAKEOVER_SECONDS)
        await in_thread(lambda toy=owner: not toy.owns())  # type: ignore[misc]
        books = await finish(crowd, dsn)
        assert {e.epoch for e in books.events if e.position >= first_of_heir} == {old + 1}
        assert_true(late, crowd.settled)
        log.warning("%d late answers", len(late))
        house.bury(owner)
        house.bury(heir)


async def stopped(owner: Toy, dice: random.Random, *, itself: bool) -> None:
    if itself:
        await in_thread(lambda: "SIGSTOP at" in owner.child.last_words())
        return
    await asyncio.sleep(dice.uniform(0.2, 0.6))
    owner.child.signal(signal.SIGSTOP)


def assert_true(late: list[tuple[Ask, Said]], settled: dict[Ask, Said]) -> None:
    """Whatever the old owner still said is what the new one says too."""
    for ask, said in late:
        assert said.kind in ("answer", "elsewhere", "later", "promised"), (ask, said)
        if said.kind == "answer" and ask.name != "status":
            truth = settled[ask]
            assert (said.command_id, said.outcome, said.reply) == (
                *(truth.command_id, truth.outcome),
                truth.reply,
            )


async def test_an_owner_that_ends_in_order_hands_over_at_once(
    fresh_database: Database, processes: Processes
) -> None:
    dsn = fresh_database.dsn
    house = House(processes, dsn)
    crowd = Customers(house.addresses, SEED)
    owner = house.start()
    await in_thread(owner.owns)
    heir = await asyncio.to_thread(house.start)
    crowd.come()
    await one_more_answer(crowd)
    owner.child.signal(signal.SIGTERM)
    await in_thread(lambda: not owner.child.alive)
    house.addresses.remove(owner.address)
    assert owner.child.process is not None
    assert owner.child.process.returncode == 0, owner.child.last_words(20)
    released = "select heartbeat_at = '-infinity' or address = %s from cell_0.owner"
    assert rows(dsn, released, heir.address) == [
        (True,)
    ]  # it did not leave its silence to be noticed
    await in_thread(heir.owns)
    await finish(crowd, dsn)


async def test_a_timer_in_hand_is_not_fired_again_after_another_owner_saw_to_it(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "REPLY_SECONDS", 0.5)
    monkeypatch.setattr(store, "SILENCE_SECONDS", 1.5)
    clock, dsn = HandClock(), fresh_database.dsn
    rings = "select count(*) from commands where name = 'ring'"
    async with behind_a_proxy(fresh_database, clock) as (first, proxy, hook):
        await first.ask(Open(late_seconds=10))

        def lose_the_way() -> None:
            proxy.refuses = True
            for link in proxy.links:
                link.hold_requests()

        hook.at["decided"] = lose_the_way
        clock.forward(seconds=11)
        await in_thread(lambda: first.engine.head is None)
        async with running(dsn, clock=clock, address="second") as second:
            await in_thread(lambda: second.one(rings) == 1)
        proxy.let_go()
        await in_thread(lambda: first.engine.head is not None)
        assert (await first.ask(Bump(uuid4()))).outcome == "accepted"
        assert first.one(rings) == 1
        audit(dsn, {})


async def test_an_idle_owner_keeps_its_cell(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SILENCE_SECONDS", 1.5)  # one heartbeat and a half
    async with (
        running(fresh_database.dsn, address="one") as owner,
        running(fresh_database.dsn, address="two", wait_for_ownership=False) as standby,
    ):
        beats = "select heartbeat_at from owner"
        seen: set[object] = set()
        while len(seen) < 4:  # three heartbeats later
            seen.add(owner.one(beats))
            await asyncio.sleep(0.05)
        assert (owner.engine.head is not None, standby.engine.head) == (True, None)


async def test_a_heartbeat_from_the_future_is_no_sign_of_life(fresh_database: Database) -> None:
    """The owner died, and then the database server's clock was set back."""
    rows(
        fresh_database.dsn,
        "update cell_0.owner set heartbeat_at = clock_timestamp() + interval '1 hour'",
    )
    async with running(fresh_database.dsn) as cell:
        assert cell.engine.head is not None


async def test_where_sessions_of_others_cannot_be_seen_ownership_still_passes_on(
    fresh_database: Database, processes: Processes
) -> None:
    """A function owner with few rights: no statistics of others, no ending of their sessions."""
    dsn = fresh_database.dsn
    rows(dsn, POWERLESS)
    rows(dsn, "revoke pg_read_all_stats from powerless")
    house = House(processes, dsn)
    first = house.start()
    await in_thread(first.owns)
    house.bury(first)
    second = await asyncio.to_thread(house.start)
    await in_thread(second.owns)
    with psycopg.connect(dsn) as session:
        assert session.execute("select epoch from cell_0.owner").fetchone() == (2,)
