"""One day of the world: everybody comes when the plan says, and the day is over when all have gone."""

import asyncio
from collections.abc import Callable

from infra.simulator.world.dice import dice
from infra.simulator.world.pace import Tempo
from infra.simulator.world.plan import Loner, Party, Step, World
from infra.simulator.world.shoppers import Shoppers

Progress = Callable[[int], None]


async def play(
    world: World, shoppers: Shoppers, tempo: Tempo, gap_seconds: float, progress: Progress
) -> None:
    """Begin every step, `gap_seconds` of the world's time apart on average, and wait for all to end."""
    chance = dice(world.seed, "arrivals")
    async with asyncio.TaskGroup() as together:
        for number, step in enumerate(world.steps, start=1):
            await tempo.sleep(chance.expovariate(1 / gap_seconds))
            await shoppers.counter.open()
            together.create_task(shoppers.patiently(begin(shoppers, step)))
            progress(number)


async def begin(shoppers: Shoppers, step: Step) -> None:
    match step:
        case Party():
            await shoppers.party(step)
        case Loner():
            await shoppers.loner(step)
        case _:
            await shoppers.prank(step)
