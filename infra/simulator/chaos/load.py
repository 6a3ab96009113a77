"""Who shops while everything fails: more groups fail than succeed, so that money goes back all the time."""

from collections.abc import Iterator
from itertools import accumulate, count
from typing import Final

from infra.simulator.world.dice import dice
from infra.simulator.world.goods import goods, terms
from infra.simulator.world.living import given_up
from infra.simulator.world.plan import Deal, Prank, Step, World, added, recorded_party, users
from infra.simulator.world.recorded import Group

SOURCE: Final = "made-up"
ITEMS: Final = 12
SIZES: Final = (2, 2, 2, 3, 3, 4, 5)
POPULARITY: Final = 0.7
PEOPLE: Final = 1500
UNITS: Final = 1_000_000  # of each deal: stock is not what is tried here
PER_USER: Final = 1000
SUCCEED, LEADER_LEAVES = 0.30, 0.10  # of the groups; the rest wait for one member who never comes
REGRETS: Final = (30.0, 300.0)  # of the world's seconds until a leader leaves
PAY_MINUTES: Final = 20


def world_of(seed: int, orders: int) -> World:
    """Steps for at least so many orders."""
    steps: list[Step] = []
    planned = 0
    for step in stream(seed):
        if planned >= orders:
            break
        steps.append(step)
        planned += 0 if isinstance(step, Prank) else len(users(step))
    return World(SOURCE, seed, tuple(deals(seed, steps)), tuple(steps))


def stream(seed: int) -> Iterator[Step]:
    """Groups without end, and the strangers around them."""
    popularity = list(accumulate((n + 1) ** -POPULARITY for n in range(ITEMS)))
    for number in count():
        chance = dice(seed, "chaos group", number)
        [item] = chance.choices(range(1, ITEMS + 1), cum_weights=popularity)
        seats, fate = chance.choice(SIZES), chance.random()
        leader, *others = chance.sample(range(PEOPLE), seats)
        succeeds = fate < SUCCEED
        come = others if succeeds else others[:-1]
        party = recorded_party(
            SOURCE, seed, number, Group(leader, item, tuple(come), succeeds, seats)
        )
        if SUCCEED <= fate < SUCCEED + LEADER_LEAVES:
            party = given_up(party, chance.uniform(*REGRETS))
        yield party
        yield from added(seed, number, Group(leader, item, (), succeeds, seats))


def deals(seed: int, steps: list[Step]) -> Iterator[Deal]:
    """Everything that is asked for, in plenty."""
    for item, seats in sorted({(step.item, step.seats) for step in steps}):
        offer = terms(seed, item, seats)._replace(
            hours=1, pay_minutes=PAY_MINUTES, per_user_limit=PER_USER
        )
        yield Deal(goods(seed, item), offer, UNITS)
