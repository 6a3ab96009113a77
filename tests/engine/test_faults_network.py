"""What the network does between the engine and Postgres: nobody is answered on a guess, and everything happens once."""

import asyncio
import logging
import random
from collections.abc import Callable
from uuid import uuid4

import msgspec
import pytest

from commands.engine import engine as engine_module
from commands.engine import intake
from commands.engine.ports import StoreGone
from commands.ports import Answer, Overloaded
from infra.cell import store as store_module
from infra.simulator.chaos.proxy import TcpProxy, proxied
from tests.engine.behind import behind_a_proxy
from tests.engine.books import audit, rows
from tests.engine.customers import Customers
from tests.engine.heavy import HEAVY
from tests.engine.house import (
    END_SESSION,
    POWERLESS,
    SEED,
    House,
    finish,
    in_thread,
    one_more_answer,
)
from tests.engine.running import HandClock, an_inbox, submission
from tests.engine.toy import Bump, Open
from tests.servers import Database, Processes
from tests.waiting import eventually_async

CUTS = 12

log = logging.getLogger(__name__)


def losing_the_answer(proxy: TcpProxy) -> None:
    for link in proxy.links:
        link.lose_answers()


def before_it_leaves(proxy: TcpProxy) -> None:
    proxy.cut()


@pytest.mark.parametrize("fault", [losing_the_answer, before_it_leaves])
async def test_a_commit_in_doubt_is_looked_up_before_anybody_is_answered(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch, fault: Callable[[TcpProxy], None]
) -> None:
    monkeypatch.setattr(intake, "IDLE_POLL_SECONDS", 0.001)  # every batch looks into the inbox
    clock, counter = HandClock(), uuid4()
    asked: list[asyncio.Task[Answer]] = []
    async with an_inbox(fresh_database.dsn) as inbox:
        promised = await inbox.put(submission("bump", Bump(uuid4()), "by post"))
    rows(fresh_database.dsn, "create table set_aside as select * from cell_0.inbox")
    rows(fresh_database.dsn, "delete from cell_0.inbox")
    async with (
        behind_a_proxy(fresh_database, clock) as (cell, proxy, hook),
        an_inbox(fresh_database.dsn) as inbox,
    ):

        def ask(key: str) -> "asyncio.Task[Answer]":
            return asyncio.create_task(cell.ask(Bump(counter, limit=30), key))

        def fill_the_next_batch() -> None:
            clock.forward(seconds=11)  # a timer falls due
            rows(fresh_database.dsn, "insert into cell_0.inbox select * from set_aside")
            asked.extend(ask(f"key {n}") for n in range(40))
            asked.extend(ask("key 3") for _ in range(2))
            hook.at["decided"] = lambda: fault(proxy)

        await cell.ask(Open(late_seconds=10))
        hook.at["answered"] = fill_the_next_batch
        await cell.ask(Bump(uuid4()))
        answers = await asyncio.gather(*asked)
        assert "resolved" in hook.passed
        assert not any(answer.replayed for answer in answers[:40])  # each was asked but once
        assert [a.outcome for a in answers[:40]].count("limit_reached") == 10
        assert len({a.command_id for a in (answers[3], *answers[40:])}) == 1
        for n, answer in enumerate(answers[:40]):
            again = await ask(f"key {n}")
            assert again[:3] == answer[:3]
            assert again.replayed
        assert isinstance(await inbox.status("demo", "ann", promised), Answer)
        audit(fresh_database.dsn, {})
        names = cell.rows("select name, count(*) from commands group by name order by name")
        assert names == [("bump", 42), ("open", 1), ("ring", 1)]


