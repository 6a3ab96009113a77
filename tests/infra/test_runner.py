"""The runner on a real list: a bug sets one point aside and nobody else, and an outage is nobody's fault."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool
from pydantic import SecretStr

from commands.escalate_refund import EscalateRefund
from commands.ports import Overloaded, Unreachable
from commands.processes import refund_buyers
from commands.processes.refund_buyers import REFUND_BUYERS
from commands.processes.todo import Moot, Point, Process, Tools, Wait
from domain.events.refund import (
    RefundAttemptInDoubt,
    RefundEscalated,
    RefundResolutionApproved,
    RefundRetried,
)
from domain.identity import IdentityUnavailable
from domain.ids import ProposalId, RefundId
from infra.processes.list import CRASHES_MAX, apply
from infra.processes.runner import Runner
from infra.services import parked
from infra.settings import Settings
from infra.wanted import end
from projections.recorded import Recorded
from tests.builders import MINUTE, NOON, SECOND, order
from tests.processes.tools import FakeTools
from tests.servers import Database
from tests.waiting import eventually_async

HOUR = timedelta(hours=1)
Pool = AsyncConnectionPool[Any]
Work = Callable[[Point, Tools], Awaitable[Wait | Moot | None]]


class Held:
    """A clock that a test holds."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


@pytest.fixture
async def pool(fresh_database: Database) -> AsyncIterator[Pool]:
    async def in_read(connection: Any) -> None:
        await connection.execute("set search_path to read")

    async with AsyncConnectionPool(
        fresh_database.dsn_as("tuan_projector"), kwargs={"autocommit": True}, configure=in_read
    ) as opened:
        yield opened


def refund(n: int) -> RefundId:
    return RefundId(order(n))


async def follow(pool: Pool, *events: object) -> None:
    """What happened to refunds reaches the list."""
    facts = [Recorded(n, NOON, "demo", UUID(int=n), event) for n, event in enumerate(events, 1)]
    async with pool.connection() as conn, conn.transaction():
        await apply(REFUND_BUYERS, facts, conn)


def waiting(n: int) -> RefundRetried:
    return RefundRetried(refund(n), f"{n:034d}", NOON, NOON)


async def points(pool: Pool) -> dict[UUID, tuple[int, bool, str | None]]:
    query = "select subject, crashes, parked_at is not null, why from todo"
    async with pool.connection() as conn:
        rows = await (await conn.execute(query)).fetchall()
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def runner(pool: Pool, work: Work, clock: Held, tools: FakeTools) -> Runner:
    process: Process = REFUND_BUYERS._replace(work=work)
    return Runner([process], tools, pool, clock, "cell_0")


def crashing_over(*bad: UUID) -> Work:
    async def work(point: Point, tools: Tools) -> Wait | None:
        if point.subject in bad:
            raise KeyError("a bug of ours")
        return Wait("people", NOON + 24 * HOUR)

    return work


async def worked_for_hours(runner: Runner, clock: Held, hours: int) -> None:
    for _ in range(hours):
        await runner.step()
        clock.at += HOUR


async def test_a_point_that_is_moot_is_closed_and_not_asked_about_again(pool: Pool) -> None:
    asked: list[UUID] = []

    async def nothing(point: Point, tools: Tools) -> Moot | None:
        asked.append(point.subject)
        return Moot("there never was anything") if point.subject == refund(1) else None

    clock = Held()
    work = runner(pool, nothing, clock, FakeTools())
    await follow(pool, waiting(1), waiting(2))
    assert await work.step()
    assert await points(pool) == {refund(2): (0, False, None)}
    clock.at += HOUR
    assert await work.step()
    assert sorted(asked) == sorted([refund(1), refund(2), refund(2)])


async def test_s13_a_worker_that_crashes_again_and_again_sets_its_point_aside_and_others_go_on(
    pool: Pool,
) -> None:
    await follow(pool, waiting(1), waiting(2))
    clock, tools = Held(), FakeTools()
    await worked_for_hours(runner(pool, crashing_over(refund(1)), clock, tools), clock, 20)
    told = "KeyError: 'a bug of ours'"
    assert await points(pool) == {
        refund(1): (CRASHES_MAX, True, told),
        refund(2): (0, False, "people"),
    }
    assert tools.asked == [EscalateRefund(refund(1), "worker_crashed", told)]
    async with pool.connection() as conn:
        alarms = await (await conn.execute("select kind, detail from alarms")).fetchall()
    assert alarms == [("process_set_aside", f"refund_buyers of {refund(1)}: {told}")]


async def test_s13_progress_between_crashes_does_not_hide_them(pool: Pool) -> None:
    """A bug in one step of several: the others go well, and the point is set aside all the same."""
    await follow(pool, waiting(1))
    clock, tools = Held(), FakeTools()
    crashes = runner(pool, crashing_over(refund(1)), clock, tools)
    goes_well = runner(pool, crashing_over(), clock, tools)
    for n in range(CRASHES_MAX):
        await worked_for_hours(crashes, clock, 1)
        died = RefundAttemptInDoubt(refund(1), n, f"{1:034d}", "worker_died", clock.at, clock.at)
        await follow(pool, died)
        await worked_for_hours(goes_well, clock, 1)
        await follow(pool, died)
    assert (await points(pool))[refund(1)][:2] == (CRASHES_MAX, True)


