"""One command, one effect, one answer: the engine alone, on a real Postgres."""

import asyncio
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest

from commands.engine.outcome import EventTooLarge
from commands.engine.parts import Limits
from commands.ports import KeyReused, NotOwner, Overloaded
from tests.engine.running import HandClock, running
from tests.engine.toy import Bump, Crack, Fault, Open
from tests.servers import Database
from tests.waiting import eventually_async


async def test_a_command_is_recorded_with_its_events_and_answered(database: Database) -> None:
    async with running(database.dsn) as cell:
        counter = uuid4()
        answer = await cell.ask(Bump(counter, by=3), "once")
        assert (answer.outcome, answer.reply, answer.replayed) == (
            "accepted",
            b'{"total":3}',
            False,
        )
        recorded = cell.rows(
            "select outcome, first_position, last_position from commands where command_id = %s",
            answer.command_id,
        )
        position = cell.one("select position from events where stream_id = %s", counter)
        assert recorded == [("accepted", position, position)]
        assert answer.token.endswith(f".{position}")


async def test_the_same_key_has_one_effect_and_one_answer(database: Database) -> None:
    async with running(database.dsn) as cell:
        counter = uuid4()
        answers = await asyncio.gather(*(cell.ask(Bump(counter), "again") for _ in range(64)))
        late = await cell.ask(Bump(counter), "again")
        assert {a.command_id for a in (*answers, late)} == {answers[0].command_id}
        assert {a.reply for a in answers} == {b'{"total":1}'}
        assert [a.replayed for a in answers].count(False) == 1
        assert cell.one("select count(*) from events where stream_id = %s", counter) == 1


async def test_the_same_key_after_a_restart_gets_the_recorded_answer(database: Database) -> None:
    counter = uuid4()
    async with running(database.dsn) as cell:
        first = await cell.ask(Bump(counter), "before the restart")
    async with running(database.dsn) as cell:
        again = await cell.ask(Bump(counter), "before the restart")
        assert (again.command_id, again.reply, again.replayed) == (
            first.command_id,
            first.reply,
            True,
        )
        assert cell.one("select count(*) from events where stream_id = %s", counter) == 1


async def test_another_body_under_a_used_key_is_refused_and_changes_nothing(
    database: Database,
) -> None:
    async with running(database.dsn) as cell:
        counter = uuid4()
        await cell.ask(Bump(counter), "mine")
        with pytest.raises(KeyReused):
            await cell.ask(Bump(counter, by=2), "mine")
        assert cell.one("select count(*) from events where stream_id = %s", counter) == 1


async def test_keys_of_other_tenants_principals_and_routes_are_other_keys(
    database: Database,
) -> None:
    async with running(database.dsn) as cell:
        asked = (
            await cell.ask(Bump(uuid4()), "shared"),
            await cell.ask(Bump(uuid4()), "shared", principal="bob"),
            await cell.ask(Bump(uuid4()), "shared", tenant="other"),
            await cell.ask(Open(), "shared"),
        )
        assert not any(answer.replayed for answer in asked)


async def test_a_refusal_is_recorded_with_its_reason_and_repeated_under_its_key(
    database: Database,
) -> None:
    async with running(database.dsn) as cell:
        counter = uuid4()
        await cell.ask(Bump(counter, by=2))
        refused = await cell.ask(Bump(counter, by=2, limit=3), "too much")
        reason = msgspec.json.decode(refused.reply)
        assert (refused.outcome, reason["facts"]) == ("limit_reached", {"total": 2})
        assert reason["zh"] == "到顶了"
        again = await cell.ask(Bump(counter, by=2, limit=3), "too much")
        assert (again.outcome, again.reply, again.replayed) == (*refused[1:3], True)


async def test_one_hostile_command_harms_neither_its_neighbours_nor_the_next_batch(
    database: Database,
) -> None:
    async with running(database.dsn) as cell:
        counter = uuid4()

        async def hostile() -> list[object]:
            return await asyncio.gather(
                cell.ask(
                    Bump(counter), "k" * 8_000
                ),  # an index entry may not be that long, a digest is
                cell.ask(Bump(counter), "nul", principal="an\0n"),
                cell.ask(Bump(counter, note_bytes=300_000), "large"),
                cell.ask(Crack(counter), "crack"),
                cell.ask(Fault(), "fault"),
                *(cell.ask(Bump(counter), f"good {n}") for n in range(20)),
                return_exceptions=True,
            )

        for _ in range(2):  # the second time everything is a repetition
            answers = await hostile()
            assert getattr(answers[0], "outcome", None) == "accepted"
            assert isinstance(answers[1], Exception)  # a NUL cannot even be recorded
            assert [getattr(a, "outcome", None) for a in answers[2:5]] == [
                *("event_too_large", "error", "error"),
            ]
            assert {getattr(a, "outcome", None) for a in answers[5:]} == {"accepted"}
        assert cell.one("select count(*) from events where stream_id = %s", counter) == 21
        fresh = await cell.ask(Bump(counter))
        assert fresh.reply == b'{"total":22}'