@pytest.mark.parametrize("waits", [True, False], ids=["decided again", "nothing new since"])
async def test_a_commit_that_arrives_after_a_new_epoch_is_shut_out(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    """The request is held on its way, and given up; then it arrives after all, in a session still alive.

    When nothing was written meanwhile, the log still ends where it did: only the epoch can tell.
    """
    monkeypatch.setattr(store_module, "REPLY_SECONDS", 0.5)
    rows(fresh_database.dsn, POWERLESS)  # the new owner cannot end the old session
    async with behind_a_proxy(fresh_database) as (cell, proxy, hook):
        counter = uuid4()
        await cell.ask(Bump(counter))
        (link,) = proxy.links
        hook.at["decided"] = link.hold_requests
        asked = asyncio.create_task(cell.ask(Bump(counter), "held"))
        if waits:
            assert (await asked).reply == b'{"total":2}'
        else:
            await in_thread(lambda: "decided" in hook.passed[-1:])
            asked.cancel()
        await in_thread(lambda: "resolved" in hook.passed)
        link.let_go()
        await in_thread(lambda: store_module.FENCED_STATE.encode() in link.heard)
        assert (await cell.ask(Bump(counter), "held")).reply == b'{"total":2}'
        audit(fresh_database.dsn, {})
        assert cell.one("select count(*) from commands") == 2


async def test_silence_is_answered_with_later_and_ends_by_itself(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "REPLY_SECONDS", 0.5)
    monkeypatch.setattr(engine_module, "UNKNOWN_AFTER_SECONDS", 2.0)
    async with behind_a_proxy(fresh_database) as (cell, proxy, hook):
        counter = uuid4()
        await cell.ask(Bump(counter))
        hook.at["decided"] = proxy.hold
        waiting = [asyncio.create_task(cell.ask(Bump(counter), f"key {n}")) for n in range(5)]
        await in_thread(lambda: cell.engine.head is None)
        waiting += [asyncio.create_task(cell.ask(Bump(counter), f"key {n}")) for n in range(5, 10)]
        told = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 30)
        assert {type(answer) for answer in told} == {Overloaded}
        with pytest.raises(Overloaded):  # by now it knows, and lets nobody wait
            await asyncio.wait_for(cell.ask(Bump(counter), "one more"), 1)
        proxy.let_go()
        await in_thread(lambda: cell.engine.head is not None, 30)
        answers = [await cell.ask(Bump(counter), f"key {n}") for n in range(10)]
        totals = sorted(msgspec.json.decode(a.reply)["total"] for a in answers)
        assert totals == list(range(2, 12))
        audit(fresh_database.dsn, {})


async def test_an_idle_owner_notices_a_dead_session_and_owns_again(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "REPLY_SECONDS", 0.5)
    async with behind_a_proxy(fresh_database) as (cell, proxy, _):
        assert cell.engine.head is not None
        epoch = cell.engine.head.epoch
        for link in proxy.links:
            link.hold()  # this one for ever: the other side of the connection is gone

        async def again() -> bool:
            head = cell.engine.head
            return head is not None and head.epoch > epoch

        await eventually_async(again)
        assert (await cell.ask(Bump(uuid4()))).outcome == "accepted"


async def test_callers_who_went_away_meanwhile_harm_nobody(fresh_database: Database) -> None:
    async with behind_a_proxy(fresh_database) as (cell, proxy, hook):
        counter = uuid4()
        impatient = [asyncio.create_task(cell.ask(Bump(counter), f"gone {n}")) for n in range(20)]
        patient = [asyncio.create_task(cell.ask(Bump(counter), f"here {n}")) for n in range(20)]

        def leave() -> None:
            proxy.cut()
            for task in impatient:
                task.cancel()

        hook.at["decided"] = leave
        answers = await asyncio.gather(*patient)
        assert {answer.outcome for answer in answers} == {"accepted"}
        again = [await cell.ask(Bump(counter), f"gone {n}") for n in range(20)]
        assert {answer.outcome for answer in again} == {"accepted"}
        assert cell.one("select count(*) from events where stream_id = %s", counter) == 40
        audit(fresh_database.dsn, {})


async def test_a_session_behind_a_pooling_proxy_is_refused(fresh_database: Database) -> None:
    """Such a proxy makes up the session's number; the engine would not notice when its session changes."""
    async with proxied(fresh_database.dsn) as (proxy, dsn):
        proxy.change = with_another_pid
        store = store_module.PostgresCellStore(dsn, "cell_0", HEAVY, [])
        with pytest.raises(StoreGone, match="pooling"):
            await store.connect()
        await store.close()


def with_another_pid(data: bytes) -> bytes:
    start = data.find(b"K\0\0\0\x0c")
    return data if start < 0 else data[: start + 5] + b"\0\0\0\x01" + data[start + 9 :]


@pytest.mark.timeout(180)
async def test_under_load_any_network_trouble_keeps_every_promise(
    fresh_database: Database, processes: Processes
) -> None:
    dice, dsn = random.Random(SEED), fresh_database.dsn
    async with proxied(dsn) as (proxy, through):
        house = House(processes, dsn)
        await asyncio.to_thread(house.start, dsn=through)
        crowd = Customers(house.addresses, SEED)
        crowd.come()
        for n in range(CUTS):
            await one_more_answer(crowd)
            await asyncio.sleep(dice.uniform(0, 0.2))
            trouble(n, proxy, dsn)
        proxy.latency_seconds = 0.0
        await one_more_answer(crowd)
        await finish(crowd, dsn)
        assert crowd.met["in doubt, was done"] + crowd.met["in doubt, was not done"] == 0
        assert crowd.met["answer"] > 100  # in doubt was only the engine; its callers just waited


def trouble(n: int, proxy: TcpProxy, dsn: str) -> None:
    match n % 4:
        case 0:
            proxy.cut()
        case 1:
            losing_the_answer(proxy)
        case 2:
            proxy.latency_seconds = 0.02
        case 3:
            proxy.latency_seconds = 0.0
            rows(dsn, END_SESSION)
