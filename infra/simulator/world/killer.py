"""kill -9 of every process in turn while the load runs. Only ever of a private platform's own processes."""

import asyncio
import signal
from typing import Final

from infra.settings import Settings
from infra.simulator.world.invariants import Finding, finding
from infra.simulator.world.processes import OWNER, STANDBY, Processes
from infra.simulator.world.seen import Seen

TARGETS: Final = (
    OWNER, "gateway", "relay", STANDBY, "projector", "runner", "channel-simulator", "nats", "dev-issuer",
)  # fmt: skip
ROUNDS: Final = 3
PAUSE_SECONDS: Final = 2.5  # between the return of one and the death of the next
RETURN_SECONDS: Final = 30.0


class Killer:
    """`run()` kills each a few times, or until it is cancelled."""

    def __init__(self, settings: Settings, seen: Seen) -> None:
        self._settings = settings
        self._seen = seen

    async def run(self) -> None:
        async with Processes(self._settings) as processes:
            for target in TARGETS * ROUNDS:
                await asyncio.sleep(PAUSE_SECONDS)
                name = await processes.name(target)
                if name is None:
                    continue  # nobody owns the cell just now
                killed = processes.send(name, signal.SIGKILL)
                self._seen.kills[target] += 1
                if not await processes.back(name, killed, RETURN_SECONDS):
                    self._seen.wrong.append(f"{name} was not well in {RETURN_SECONDS:.0f} s")


def all_were_killed(seen: Seen) -> Finding:
    """A clean run proves nothing if nothing was killed."""
    spared = [f"{target} was never killed" for target in TARGETS if not seen.kills[target]]
    return finding(
        "faults", "every process was killed -9 while the load ran", seen.kills.total(), spared
    )