async def test_a_batch_that_touches_many_streams_is_all_or_nothing(database: Database) -> None:
    async with running(database.dsn) as cell:
        counters = tuple(uuid4() for _ in range(5))
        await cell.ask(Bump(counters[0], also=counters[1:]))
        await cell.refuses(EventTooLarge, Bump(counters[0], also=counters[1:], note_bytes=300_000))
        for counter in counters:
            assert cell.one("select count(*) from events where stream_id = %s", counter) == 1


async def test_positions_versions_and_sequence_are_dense(database: Database) -> None:
    async with running(database.dsn) as cell:
        counter = uuid4()
        await asyncio.gather(*(cell.ask(Bump(counter, limit=30)) for _ in range(50)))
        head, lowest, count = cell.rows(
            "select max(position), min(position), count(*) from events"
        )[0]
        assert (lowest, head) == (1, count)
        versions = cell.rows("select version from events where stream_id = %s order by 1", counter)
        assert [version for (version,) in versions] == list(range(1, 31))
        assert cell.one("select max(seq) = count(*) and min(seq) = 1 from commands")


async def test_another_tenants_stream_looks_empty_and_cannot_be_written(database: Database) -> None:
    async with running(database.dsn) as cell:
        counter = uuid4()
        await cell.ask(Bump(counter, by=5))
        stranger = await cell.ask(Bump(counter), tenant="other")
        assert stranger.outcome == "error"
        assert cell.one("select count(*) from events where stream_id = %s", counter) == 1


async def test_a_full_queue_refuses_at_once(database: Database) -> None:
    async with running(database.dsn, limits=Limits(queue_commands=10)) as cell:
        asked = [cell.ask(Bump(uuid4())) for _ in range(30)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        refused = [a for a in answers if isinstance(a, Overloaded)]
        assert len(refused) == 22  # a fifth of the room is kept for money
        assert all(a.retry_after_seconds >= 1 for a in refused)


async def test_a_timer_fires_once_when_due_and_its_row_goes(database: Database) -> None:
    clock = HandClock()
    async with running(database.dsn, clock=clock) as cell:
        opened = await cell.ask(Open(late_seconds=60))
        counter = UUID(msgspec.json.decode(opened.reply)["counters"][0])
        timers = "select count(*) from timers where of_id = %s"
        rings = "select count(*) from commands where name = 'ring' and causation_id = %s"
        clock.forward(seconds=59)
        await cell.ask(Bump(uuid4()))
        assert cell.one(timers, counter) == 1
        clock.forward(seconds=2)

        async def gone() -> bool:
            return bool(cell.one(timers, counter) == 0)

        await eventually_async(gone)
        assert cell.one(rings, opened.command_id) == 1


async def test_the_cell_clock_never_runs_backwards(database: Database) -> None:
    clock = HandClock()
    async with running(database.dsn, clock=clock) as cell:
        clock.forward(days=2)
        await cell.ask(Bump(uuid4()))
        clock.forward(days=-1)
        await cell.ask(Bump(uuid4()))
        later = "select bool_and(at >= before) from (select at, lag(at) over (order by seq) before from commands) c"
        assert cell.one(later)


async def test_states_beyond_the_byte_bound_are_read_again(database: Database) -> None:
    async with running(database.dsn, cache_bytes=10_000) as cell:
        counters = [uuid4() for _ in range(100)]
        for _ in range(2):
            await asyncio.gather(*(cell.ask(Bump(counter)) for counter in counters))
        assert cell.cache.bytes <= 10_000
        totals = [await cell.ask(Bump(counter)) for counter in counters]
        assert {answer.reply for answer in totals} == {b'{"total":3}'}


async def test_a_long_stream_is_read_from_its_snapshot(database: Database) -> None:
    counter = uuid4()
    async with running(database.dsn) as cell:
        for _ in range(5):
            await asyncio.gather(*(cell.ask(Bump(counter)) for _ in range(250)))
        version = cell.one("select version from snapshots where stream_id = %s", counter)
        assert version >= 1_000
    async with running(database.dsn) as cell:
        assert (await cell.ask(Bump(counter))).reply == b'{"total":1251}'


async def test_a_second_engine_waits_and_says_who_owns(database: Database) -> None:
    async with (
        running(database.dsn, address="http://one") as _,
        running(database.dsn, address="http://two", wait_for_ownership=False) as standby,
    ):

        async def knows() -> bool:
            try:
                await standby.ask(Bump(uuid4()))
            except NotOwner as elsewhere:
                return elsewhere.address == "http://one"
            return False

        await eventually_async(knows)


async def test_events_and_commands_cannot_be_changed(database: Database) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as session:
        for table in ("events", "commands"):
            for change in ("update {} set tenant = 'x'", "delete from {}", "truncate {}"):
                with pytest.raises(psycopg.errors.RestrictViolation):
                    session.execute(change.format(f"cell_0.{table}").encode())
