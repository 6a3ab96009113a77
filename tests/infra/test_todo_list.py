"""The to-do list: opened and closed by facts in any cut, claimed once, due again until it is settled."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection

from commands.processes.settle_group_members import READY_MEMBERS
from commands.processes.todo import Wait
from domain.events.group import GroupSucceeded
from domain.events.order import OrderReadied
from domain.money import Money
from infra.processes.list import BACK_OFF, apply, claim, note
from projections.recorded import Recorded
from tests.builders import NOON, SUMMER, G, order
from tests.servers import Database

FACTS = [
    GroupSucceeded(G, SUMMER, (order(1), order(2), order(3)), NOON),
    OrderReadied(order(2), Money(990), NOON),
    OrderReadied(order(1), Money(990), NOON),
]


def recorded(event: object, position: int) -> Recorded:
    return Recorded(position, NOON, "demo", UUID(int=position), event)


@pytest.fixture
async def conn(fresh_database: Database):  # type: ignore[no-untyped-def]
    async with await AsyncConnection.connect(
        fresh_database.dsn_as("tuan_projector"), autocommit=True
    ) as connection:
        await connection.execute("set search_path to read")
        yield connection


async def subjects(conn: AsyncConnection[Any]) -> set[UUID]:
    return {row[0] for row in await (await conn.execute("select subject from todo")).fetchall()}


async def test_what_is_left_open_does_not_depend_on_how_facts_are_batched(
    conn: AsyncConnection[Any],
) -> None:
    batch = [recorded(fact, n) for n, fact in enumerate(FACTS, 1)]
    for cut in range(len(batch) + 1):
        await conn.execute("delete from todo")
        for part in (batch[:cut], batch[cut:]):
            await apply(READY_MEMBERS, part, conn)
        assert await subjects(conn) == {order(3)}


async def test_a_claimed_point_is_due_again_later_and_later(
    conn: AsyncConnection[Any],
) -> None:
    await apply(READY_MEMBERS, [recorded(FACTS[0], 1)], conn)
    assert await claim(conn, NOON - timedelta(seconds=1), 10) == []
    first = await claim(conn, NOON, 10)
    assert {(point.subject, point.tries) for point in first} == {(order(n), 0) for n in (1, 2, 3)}
    assert await claim(conn, NOON, 10) == []
    now = NOON
    for tries, step in enumerate((*BACK_OFF, BACK_OFF[-1]), 1):
        now += step
        assert await claim(conn, now - timedelta(microseconds=1), 10) == []
        assert {point.tries for point in await claim(conn, now, 10)} == {tries}


async def test_no_more_is_claimed_than_there_are_hands_for(
    conn: AsyncConnection[Any], fresh_database: Database
) -> None:
    """The planner remembers a list of one point, as after a quiet hour, and walks it once for each row."""
    await apply(READY_MEMBERS, [recorded(GroupSucceeded(G, SUMMER, (order(1),), NOON), 1)], conn)
    with psycopg.connect(fresh_database.dsn, autocommit=True) as session:
        session.execute("vacuum analyze read.todo")
    many = tuple(order(number) for number in range(2, 61))
    await apply(READY_MEMBERS, [recorded(GroupSucceeded(G, SUMMER, many, NOON), 2)], conn)
    assert len(await claim(conn, NOON + timedelta(minutes=1), 5)) == 5


async def test_what_an_attempt_met_can_be_read(conn: AsyncConnection[Any]) -> None:
    await apply(READY_MEMBERS, [recorded(FACTS[0], 1)], conn)
    (point, *_) = await claim(conn, NOON, 1)
    await note(conn, point, Wait("the channel does not answer"))
    row = await (
        await conn.execute("select why from todo where subject = %s", (point.subject,))
    ).fetchone()
    assert row == ("the channel does not answer",)


async def test_another_tenant_does_not_see_the_list(
    fresh_database: Database, conn: AsyncConnection[Any]
) -> None:
    await apply(READY_MEMBERS, [recorded(FACTS[0], 1)], conn)
    with psycopg.connect(fresh_database.dsn_as("tuan_reader"), autocommit=True) as reader:
        for tenant, rows in (("demo", 3), ("other", 0)):
            reader.execute("select set_config('app.tenant', %s, false)", (tenant,))
            assert reader.execute("select count(*) from read.todo").fetchone() == (rows,)
