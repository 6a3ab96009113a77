"""What Postgres does to the engine: it dies, restarts, refuses, fills up. No false success, no strange error.

TUAN_TEST_POSTGRES_KILLS sets how often the server dies under load (20 before a release).
"""

import asyncio
import os
import random
from collections.abc import Awaitable, Sequence
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest

from commands.engine import engine as engine_module
from commands.engine.ports import StoreGone
from commands.ports import Answer, Overloaded, Submission
from infra.cell.upkeep import keep_up
from infra.embedded.postgres import Postgres
from infra.simulator.chaos.proxy import proxied
from tests.engine.books import audit, rows
from tests.engine.customers import Customers
from tests.engine.house import SEED, SLOW_FLUSH, House, finish, in_thread, one_more_answer
from tests.engine.injected import BAD_PAGE, KILLER, Injector, small_disk_for
from tests.engine.running import HandClock, Running, running
from tests.engine.toy import Bump
from tests.servers import Database, Processes

KILLS = int(os.environ.get("TUAN_TEST_POSTGRES_KILLS", "6"))
QUICKLY = 8.0  # seconds: far less than a caller waits for a store that is merely gone


@pytest.mark.timeout(180 + KILLS * 15)
async def test_killed_or_restarted_under_load_it_loses_nothing(
    private_postgres: Postgres, processes: Processes
) -> None:
    dice, dsn = random.Random(SEED), private_postgres.dsn()
    rows(dsn, SLOW_FLUSH)  # so that many a kill comes while a commit is on its way
    house = House(processes, dsn)
    engine = await asyncio.to_thread(house.start)
    crowd = Customers(house.addresses, SEED)
    crowd.come()
    for n in range(KILLS):
        await one_more_answer(crowd)
        await asyncio.sleep(dice.uniform(0, 0.4))
        end = private_postgres.stop if n % 3 == 2 else private_postgres.child.kill
        await asyncio.to_thread(end)
        await asyncio.to_thread(private_postgres.start)
    await one_more_answer(crowd)
    await finish(crowd, dsn)
    assert engine.child.alive
    assert crowd.met["silence"] == 0  # the engine itself answered everybody, only later


async def ask_all(asked: Sequence[Awaitable[Answer]]) -> list[Answer | BaseException]:
    return await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), QUICKLY)


def totals(answers: Sequence[Answer | BaseException]) -> list[int]:
    """Of accepted answers, in order; anything else is raised."""
    found: list[int] = []
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
        assert answer.outcome == "accepted", answer
        found.append(msgspec.json.decode(answer.reply)["total"])
    return sorted(found)


async def bump_ten(cell: Running, counter: UUID) -> list[Answer | BaseException]:
    return await ask_all([cell.ask(Bump(counter), f"{counter} {n}") for n in range(10)])


@pytest.mark.parametrize(
    "state", ["40001", "40P01", "55P03", "57014"], ids=["serialization", "deadlock", "lock", "time"]
)
async def test_a_commit_the_database_gave_up_is_tried_again(
    fresh_database: Database, state: str
) -> None:
    injector = Injector(fresh_database.dsn)
    async with running(fresh_database.dsn) as cell:
        for times in (1, engine_module.LOSSES_MAX):
            counter = uuid4()
            injector.fail(state, times)
            assert totals(await bump_ten(cell, counter)) == list(range(1, 11))
            assert injector.fired() > times  # it did fail
            assert totals(await bump_ten(cell, counter)) == list(range(1, 11))  # the same keys
    audit(fresh_database.dsn, {})


async def test_a_commit_that_never_gets_through_lets_nobody_wait_for_ever(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "UNKNOWN_AFTER_SECONDS", 1.0)
    injector, counter = Injector(fresh_database.dsn), uuid4()
    async with running(fresh_database.dsn) as cell:
        injector.fail("55P03")
        assert {type(told) for told in await bump_ten(cell, counter)} == {Overloaded}
        injector.heal()
        assert totals(await bump_ten(cell, counter)) == list(range(1, 11))
    audit(fresh_database.dsn, {})


