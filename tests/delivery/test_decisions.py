"""Every decided command is counted once, refused ones by their reason."""

import asyncio
from uuid import UUID

from infra.delivery.connect import connect
from infra.delivery.decisions import Decisions, count_again
from infra.delivery.replay import make_tables
from projections import refusals
from tests.delivery.conftest import CELL, Pipe
from tests.delivery.history import History
from tests.waiting import eventually_async

INSERT = """
insert into cell_0.commands (seq, command_id, tenant, principal, name, body, body_mac, facts, outcome, reply,
  seen_position, code_rev, correlation_id, at, hash)
select n, gen_random_uuid(), 'acme', 'ann', %s, '{}', '', '{}', %s, '{}', 0, 'test', %s,
  '2026-06-01T12:00:30Z'::timestamptz + n * interval '1 s', sha256((%s || n)::bytea)
from generate_series((select coalesce(max(seq), 0) from cell_0.commands) + 1,
                     (select coalesce(max(seq), 0) from cell_0.commands) + %s) n"""
COUNTED = """
select command, outcome, sum(times)::int, count(*)::int from read.refusals_v1
group by command, outcome order by command, outcome"""


def decide(history: History, name: str, outcome: str, times: int, salt: str = "") -> None:
    history.conn.execute(INSERT, (name, outcome, UUID(int=1), salt, times))


async def counted(pipe: Pipe, seq: int) -> None:
    async def there() -> bool:
        return pipe.positions().get(refusals.NAME) == seq

    await eventually_async(there)


async def follow(pipe: Pipe) -> asyncio.Task[None]:
    async with await connect(pipe.dsn, "test") as conn:
        await make_tables(conn, refusals.TABLES, refusals.TABLE)
    return pipe.run(Decisions(CELL, pipe.dsn).run())


async def test_refusals_are_counted_by_minute_command_and_reason(pipe: Pipe) -> None:
    await follow(pipe)
    await follow(pipe)  # a second process does no harm
    decide(pipe.history, "join_group", "group_full", 40)
    decide(pipe.history, "join_group", "accepted", 100)
    decide(pipe.history, "open_group", "stock_short", 7)
    await counted(pipe, 147)
    assert pipe.history.rows(COUNTED) == [
        ("join_group", "accepted", 100, 2),
        ("join_group", "group_full", 40, 2),  # two different minutes
        ("open_group", "stock_short", 7, 1),
    ]


async def test_a_log_of_commands_that_went_on_differently_is_not_counted_on(pipe: Pipe) -> None:
    following = await follow(pipe)
    decide(pipe.history, "join_group", "accepted", 10)
    await counted(pipe, 10)
    await pipe.stop(following)
    pipe.history.forget_after(5)
    decide(pipe.history, "open_group", "accepted", 20, salt="another history")
    await follow(pipe)

    async def alarmed() -> bool:
        return pipe.alarms() == ["projection_halted"]

    await eventually_async(alarmed)
    assert pipe.history.rows(COUNTED) == [("join_group", "accepted", 10, 1)]
    async with await connect(pipe.dsn, "test") as conn:
        await count_again(conn)
    await counted(pipe, 25)
    assert pipe.history.rows(COUNTED) == [
        ("join_group", "accepted", 5, 1),
        ("open_group", "accepted", 20, 1),
    ]
