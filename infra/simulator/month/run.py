"""Day after day of the world: shoppers by day, the bank and the bills by morning, until nothing is left to be done."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Final, NamedTuple

from rich.console import Console

from domain.ledger_entry import SHANGHAI, day
from infra.clock import SharedClock, clock_from
from infra.settings import Settings
from infra.simulator.chaos.faults import Channel
from infra.simulator.month.books import Books, DayRow
from infra.simulator.month.finance import ask_again, pay_by_bank, work_the_refund_desk
from infra.simulator.month.proof import Proof, prove_a_refund
from infra.simulator.world import day as days
from infra.simulator.world.complaints import complain
from infra.simulator.world.evidence import Evidence
from infra.simulator.world.goods import HOURS
from infra.simulator.world.invariants import DECIDING_MAX, GRACE
from infra.simulator.world.judge import Judgement, judge, run_out
from infra.simulator.world.pace import Tempo
from infra.simulator.world.plan import plan
from infra.simulator.world.recorded import made_up
from infra.simulator.world.run import Pace, at_the_door, open_evidence, open_shop
from infra.simulator.world.seen import Seen
from infra.simulator.world.shop import Shop
from infra.simulator.world.wallet import STAFF

OPENS: Final = (
    time_of_day(10),
    time_of_day(17),
    time_of_day(23, 40),
)  # the last straddles midnight
MORNING: Final = time_of_day(10, 5)  # bills may be fetched since ten
UNTIL_DECIDED: Final = (timedelta(hours=max(HOURS)) + GRACE, DECIDING_MAX + GRACE)
WAIT_SPEED: Final = 60  # seconds of the world's time in a real one, while a date is to be closed
CLOSE_SECONDS: Final = 120.0  # real: a date that is not closed by then stays open
LOOK_SECONDS: Final = 0.5
COMPLAINTS: Final = 0.008  # a day, of all orders that are ready, however old
QUIET_DAYS: Final = (
    14  # at most, after the month: refunds, statements and payouts come to their end
)

Tell = Callable[[str], None]


class Month(NamedTuple):
    """What came of it."""

    seed: int
    rows: tuple[DayRow, ...]
    judgement: Judgement
    left: tuple[str, ...]  # what the books cannot explain; empty: every fen can be
    proof: Proof
    fired: Counter[str]  # faults of the channel
    seconds: float

    @property
    def holds(self) -> bool:
        closed = all(row.closed for row in self.rows)
        return closed and not self.left and self.judgement.holds and self.proof.holds


class Plan(NamedTuple):
    """How large the month is."""

    seed: int
    days: int
    groups: int  # a day
    faults: bool  # of the channel, at the rates of a chaos run


async def run(settings: Settings, wanted: Plan, pace: Pace, console: Console) -> Month:
    """Play and close every day. The platform and its clock must be ours alone."""
    seen, began = Seen(), time.monotonic()
    clock = clock_from(settings)
    assert isinstance(clock, SharedClock)
    async with AsyncExitStack() as stack:
        shop = await open_shop(stack, settings, seen, pace.at_once)
        evidence = await open_evidence(stack, settings)
        books = await stack.enter_async_context(await Books.of(settings))
        await shop.wallet.fill(STAFF)
        first = day(clock.now()) + timedelta(days=1)
        channel = Channel(shop.channel, wanted.seed)
        if wanted.faults:
            await channel.misbehave()
        house = House(shop, evidence, books, clock)
        with console.status("the month begins") as status:
            for number in range(wanted.days):
                on = first + timedelta(days=number)
                await house.a_day(on, wanted, number, pace, status.update)
                await house.a_morning(on + timedelta(days=1), wanted.seed, status.update)
            last = first + timedelta(days=wanted.days - 1)
            await channel.behave()
            await house.run_dry(last, wanted.seed, status.update)
            clock.run_at(1)
            fired = await channel.fired()
            before = await evidence.purchases()
            waiting = await run_out(evidence, clock, (), status.update)
            judgement = await judge(evidence, seen, before, waiting, clock, status.update)
            rows = tuple(row for row in await books.days() if row.bill_date >= first)
            left = tuple(await books.unexplained(await evidence.account_total()))
            proof = await prove_a_refund(settings, judgement.story)
    return Month(wanted.seed, rows, judgement, left, proof, fired, time.monotonic() - began)


class House:
    """Everybody who works through the month."""

    def __init__(self, shop: Shop, evidence: Evidence, books: Books, clock: SharedClock) -> None:
        self._shop = shop
        self._evidence = evidence
        self._books = books
        self._clock = clock

    async def a_day(self, on: date, wanted: Plan, number: int, pace: Pace, tell: Tell) -> None:
        """Shoppers come, groups are decided, some complain."""
        tell(f"{on}: shoppers")
        self._clock.run_at(1)
        self._until(on, OPENS[number % len(OPENS)])
        world = plan(made_up(wanted.groups, wanted.seed + number), wanted.seed + number)
        tempo = Tempo(self._clock)
        quiet = Console(quiet=True)  # the month has a status line of its own
        shoppers = await at_the_door(self._shop, world, self._clock, tempo, pace, quiet)
        self._clock.run_at(pace.speed)
        await days.play(world, shoppers, tempo, pace.gap_seconds(world), lambda _: None)
        await run_out(self._evidence, self._clock, UNTIL_DECIDED, tell)
        await complain(self._shop, world.seed, shoppers.run, COMPLAINTS)

    async def a_morning(self, on: date, seed: int, tell: Tell) -> None:
        """Desks are worked, the bank is paid from, and the bills of yesterday are closed, if all is well."""
        self._clock.run_at(WAIT_SPEED)  # retries of a channel that fails wait for minutes
        self._until(on, MORNING)
        run = f"month{seed}:{on}"
        await run_out(self._evidence, self._clock, (), tell)
        await work_the_refund_desk(self._shop, run)
        await ask_again(self._shop, run)
        await pay_by_bank(self._shop, seed, self._clock.now(), run)
        deadline = time.monotonic() + CLOSE_SECONDS
        before = on - timedelta(days=1)
        while not await self._books.closed(before) and time.monotonic() < deadline:
            tell(f"{before}: {await self._books.why(before)}")
            await asyncio.sleep(LOOK_SECONDS)

    async def run_dry(self, last: date, seed: int, tell: Tell) -> None:
        """Days without shoppers, until nothing is pending, payable, in transit or open."""
        for number in range(1, QUIET_DAYS + 1):
            await self.a_morning(last + timedelta(days=number + 1), seed, tell)
            if number > 1 and not await self._books.under_way():
                return

    def _until(self, on: date, at: time_of_day) -> None:
        then = datetime.combine(on, at, SHANGHAI)
        if then > self._clock.now():
            self._clock.jump(then)
