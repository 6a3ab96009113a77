"""What should not be in the store, or in the code: it stops its own commands, and nothing else."""

import asyncio
import json
from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID, uuid4

import pytest

from commands.ports import Answer, Overloaded
from commands.use_case import Command, Stream, Tx, UseCase
from tests.engine.books import no_timer_waits, rows
from tests.engine.heavy import DECIDERS, HEAVY, Alarms
from tests.engine.house import in_thread
from tests.engine.running import HandClock, Running, an_inbox, running, submission
from tests.engine.toy import Bump, Total
from tests.servers import Database
from tests.waiting import eventually_async

APPEND: LiteralString = """
with head as (
  update cell_0.owner set head_position = head_position + 1, head_hash = sha256('poison'), last_at = now()
  returning head_position, epoch
)
insert into cell_0.events
select head_position, epoch, 'demo', %s, %s, %s, %s, %s,
       gen_random_uuid(), now(), sha256('poison') from head"""
POISONS = {
    "bad JSON": ("counter", "counter.bumped.v1", b'{"type":"counter.bumped.v1","by":'),
    "no text": ("counter", "counter.bumped.v1", b"\xff\0\xfe"),
    "unknown type": ("counter", "counter.exploded.v9", b'{"type":"counter.exploded.v9"}'),
    "wrong field": ("counter", "counter.bumped.v1", b'{"type":"counter.bumped.v1","by":"x"}'),
    "unknown category": ("teapot", "teapot.boiled.v1", b'{"type":"teapot.boiled.v1"}'),
}


def append(dsn: str, stream: UUID, version: int, poison: str) -> None:
    category, type, data = POISONS[poison]
    rows(dsn, APPEND, category, stream, version, type, data)


async def ask_around(cell: Running, poisoned: Sequence[UUID]) -> None:
    """Commands on those streams are errors; their neighbours in the batch and later ones succeed."""
    good = uuid4()
    asked = [cell.ask(Bump(good)) for _ in range(10)]
    bad = [cell.ask(Bump(stream)) for stream in poisoned]
    answers = await asyncio.gather(*asked, *bad, *(cell.ask(Bump(uuid4())) for _ in range(10)))
    outcomes = [answer.outcome for answer in answers]
    assert outcomes[10:-10] == ["error"] * len(poisoned)
    assert set(outcomes[:10] + outcomes[-10:]) == {"accepted"}


async def test_an_unreadable_event_stops_only_its_own_stream(fresh_database: Database) -> None:
    streams = {poison: uuid4() for poison in POISONS}
    async with running(fresh_database.dsn, deciders=DECIDERS) as cell:
        for stream in streams.values():
            await cell.ask(Bump(stream))
    for poison, stream in streams.items():
        append(fresh_database.dsn, stream, 2, poison)
    async with running(fresh_database.dsn, deciders=DECIDERS) as cell:
        await ask_around(cell, list(streams.values()))
        assert cell.engine.head is not None
        epoch = cell.engine.head.epoch
        await ask_around(cell, list(streams.values()))
        assert cell.engine.head.epoch == epoch  # nobody had to become owner again for it


async def test_somebody_writing_beside_the_engine_is_noticed(fresh_database: Database) -> None:
    """The fence compares the head, too: what stands in the store counts, not what this process remembers."""
    async with running(fresh_database.dsn, deciders=DECIDERS) as cell:
        stream = uuid4()
        await cell.ask(Bump(stream))
        append(fresh_database.dsn, stream, 2, "unknown type")
        await ask_around(cell, [stream])
        positions = cell.rows("select position from events order by 1")
        assert [n for (n,) in positions] == list(range(1, len(positions) + 1))


