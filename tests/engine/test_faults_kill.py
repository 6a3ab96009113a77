"""kill -9 of the engine at every named point of its loop and at random moments, under load.

TUAN_TEST_KILLS sets the random kills (100 before a release), TUAN_TEST_ROUNDS those at each point, TUAN_TEST_SEED
makes a run the same again as far as the machine's timing allows.
"""

import asyncio
import logging
import os
import random
import signal

import psycopg
import pytest

from commands.engine.parts import POINTS
from infra.embedded.postgres import Postgres
from tests.engine.books import audit, no_timer_waits
from tests.engine.customers import Customers
from tests.engine.house import House, Toy
from tests.servers import Processes
from tests.waiting import eventually_async

KILLS = int(os.environ.get("TUAN_TEST_KILLS", "25"))
ROUNDS = int(os.environ.get("TUAN_TEST_ROUNDS", "3"))
SEED = int(os.environ.get("TUAN_TEST_SEED", random.randrange(1 << 30)))
PASSES_MAX = 30  # of a point before it is fatal

log = logging.getLogger(__name__)


async def finish(crowd: Customers, dsn: str) -> None:
    """Everybody has a definite answer; promises are kept; the books agree; and nothing said ever changes."""
    await crowd.leave()
    await crowd.collect_promises()
    await eventually_async(lambda: asyncio.to_thread(no_timer_waits, dsn))
    await asyncio.to_thread(audit, dsn, crowd.settled)
    await crowd.ask_everything_again()
    log.warning("%d commands settled, %s", len(crowd.settled), dict(crowd.met))


async def one_more_answer(crowd: Customers) -> None:
    before = crowd.met["answer"]

    async def answered() -> bool:
        crowd.are_content()
        return crowd.met["answer"] > before

    await eventually_async(answered, 30)


@pytest.mark.timeout(240 + KILLS * 5)
async def test_killed_at_any_moment_it_keeps_every_promise(
    private_postgres: Postgres, processes: Processes
) -> None:
    log.warning("seed %d", SEED)
    dice, dsn = random.Random(SEED), private_postgres.dsn()
    house = House(processes, dsn)
    crowd = Customers(house.addresses, SEED)
    owner, spare = house.start(), house.begin()
    crowd.come()
    for _ in range(KILLS):
        await one_more_answer(crowd)
        await asyncio.sleep(dice.uniform(0, 0.3))
        assert owner.child.alive, owner.child.last_words(30)
        await asyncio.to_thread(house.bury, owner)
        owner, spare = await asyncio.to_thread(house.welcome, spare), house.begin()
    await one_more_answer(crowd)
    await finish(crowd, dsn)
    assert crowd.met["silence"] >= KILLS  # the kills were felt
    assert crowd.met["in doubt, was done"]  # and some came between the commit and the answer
    assert crowd.met["in doubt, was not done"]


@pytest.mark.timeout(240)
async def test_killed_at_each_point_of_its_loop_it_keeps_every_promise(
    private_postgres: Postgres, processes: Processes
) -> None:
    log.warning("seed %d", SEED)
    dice, dsn = random.Random(SEED), private_postgres.dsn()
    points = [point for point in POINTS for _ in range(ROUNDS)]
    dice.shuffle(points)
    house = House(processes, dsn)
    crowd = Customers(house.addresses, SEED)
    doomed = house.start(crash_at=death(points[0], dice))
    crowd.come()
    for point, following in zip(points, [*points[1:], ""], strict=True):
        heir = house.begin(crash_at=death(following, dice) if following else "")
        await dead(doomed, point, dsn, crowd)
        await asyncio.to_thread(house.bury, doomed)
        doomed = await asyncio.to_thread(house.welcome, heir)
    await one_more_answer(crowd)
    await finish(crowd, dsn)
    assert crowd.met["in doubt, was done"]
    assert crowd.met["in doubt, was not done"]


def death(point: str, dice: random.Random) -> str:
    passes = 1 if point == "resolved" else dice.randint(1, PASSES_MAX)
    return f"{point}:{passes}"


async def dead(doomed: Toy, point: str, dsn: str, crowd: Customers) -> None:
    """It dies where it was told to. "resolved" comes only after a session was lost over a batch."""

    async def ended() -> bool:
        crowd.are_content()
        if point == "resolved" and doomed.child.alive:
            await asyncio.to_thread(end_sessions_of_engines, dsn)
        return not doomed.child.alive

    await eventually_async(ended, 60)
    assert doomed.child.process is not None
    assert doomed.child.process.returncode == -signal.SIGKILL
    assert f"SIGKILL at {point}" in doomed.child.last_words()


def end_sessions_of_engines(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as session:
        session.execute(
            "select pg_terminate_backend(a.pid) from pg_stat_activity a join cell_0.owner o on o.backend_pid = a.pid"
        )