@pytest.mark.parametrize("ownership_too", [False, True])
async def test_when_nothing_can_be_stored_callers_hear_so_at_once(
    fresh_database: Database, ownership_too: bool
) -> None:
    injector, counter = Injector(fresh_database.dsn), uuid4()
    if ownership_too:
        injector.fail_ownership_too()
    async with running(fresh_database.dsn) as cell:
        assert totals(await bump_ten(cell, counter)) == list(range(1, 11))
        for state in ("53100", "58030", "25006"):
            injector.fail(state)
            for n in range(2):
                told = await ask_all(
                    [cell.ask(Bump(counter), f"{state} {n} {m}") for m in range(5)]
                )
                assert {type(answer) for answer in told} == {Overloaded}
        injector.heal()
        await in_thread(lambda: cell.engine.head is not None)
        answers = [
            await cell.ask(Bump(counter), f"53100 {n} {m}") for n in (0, 1) for m in range(5)
        ]
        assert totals(answers) == list(range(11, 21))
        assert cell.one("select count(*) from commands") == 20
    audit(fresh_database.dsn, {})


@pytest.mark.parametrize("part", ["base", "pg_wal"])
async def test_a_full_disk_refuses_clearly_and_then_recovers(
    private_postgres: Postgres, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Full for tables, Postgres says no; full for its log, it falls, and may not come up before there is room."""
    monkeypatch.setattr(engine_module, "UNKNOWN_AFTER_SECONDS", 2.0)
    counter, told = uuid4(), dict[str, Answer | BaseException]()
    with small_disk_for(private_postgres, part, 100) as disk:
        dsn = private_postgres.dsn()
        rows(dsn, "alter table cell_0.events alter column data set storage external")  # no packing
        async with running(dsn) as cell:
            disk.fill(leave_bytes=3_000_000)
            while not any(isinstance(answer, BaseException) for answer in told.values()):
                told |= await bump_fifty(cell, counter, len(told))
            refused = [answer for answer in told.values() if isinstance(answer, BaseException)]
            assert {type(answer) for answer in refused} == {Overloaded}
            disk.empty()
            await in_thread(lambda: up_again(private_postgres) and cell.engine.head is not None, 60)
            again: dict[str, Answer | BaseException] = {}
            while len(again) < len(told):
                again |= await bump_fifty(cell, counter, len(again))
            assert totals(list(again.values())) == list(range(1, len(told) + 1))
            for key, answer in told.items():
                assert isinstance(answer, Overloaded) or told_again(answer, again[key])
        await asyncio.to_thread(audit, dsn, {})


def up_again(postgres: Postgres) -> bool:
    """Started, should it have fallen by now; what is falling still looks alive, so ask more than once."""
    if not postgres.alive:
        postgres.start()
    return postgres.alive


async def bump_fifty(cell: Running, counter: UUID, start: int) -> dict[str, Answer | BaseException]:
    keys = [f"key {n}" for n in range(start, start + 50)]
    asked = (cell.ask(Bump(counter, note_bytes=16_000), key) for key in keys)
    answers = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 60)
    return dict(zip(keys, answers, strict=True))


def told_again(first: Answer | BaseException, second: Answer | BaseException) -> bool:
    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    return first[:3] == second[:3] and second.replayed


async def test_a_command_that_kills_every_session_does_not_stop_the_others(
    fresh_database: Database,
) -> None:
    counter = uuid4()
    rows(fresh_database.dsn, KILLER)
    async with running(fresh_database.dsn) as cell:
        deadly = cell.ask(Bump(counter, note_bytes=1000), "deadly")
        good = [cell.ask(Bump(counter), f"good {n}") for n in range(20)]
        told, *others = await ask_all([deadly, *good])
        assert isinstance(told, Overloaded)  # not its fault, perhaps: it may try again
        assert totals(others) == list(range(1, 21))
        assert (await cell.ask(Bump(counter))).reply == b'{"total":21}'
    audit(fresh_database.dsn, {})


async def test_a_stream_that_cannot_be_read_stops_only_its_own_commands(
    fresh_database: Database,
) -> None:
    bad = UUID("00000000-0000-4000-8000-000000000bad")
    counter = uuid4()
    async with running(fresh_database.dsn) as cell:
        await cell.ask(Bump(bad))
    rows(fresh_database.dsn, BAD_PAGE)
    async with running(fresh_database.dsn) as cell:
        good = [cell.ask(Bump(counter), f"good {n}") for n in range(20)]
        told, *others = await ask_all([cell.ask(Bump(bad), "bad"), *good])
        assert isinstance(told, Answer)
        assert told.outcome == "error"
        assert totals(others) == list(range(1, 21))
    audit(fresh_database.dsn, {})


async def test_a_session_lost_over_the_inbox_strands_no_caller(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(fresh_database.dsn) as cell:
        counter, waiting, losses = uuid4(), cell.store.waiting, [1, 2, 3]

        async def lose(limit: int) -> list[Submission]:
            if losses:
                raise StoreGone(f"injected {losses.pop()}")
            return await waiting(limit)

        monkeypatch.setattr(cell.store, "waiting", lose)
        assert totals(await bump_ten(cell, counter)) == list(range(1, 11))
        await in_thread(lambda: not losses)
        assert totals(await bump_ten(cell, counter)) == list(range(1, 11))
    audit(fresh_database.dsn, {})


async def test_upkeep_behind_a_long_reader_does_not_stop_the_cell(
    fresh_database: Database,
) -> None:
    """Somebody reads all commands for an hour, and meanwhile new partitions are due."""
    counter = uuid4()
    async with running(fresh_database.dsn) as cell:
        await cell.ask(Bump(counter))
        with psycopg.connect(fresh_database.dsn) as reader:
            reader.execute("select count(*) from cell_0.commands")
            keeping = asyncio.create_task(
                keep_up(fresh_database.dsn, "cell_0", 100_000_000, HandClock())
            )
            blocked = "select 1 from pg_locks where not granted"
            await in_thread(lambda: bool(rows(fresh_database.dsn, blocked)))
            assert totals(await bump_ten(cell, counter)) == list(range(2, 12))
            with pytest.raises(psycopg.errors.LockNotAvailable):
                await keeping
        await keep_up(fresh_database.dsn, "cell_0", 100_000_000, HandClock())
    audit(fresh_database.dsn, {})


async def test_a_stopped_engine_lets_nobody_wait(fresh_database: Database) -> None:
    async with running(fresh_database.dsn) as cell:
        counter = uuid4()
        asked = [asyncio.create_task(cell.ask(Bump(counter), f"key {n}")) for n in range(300)]
        await asyncio.sleep(0)
        cell.engine.stop()
        late = [asyncio.create_task(cell.ask(Bump(counter), f"late {n}")) for n in range(10)]
        answers = await ask_all(asked)
        assert totals(answers) == list(range(1, 301))
        assert all(isinstance(told, Exception) for told in await ask_all(late))
    audit(fresh_database.dsn, {})


async def test_stopped_while_postgres_is_away_it_lets_nobody_wait(
    fresh_database: Database,
) -> None:
    async with proxied(fresh_database.dsn) as (proxy, dsn), running(dsn) as cell:
        proxy.refuses = True
        proxy.cut()
        await in_thread(lambda: cell.engine.head is None)
        asked = [asyncio.create_task(cell.ask(Bump(uuid4()))) for _ in range(10)]
        await asyncio.sleep(0)
        cell.engine.stop()
        assert all(isinstance(told, Exception) for told in await ask_all(asked))