async def test_a_timer_unknown_to_this_code_waits_for_code_that_knows_it(
    fresh_database: Database,
) -> None:
    clock, dsn = HandClock(), fresh_database.dsn
    async with running(dsn, clock=clock, use_cases=HEAVY, deciders=DECIDERS) as cell:
        await cell.ask(Alarms(5, late_seconds=10))
    older = {name: use_case for name, use_case in HEAVY.items() if name not in ("ring", "alarms")}
    rows(
        dsn,
        "update cell_0.timers set body = '{' where of_id = (select of_id from cell_0.timers limit 1)",
    )
    clock.forward(seconds=11)
    failed = "select count(*) from commands where name = 'ring' and outcome = 'error'"
    async with running(dsn, clock=clock, use_cases=older, deciders=DECIDERS) as cell:
        await in_thread(lambda: cell.one(failed) == 5)
        assert (await cell.ask(Bump(uuid4()))).outcome == "accepted"
        assert cell.one("select count(*) from timers") == 5
        assert cell.one("select count(*) from timers where due_at > %s", clock.now()) == 5
    clock.forward(minutes=2)
    async with running(dsn, clock=clock, use_cases=HEAVY, deciders=DECIDERS) as cell:
        rang = "select count(*) from commands where name = 'ring' and outcome = 'accepted'"
        await in_thread(lambda: cell.one(rang) == 4)
        assert cell.one(failed) == 6  # the one that can be read by nobody
        rows(
            dsn,
            "update cell_0.timers set body = %s",
            json.dumps({"counter": str(uuid4())}).encode(),
        )
        clock.forward(minutes=2)
        await in_thread(lambda: no_timer_waits(dsn))


async def test_stored_commands_unknown_to_this_code_are_errors_and_do_not_block_the_others(
    fresh_database: Database,
) -> None:
    async with an_inbox(fresh_database.dsn) as inbox:
        unknown = [
            await inbox.put(submission("sing", Bump(uuid4()), f"song {n}")) for n in range(60)
        ]
        known = await inbox.put(submission("bump", Bump(uuid4()), "bump"))
        async with running(fresh_database.dsn) as cell:

            async def told() -> bool:
                return isinstance(await inbox.status("demo", "ann", known), Answer)

            await eventually_async(told)
            answers = [await inbox.status("demo", "ann", id) for id in (known, *unknown)]
            outcomes = [one.outcome for one in answers if isinstance(one, Answer)]
            assert outcomes == ["accepted", *["error"] * 60]
            assert (await cell.ask(Bump(uuid4()))).outcome == "accepted"


# --- code that misbehaves where no use case should ------------------------------------------------


class Stumble(Command, frozen=True):
    """Its `streams` raises."""


class Forget(Command, frozen=True):
    """Sets a timer for a command that nobody registered."""


class Unregistered(Command, frozen=True):
    pass


def stumble(command: Stumble, tx: Tx) -> Total:
    return Total(0)


def streams_that_raise(command: Stumble, tx: Tx) -> Sequence[Stream]:
    raise ZeroDivisionError


def forget(command: Forget, tx: Tx) -> Total:
    tx.set_timer(tx.at, Unregistered(), of=tx.id())
    return Total(0)


CLUMSY = HEAVY | {
    "stumble": UseCase("stumble", Stumble, Total, stumble, "toy", streams_that_raise),
    "forget": UseCase("forget", Forget, Total, forget, "toy"),
}


async def test_bugs_around_a_use_case_harm_only_its_own_commands(fresh_database: Database) -> None:
    async with running(fresh_database.dsn, use_cases=CLUMSY, deciders=DECIDERS) as cell:
        for _ in range(2):
            counter = uuid4()
            answers = await asyncio.gather(
                *(cell.ask(Bump(counter)) for _ in range(10)),
                cell.ask(Stumble()),
                cell.ask(Forget()),
                cell.ask(
                    Bump(counter), principal="p" * 70_000
                ),  # longer than any hash has room for
                *(cell.ask(Bump(counter)) for _ in range(10)),
                return_exceptions=True,
            )
            outcomes = [getattr(answer, "outcome", None) for answer in answers]
            assert set(outcomes[:10] + outcomes[-10:]) == {"accepted"}
            assert outcomes[10:13] == ["accepted", "error", None]
            assert cell.one("select count(*) from events where stream_id = %s", counter) == 20


async def test_a_bug_of_the_engine_itself_strands_nobody(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts over from what is stored; callers come back with their keys and find out."""
    async with running(fresh_database.dsn) as cell:
        counter = uuid4()
        monkeypatch.setattr(cell.engine, "_tell", streams_that_raise)
        asked = [asyncio.create_task(cell.ask(Bump(counter), f"key {n}")) for n in range(10)]
        told = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 10)
        assert {type(answer) for answer in told} == {Overloaded}
        monkeypatch.undo()
        again = [await cell.ask(Bump(counter), f"key {n}") for n in range(10)]
        assert {answer.outcome for answer in again} == {"accepted"}
        assert cell.one("select count(*) from events where stream_id = %s", counter) == 10
