"""One chaos run: a platform behind bad connections, a world in it, the plan done to it, then rest and judgement."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Final, LiteralString

import psycopg
from psycopg import AsyncConnection, sql
from rich.console import Console

from infra.clock import SharedClock, clock_from
from infra.settings import PREFIX, Settings, load
from infra.simulator.chaos.certificate import Outcome
from infra.simulator.chaos.faults import LISTENERS, Channel, Disordered, Faults
from infra.simulator.chaos.network import Network
from infra.simulator.chaos.plan import Plan
from infra.simulator.chaos.platform import give
from infra.simulator.world.day import begin
from infra.simulator.world.dice import dice
from infra.simulator.world.judge import settle
from infra.simulator.world.pace import Tempo
from infra.simulator.world.plan import Step, World
from infra.simulator.world.platform import platform_in, wait_until_up
from infra.simulator.world.processes import Processes, until
from infra.simulator.world.report import Run
from infra.simulator.world.run import Pace, at_the_door, judged, open_evidence, open_shop
from infra.simulator.world.seen import Seen
from infra.simulator.world.shoppers import Shoppers
from infra.wanted import end

MODULE: Final = "infra.simulator.chaos.platform"
EVERY_GROUP_ENDS: Final = timedelta(hours=1, minutes=15)
REFUNDS_SECONDS: Final = 240.0  # real, for refunds that are still missing when all faults are done
REFUNDS_LOOK_SECONDS: Final = 2.0
LOOKS_PER_JUMP: Final = 15
GO_HOME_SECONDS: Final = 20.0  # real, for shoppers to end what they are at
ASKED: LiteralString = "select count(*) from {cell}.events where type = 'refund.requested.v1'"


@asynccontextmanager
async def platform(directory: Path, network: Network, seed: int) -> AsyncIterator[Settings]:
    """All processes, each led through its proxies, consumers in disorder. Raises: StartFailed."""
    for service, environment in network.environments().items():
        give(directory, service, environment)
    for service in LISTENERS:
        disorder = {f"{PREFIX}DELIVERY_DISORDER": str(seed + 1)}
        give(directory, service, {**network.environments()[service], **disorder})
    child = platform_in(directory, MODULE)
    try:
        child.start()
        await asyncio.to_thread(wait_until_up, child)
        yield load(data_dir=directory)
    finally:
        network.heal()
        await asyncio.to_thread(child.stop)


async def run(
    world: World, plan: Plan, pace: Pace, seconds: float, directory: Path, console: Console
) -> Outcome:
    """`seconds`: how long the load goes on at least. Raises: StartFailed, Refused, GaveUp."""
    async with AsyncExitStack() as stack:
        network = await stack.enter_async_context(Network(directory))
        with console.status("starting a platform of its own"):
            settings = await stack.enter_async_context(platform(directory, network, plan.seed))
        clock = clock_from(settings)
        assert isinstance(clock, SharedClock)
        processes = await stack.enter_async_context(Processes(settings))
        faults = Faults(plan, processes, network, settings, clock)
        trial = Trial(world, pace, settings, clock, console)
        return await trial.run(stack, faults, network, Disordered(processes), seconds)


class Trial:
    """The load, the faults beside it, and what came of both."""

    def __init__(
        self, world: World, pace: Pace, settings: Settings, clock: SharedClock, console: Console
    ) -> None:
        self._world = world
        self._pace = pace
        self._settings = settings
        self._clock = clock
        self._console = console
        self._seen = Seen()
        self._begun: list[Step] = []

    async def run(
        self,
        stack: AsyncExitStack,
        faults: Faults,
        network: Network,
        disordered: Disordered,
        seconds: float,
    ) -> Outcome:
        shop = await open_shop(stack, self._settings, self._seen, self._pace.at_once)
        tempo = Tempo(self._clock)
        shoppers = await at_the_door(
            shop, self._world, self._clock, tempo, self._pace, self._console
        )
        channel = Channel(shop.channel, faults.plan.seed)
        began, first = time.monotonic(), self._clock.now()
        self._clock.run_at(self._pace.speed)
        watching = asyncio.create_task(disordered.watch())
        stack.push_async_callback(end, watching)
        if faults.plan.counts.refunds:
            await channel.misbehave()
        over = asyncio.Event()
        playing = asyncio.create_task(self._play(shoppers, tempo, over))
        try:
            refunds = await self._suffer(faults, playing, began + seconds)
        finally:
            over.set()
            network.heal()
            await channel.behave()
        healed = time.monotonic()
        await playing
        load_seconds = time.monotonic() - began
        hours = (self._clock.now() - first) / timedelta(hours=1)
        channel_fired = await channel.fired()
        evidence = await open_evidence(stack, self._settings)
        with self._console.status("coming to rest") as status:
            waiting = await settle(evidence, self._clock, status.update)
        at_rest = time.monotonic() - healed
        await end(watching)
        judgement = await judged(evidence, self._seen, self._clock, True, self._console)
        played = self._world._replace(steps=tuple(self._begun))
        return Outcome(
            plan=faults.plan,
            happened=tuple(faults.happened),
            channel_fired=channel_fired,
            disordered=disordered.counted,
            felt=network.felt(),
            refunds_asked=refunds,
            converged=waiting.nothing,
            converge_seconds=at_rest,
            world=Run(
                played,
                self._seen,
                judgement,
                shoppers.groups,
                judgement.findings,
                load_seconds,
                hours,
            ),
        )

    async def _suffer(self, faults: Faults, playing: "asyncio.Task[None]", until_at: float) -> int:
        """All faults, then whatever time or refunds are missing; returns the refunds asked for meanwhile."""
        with self._console.status("faults") as status:
            await faults.run(self._tell)
            wanted = faults.plan.counts.refunds
            status.update("letting time pass")
            while time.monotonic() < until_at and not playing.done():
                await asyncio.sleep(REFUNDS_LOOK_SECONDS)
            if wanted and await self._refunds_asked() < wanted:
                status.update(f"waiting for {wanted} refunds")
                looks = count()

                async def enough() -> bool:
                    if next(looks) % LOOKS_PER_JUMP == 0:
                        self._clock.jump(self._clock.now() + EVERY_GROUP_ENDS)
                    await asyncio.sleep(REFUNDS_LOOK_SECONDS)
                    return await self._refunds_asked() >= wanted

                await until(enough, REFUNDS_SECONDS)
        return await self._refunds_asked()

    async def _play(self, shoppers: Shoppers, tempo: Tempo, over: asyncio.Event) -> None:
        """Step after step until it is over; who then takes too long goes home."""
        chance, gap = dice(self._world.seed, "arrivals"), self._pace.gap_seconds(self._world)
        alive: set[asyncio.Task[None]] = set()
        for step in self._world.steps:
            await tempo.sleep(chance.expovariate(1 / gap))
            await shoppers.counter.open()
            if over.is_set():
                break
            self._begun.append(step)
            one = asyncio.create_task(shoppers.patiently(begin(shoppers, step)))
            alive.add(one)
            one.add_done_callback(alive.discard)
        await over.wait()
        if not alive:
            return
        _, late = await asyncio.wait(set(alive), timeout=GO_HOME_SECONDS)
        for one in late:
            one.cancel()
        self._seen.outcomes["went home"] += len(late)
        for ended in await asyncio.gather(*late, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    def _tell(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    async def _refunds_asked(self) -> int:
        """0 while the database is away."""
        query = sql.SQL(ASKED).format(cell=sql.Identifier(self._settings.cell))
        try:
            async with await AsyncConnection.connect(
                self._settings.dsn(), autocommit=True, connect_timeout=2
            ) as conn:
                row = await (await conn.execute(query)).fetchone()
        except psycopg.OperationalError:
            return 0
        return int(row[0]) if row else 0