async def test_s13_what_cannot_be_told_yet_is_not_set_aside_yet(pool: Pool) -> None:
    class Deaf(FakeTools):
        async def ask(self, *asked: Any, **more: Any) -> Any:
            raise Unreachable("nobody owns the cell")

    await follow(pool, waiting(1))
    clock = Held()
    await worked_for_hours(runner(pool, crashing_over(refund(1)), clock, Deaf()), clock, 7)
    assert (await points(pool))[refund(1)][:2] == (7, False)
    tools = FakeTools()
    await worked_for_hours(runner(pool, crashing_over(refund(1)), clock, tools), clock, 3)
    assert (await points(pool))[refund(1)][:2] == (8, True)
    assert len(tools.asked) == 1


@pytest.mark.parametrize(
    "outage",
    [
        Unreachable("away"),
        Overloaded(1),
        IdentityUnavailable("revocations cannot be read"),
        psycopg.OperationalError("the server closed the connection"),
        TimeoutError(),
        IdentityUnavailable(),
        OSError(104, "Connection reset by peer"),
    ],
    ids=lambda outage: type(outage).__name__,
)
async def test_an_outage_is_no_crash(pool: Pool, outage: Exception) -> None:
    async def work(point: Point, tools: Tools) -> Wait | None:
        raise outage

    await follow(pool, waiting(1))
    clock, tools = Held(), FakeTools()
    await worked_for_hours(runner(pool, work, clock, tools), clock, 20)
    assert (await points(pool))[refund(1)][:2] == (0, False)
    assert tools.asked == []


async def test_the_point_of_a_crashed_worker_stays_until_it_is_released(
    pool: Pool, fresh_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(postgres_dsn=SecretStr(fresh_database.dsn))
    await follow(pool, waiting(1))
    clock, tools = Held(), FakeTools()
    await worked_for_hours(runner(pool, crashing_over(refund(1)), clock, tools), clock, 9)
    await follow(pool, escalated())
    assert await parked.main(settings) == 1
    line = capsys.readouterr().out
    assert f"todo_refund_buyers: {refund(1)}, 5 crashes" in line
    assert "a bug of ours" in line
    assert await parked.main(settings, "order_status_v2", replay=True) == 0
    assert (await points(pool))[refund(1)][1]
    assert await parked.main(settings, replay=True) == 0
    assert "1 worked on again" in capsys.readouterr().out
    clock.at = datetime.max.replace(tzinfo=NOON.tzinfo) - HOUR
    assert await runner(pool, crashing_over(), clock, tools).step()


def escalated() -> RefundEscalated:
    return RefundEscalated(refund(1), order(9), "worker_crashed", "a bug", NOON)


async def test_two_people_who_want_it_tried_again_release_it_too(pool: Pool) -> None:
    await follow(pool, waiting(1))
    clock, tools = Held(), FakeTools()
    await worked_for_hours(runner(pool, crashing_over(refund(1)), clock, tools), clock, 9)
    word = ProposalId(UUID(int=7))
    yes = RefundResolutionApproved(refund(1), word, "retry", "dan", clock.at, clock.at)
    await follow(pool, escalated(), yes)
    assert (await points(pool))[refund(1)][:2] == (0, False)
    assert await runner(pool, crashing_over(), clock, tools).step()


async def test_a_slow_call_holds_nobody_else_up(pool: Pool) -> None:
    slow, let_go, done = asyncio.Event(), asyncio.Event(), list[UUID]()

    async def work(point: Point, tools: Tools) -> Wait | None:
        if point.subject == refund(1):
            slow.set()
            await let_go.wait()
        done.append(point.subject)
        return Wait("", NOON + HOUR)

    await follow(pool, waiting(1))
    clock = Held()
    running = asyncio.create_task(runner(pool, work, clock, FakeTools()).run())
    await asyncio.wait_for(slow.wait(), 10)
    await follow(pool, *(waiting(n) for n in range(2, 60)))

    async def is_done(count: int) -> bool:
        return len(done) == count or running.done()

    await eventually_async(partial(is_done, 58))
    assert refund(1) not in done
    let_go.set()
    await eventually_async(partial(is_done, 59))
    await end(running)
    assert running.cancelled()


async def test_facts_say_when_a_point_is_looked_at_again(pool: Pool) -> None:
    seen: list[datetime] = []
    clock = Held()

    async def work(point: Point, tools: Tools) -> Wait | None:
        seen.append(clock.at)
        return None

    doubt = RefundAttemptInDoubt(refund(1), 1, f"{1:034d}", "timeout", NOON + MINUTE, NOON)
    await follow(pool, waiting(1), doubt)
    looking = runner(pool, work, clock, FakeTools())
    for seconds in (0, 30, 59, 60):
        clock.at = NOON + seconds * SECOND
        await looking.step()
    assert seen == [NOON + MINUTE]
    assert refund_buyers.REFUND_BUYERS.give_up is not None
