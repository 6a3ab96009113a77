"""One run from the first token to the last invariant."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from functools import partial
from typing import Final, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from infra.clock import SharedClock, WaitingClock, clock_from
from infra.settings import Settings
from infra.simulator.world import catalogue, day, merchants
from infra.simulator.world.client import Client
from infra.simulator.world.complaints import complain
from infra.simulator.world.evidence import Evidence
from infra.simulator.world.goods import HOURS
from infra.simulator.world.invariants import DECIDING_MAX, GRACE
from infra.simulator.world.judge import Judgement, judge, run_out, settle
from infra.simulator.world.killer import Killer, all_were_killed
from infra.simulator.world.pace import Bucket, Counter, Tempo
from infra.simulator.world.plan import World
from infra.simulator.world.report import Run
from infra.simulator.world.seen import Seen
from infra.simulator.world.shop import Shop
from infra.simulator.world.shoppers import Shoppers
from infra.simulator.world.wallet import STAFF, Wallet

TENANT: Final = "demo"
CLOSING: Final = timedelta(days=1, hours=merchants.CLOSE_HOURS) + GRACE  # of a day's statements
SPANS: Final = (  # jumped at the end, each followed by what it makes due
    timedelta(hours=max(HOURS)) + GRACE,
    DECIDING_MAX + GRACE,
    catalogue.ON_SALE + GRACE,
    CLOSING,
)
Later = Callable[[], Awaitable[object]]


class Pace(NamedTuple):
    """How hard the world pushes."""

    rate: float  # orders tried a real second, at most
    speed: float  # seconds of the world's time in a real one
    at_once: int  # shoppers at the counter, and requests in flight, at most

    def gap_seconds(self, world: World) -> float:
        """Of the world's time between two steps, so that orders come at `rate`."""
        return self.speed * world.orders() / (self.rate * max(1, len(world.steps)))


async def run(
    world: World, settings: Settings, pace: Pace, *, private: bool, kill: bool, console: Console
) -> Run:
    """Play and judge. On a private platform the clock is ours, and everything is brought to its end."""
    seen = Seen()
    clock = clock_from(settings)
    async with AsyncExitStack() as stack:
        shop = await open_shop(stack, settings, seen, pace.at_once)
        tempo = Tempo(clock, 1 if private else pace.speed)
        shoppers = await at_the_door(shop, world, clock, tempo, pace, console)
        began, first = time.monotonic(), clock.now()
        if private and isinstance(clock, SharedClock):
            clock.run_at(pace.speed)
        with progress(console, world) as tick:
            killing = asyncio.create_task(Killer(settings, seen).run()) if kill else None
            await day.play(world, shoppers, tempo, pace.gap_seconds(world), tick)
            if killing is not None:
                killing.cancel()
                await asyncio.gather(killing, return_exceptions=True)
        seconds, hours = time.monotonic() - began, (clock.now() - first) / timedelta(hours=1)
        await complain(shop, world.seed, f"{shoppers.run}:early")
        later = partial(complain, shop, world.seed, f"{shoppers.run}:late")
        evidence = await open_evidence(stack, settings)
        judgement = await judged(evidence, seen, clock, private, console, later)
    findings = (*judgement.findings, *([all_were_killed(seen)] if kill else []))
    return Run(world, seen, judgement, shoppers.groups, findings, seconds, hours)


async def open_shop(stack: AsyncExitStack, settings: Settings, seen: Seen, at_once: int) -> Shop:
    """The API, the channel and the issuer as shoppers reach them."""
    urls = (settings.public_url, settings.simulator_url, settings.issuer)
    api, channel, issuer = [
        await stack.enter_async_context(Client(url, seen, at_once=at_once)) for url in urls
    ]
    return Shop(api, channel, Wallet(issuer, TENANT), seen)


async def at_the_door(
    shop: Shop, world: World, clock: WaitingClock, tempo: Tempo, pace: Pace, console: Console
) -> Shoppers:
    """Everybody has a token and everything is on sale. Raises: Refused, GaveUp."""
    name = f"w{world.seed}.{int(clock.now().timestamp())}"
    with console.status("tokens and catalogue"):
        await shop.wallet.fill([*STAFF, *(str(user) for user in world.users())])
        now = clock.now()
        window = catalogue.Window(now - timedelta(minutes=1), now + catalogue.ON_SALE)
        campaigns = await catalogue.put_on_sale(shop, world.deals, window, name)
    return Shoppers(shop, campaigns, tempo, Bucket(pace.rate), Counter(pace.at_once), name)


async def open_evidence(stack: AsyncExitStack, settings: Settings) -> Evidence:
    books = Client(settings.simulator_url, Seen(), at_once=1)  # the judge's own calls do not count
    await stack.enter_async_context(books)
    return await stack.enter_async_context(await Evidence.of(settings, books))


async def judged(
    evidence: Evidence,
    seen: Seen,
    clock: WaitingClock,
    private: bool,
    console: Console,
    later: Later | None = None,
) -> Judgement:
    """`later` happens when merchants have been paid, and is followed by two more days of statements."""
    with console.status("waiting for the platform to settle") as status:

        def tell(what: str) -> None:
            status.update(what)

        before = await evidence.purchases()
        if private and isinstance(clock, SharedClock):
            waiting = await run_out(evidence, clock, SPANS, tell)
            if later is not None:
                await later()
                waiting = await run_out(evidence, clock, (CLOSING, CLOSING), tell)
            clock.run_at(1)
        else:
            waiting = await settle(evidence, clock, tell)
        return await judge(evidence, seen, before, waiting, clock, tell)


@contextmanager
def progress(console: Console, world: World) -> Iterator[day.Progress]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task("groups, loners and pranks", total=len(world.steps))
        yield lambda done: bar.update(task, completed=done)
