"""kill -9 of the engine at every named point of its loop and at random moments, under load.

TUAN_TEST_KILLS sets the random kills (100 before a release), TUAN_TEST_ROUNDS those at each point, TUAN_TEST_SEED
makes a run the same again as far as the machine's timing allows.
"""

import asyncio
import os
import random
import signal

import pytest

from commands.engine.parts import POINTS
from infra.crash import reached_from
from infra.settings import SettingsError
from tests.engine.books import rows
from tests.engine.customers import Customers
from tests.engine.house import END_SESSION, SEED, SLOW_FLUSH, House, Toy, finish, one_more_answer
from tests.servers import Database, Processes
from tests.waiting import eventually_async

KILLS = int(os.environ.get("TUAN_TEST_KILLS", "25"))
ROUNDS = int(os.environ.get("TUAN_TEST_ROUNDS", "3"))
PASSES_MAX = 30  # of a point before it is fatal


@pytest.mark.timeout(240 + KILLS * 5)
async def test_killed_at_any_moment_it_keeps_every_promise(
    fresh_database: Database, processes: Processes
) -> None:
    dice, dsn = random.Random(SEED), fresh_database.dsn
    rows(dsn, SLOW_FLUSH)  # so that many a kill comes while a commit is on its way
    house = House(processes, dsn)
    crowd = Customers(house.addresses, SEED)
    owner, spare = house.enthrone(house.begin()), house.begin()
    crowd.come()
    for _ in range(KILLS):
        await one_more_answer(crowd)
        await asyncio.sleep(dice.uniform(0, 0.3))
        assert owner.child.alive, owner.child.last_words(30)
        await asyncio.to_thread(house.bury, owner)
        owner, spare = await asyncio.to_thread(house.enthrone, spare), house.begin()
    await one_more_answer(crowd)
    await finish(crowd, dsn)
    assert crowd.met["silence"] >= KILLS  # the kills were felt
    assert crowd.met["in doubt, was done"]  # and some came between the commit and the answer
    assert crowd.met["in doubt, was not done"]


@pytest.mark.timeout(240)
async def test_killed_at_each_point_of_its_loop_it_keeps_every_promise(
    fresh_database: Database, processes: Processes
) -> None:
    dice, dsn = random.Random(SEED), fresh_database.dsn
    points = [point for point in POINTS for _ in range(ROUNDS)]
    dice.shuffle(points)
    house = House(processes, dsn)
    crowd = Customers(house.addresses, SEED)
    doomed = house.enthrone(house.begin(crash_at=death(points[0], dice)))
    crowd.come()
    for point, following in zip(points, [*points[1:], ""], strict=True):
        heir = house.begin(crash_at=death(following, dice) if following else "")
        await dead(doomed, point, dsn, crowd)
        await asyncio.to_thread(house.bury, doomed)
        doomed = await asyncio.to_thread(house.enthrone, heir)
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
            await asyncio.to_thread(rows, dsn, END_SESSION)
        return not doomed.child.alive

    await eventually_async(ended, 60)
    assert doomed.child.process is not None
    assert doomed.child.process.returncode == -signal.SIGKILL
    assert f"SIGKILL at {point}" in doomed.child.last_words()


@pytest.mark.parametrize(
    "wish", ["nowhere:1", "decided", "decided:0", "decided:x", "decided:1:FLY"]
)
def test_a_wrong_crash_point_is_one_clear_line(wish: str) -> None:
    with pytest.raises(SettingsError, match=f"^TUAN_CRASH_AT={wish}: expected"):
        reached_from({"TUAN_CRASH_AT": wish}, POINTS)
