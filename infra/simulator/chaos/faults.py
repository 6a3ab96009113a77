"""Does what the plan says, fault after fault, and keeps count of what was seen to happen."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, NamedTuple

import msgspec

from infra.clock import SharedClock
from infra.settings import Settings
from infra.simulator.chaos.network import Network
from infra.simulator.chaos.plan import TOXIC, Fault, Plan, channel_plan
from infra.simulator.chaos.processes import Assault, Stuck
from infra.simulator.world.client import Client
from infra.simulator.world.processes import Processes

TRIES: Final = 3  # of a fault that did not happen: who was to be stopped may have died by itself
WATCH_SECONDS: Final = 1.0
DISORDERED: Final = re.compile(
    r'^tuan_consumer_disordered_total\{.*how="(\w+)"\} (\S+)$', re.MULTILINE
)
LISTENERS: Final = ("projector", "runner")

Tell = Callable[[str], None]


class Happened(NamedTuple):
    """One fault as it was: when it began, in seconds of the load, and how long it took to get over it."""

    fault: Fault
    began: float
    seconds: float
    seen: bool
    trouble: str = ""


class Faults:
    """`run` the plan; then `happened` and `fired` tell."""

    def __init__(
        self,
        plan: Plan,
        processes: Processes,
        network: Network,
        settings: Settings,
        clock: SharedClock,
    ) -> None:
        self.happened: list[Happened] = []
        self.plan = plan
        self._network = network
        self._clock = clock
        self._assault = Assault(processes, settings)
        self._lasting: set[asyncio.Task[None]] = set()

    @property
    def fired(self) -> Counter[str]:
        """By name, how often it was seen to happen."""
        return Counter(one.fault.name for one in self.happened if one.seen)

    @property
    def troubles(self) -> list[str]:
        """What the platform did not get over by itself."""
        return [f"{one.fault.name}: {one.trouble}" for one in self.happened if one.trouble]

    async def run(self, tell: Tell) -> None:
        began = time.monotonic()
        for fault in self.plan.faults:
            await asyncio.sleep(max(0.0, began + fault.at - time.monotonic()))
            if fault.what in TOXIC:
                one = asyncio.create_task(self._do(fault, began, tell))
                self._lasting.add(one)
                one.add_done_callback(self._lasting.discard)
            else:
                await self._do(fault, began, tell)
        await asyncio.gather(*self._lasting)

    async def _do(self, fault: Fault, began: float, tell: Tell) -> None:
        start, seen, trouble = time.monotonic(), False, ""
        try:
            for _ in range(TRIES):
                if seen := await self._once(fault):
                    break
        except Stuck as stuck:
            trouble = str(stuck)
        now = time.monotonic()
        self.happened.append(Happened(fault, start - began, now - start, seen, trouble))
        tell(line(self.happened[-1], len(self.happened), len(self.plan.faults)))

    async def _once(self, fault: Fault) -> bool:
        match fault.what:
            case "kill":
                return await self._assault.kill(fault)
            case "wipe":
                return await self._assault.wipe(fault)
            case "stop":
                return await self._assault.stop(fault)
            case "crash":
                return await self._assault.crash(fault)
            case "clock":
                return self._jump(fault.seconds)
            case _:
                return await self._network.suffer(fault)

    def _jump(self, seconds: float) -> bool:
        before = self._clock.now()
        self._clock.jump(before + timedelta(seconds=seconds))
        moved = (self._clock.now() - before).total_seconds()
        return moved >= seconds if seconds > 0 else moved < 0


class Channel:
    """What the payment channel is asked to do wrong. An older one does not know how: then nothing fires."""

    def __init__(self, channel: Client, seed: int) -> None:
        self._channel = channel
        self._seed = seed

    async def misbehave(self) -> bool:
        body = msgspec.json.encode(channel_plan(self._seed))
        headers = {"Content-Type": "application/json"}
        answer = await self._channel.call("PUT", "/sim/faults", headers=headers, body=body)
        return answer.ok

    async def behave(self) -> None:
        await self._channel.call("DELETE", "/sim/faults")

    async def fired(self) -> Counter[str]:
        answer = await self._channel.call("GET", "/sim/faults")
        return Counter(answer.json().get("fired", {})) if answer.ok else Counter()


class Disordered:
    """How many messages consumers met twice or out of order, over all lives of their processes."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._seen: dict[tuple[str, int, str], float] = {}

    @property
    def counted(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for (_, _, how), count in self._seen.items():
            total[how] += round(count)
        return dict(total)

    async def watch(self) -> None:
        """For ever; a life that ends between two looks takes what it counted last with it."""
        while True:
            for name in LISTENERS:
                pid = self._processes.trace(name).pid
                for how, count in DISORDERED.findall(await self._processes.metrics(name)):
                    self._seen[name, pid, how] = float(count)
            await asyncio.sleep(WATCH_SECONDS)


def line(one: Happened, number: int, of: int) -> str:
    """For whoever watches."""
    what = " ".join(part for part in (one.fault.name, one.fault.detail) if part)
    seen = one.trouble or ("seen" if one.seen else "NOT SEEN")
    return f"{one.began:6.1f} s  {number}/{of} {what}: {seen}, over after {one.seconds:.1f} s"


def as_json(one: Happened) -> dict[str, Any]:
    fault = one.fault
    return {
        "name": fault.name,
        "target": fault.target,
        "detail": fault.detail,
        "planned_at": fault.at,
        "began": round(one.began, 1),
        "seconds": round(one.seconds, 1),
        "seen": one.seen,
        **({"trouble": one.trouble} if one.trouble else {}),
    }
