"""A small world that goes on for ever, so that `make run` has something to show: real time, a few orders a second.

Its catalogue is asked for with keys that name the season, so after a restart the same campaigns are found
again, not made again: that is what idempotency keys are for.
"""

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, count
from typing import Final

from infra.clock import WaitingClock
from infra.simulator.world.catalogue import Window, put_on_sale
from infra.simulator.world.client import GaveUp
from infra.simulator.world.day import begin
from infra.simulator.world.dice import dice
from infra.simulator.world.goods import goods, terms
from infra.simulator.world.pace import Bucket, Counter, Tempo
from infra.simulator.world.plan import Deal, Mind, Party, Step, added, recorded_party
from infra.simulator.world.recorded import Group
from infra.simulator.world.shop import Refused, Shop
from infra.simulator.world.shoppers import Campaigns, Shoppers
from infra.simulator.world.wallet import STAFF

log = logging.getLogger(__name__)

SEED: Final = 20
SIZES: Final = (2, 2, 3, 2, 3, 5, 2, 3, 2, 4, 2, 8)  # of the groups, by item
SEASON: Final = timedelta(days=28)  # keys are kept longer than that
UNITS: Final = 1_000_000  # for a season; never all sold
SCARCE_UNITS: Final = 3000  # of the last item, which is
POPULARITY: Final = 0.8
PEOPLE: Final = 50_000
SUCCESS_SHARE: Final = 0.9
REGRETS: Final = (10.0, 60.0)  # seconds until a leader gives up
ORDERS_PER_STEP: Final = 1.9
AT_ONCE: Final = 200  # shoppers at the counter, most of them thinking
TOLD_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 5.0


def season(now: datetime) -> tuple[str, Window]:
    """Its name, and from when to when its campaigns are on sale."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    number = (now - first) // SEASON
    starts_at = first + number * SEASON
    return f"world-season-{number}", Window(starts_at, starts_at + SEASON)


def deals() -> list[Deal]:
    """A dozen goods, each with one size of groups."""
    found = []
    for item, seats in enumerate(SIZES, start=1):
        scarce = item == len(SIZES)
        offer = terms(SEED, item, seats)._replace(hours=1, pay_minutes=10, per_user_limit=6)
        found.append(Deal(goods(SEED, item), offer, SCARCE_UNITS if scarce else UNITS))
    return found


def steps(seed: int) -> Iterator[Step]:
    """Groups without end, with strangers and pranks around them; only what is on sale is asked for."""
    popularity = list(accumulate((n + 1) ** -POPULARITY for n in range(len(SIZES))))
    items = range(1, len(SIZES) + 1)
    for number in count():
        chance = dice(seed, "life", number)
        [item] = chance.choices(items, cum_weights=popularity)
        seats = SIZES[item - 1]
        leader, *others = chance.sample(range(PEOPLE), seats)
        succeeds = chance.random() < SUCCESS_SHARE
        group = Group(leader, item, tuple(others) if succeeds else (), succeeds, seats)
        party = recorded_party("demo", seed, number, group)
        yield party if succeeds else given_up(party, chance.uniform(*REGRETS))
        yield from (step for step in added(seed, number, group) if step.seats == seats)


def given_up(party: Party, regrets: float) -> Party:
    """A group that fails within minutes, because its leader leaves before anybody has come."""
    leader = party.leader._replace(mind=Mind.WITHDRAWS, regrets=regrets)
    return party._replace(leader=leader, others=())


async def live(shop: Shop, clock: WaitingClock, orders_per_second: float) -> None:
    """For ever; cancel it to stop."""
    run = f"life.{int(clock.now().timestamp())}"
    gap_seconds = ORDERS_PER_STEP / orders_per_second
    bucket, counter = Bucket(3 * orders_per_second), Counter(AT_ONCE)
    chance, tempo = dice(SEED, run), Tempo(clock)
    name, window = "", Window(clock.now(), clock.now())
    campaigns: Campaigns = {}
    telling = asyncio.create_task(tell(shop))
    alive: set[asyncio.Task[None]] = set()
    try:
        for step in steps(int(clock.now().timestamp())):
            if clock.now() >= window.ends_at:
                name, window = season(clock.now())
                campaigns = await opened(shop, window, name)
                shoppers = Shoppers(shop, campaigns, tempo, bucket, counter, run)
            shoppers.groups.clear()
            one = asyncio.create_task(shoppers.patiently(begin(shoppers, step)))
            alive.add(one)
            one.add_done_callback(alive.discard)
            await tempo.sleep(chance.expovariate(1 / gap_seconds))
    finally:
        for task in (telling, *alive):
            task.cancel()
        await asyncio.gather(telling, *alive, return_exceptions=True)


async def opened(shop: Shop, window: Window, name: str) -> Campaigns:
    """The season's campaigns, found or launched. The platform may still be starting."""
    while True:
        try:
            await shop.wallet.fill(STAFF)
            return await put_on_sale(shop, deals(), window, name)
        except (GaveUp, Refused) as no:
            log.warning("the catalogue of %s is not on sale yet: %s", name, no)
            await asyncio.sleep(RETRY_SECONDS)


async def tell(shop: Shop) -> None:
    """A line a minute, and a fresh memory."""
    while True:
        await asyncio.sleep(TOLD_SECONDS)
        seen = shop.seen
        log.info(
            "%d requests, %d refused, %d troubles, %d payments; joining took %.0f ms (p99)",
            seen.requests,
            seen.refusals.total(),
            seen.troubles.total(),
            len(seen.receipts),
            seen.percentile("join_group", 0.99) * 1000,
        )
        for wrong in seen.wrong:
            log.error("an answer that must never be given: %s", wrong)
        seen.forget()
