"""kill -9 of every process in turn while the load runs. Only ever of a private platform's own processes."""

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import Any, Final

import aiohttp

from infra.embedded.child import birth
from infra.settings import Settings
from infra.simulator.world.invariants import Finding, finding
from infra.simulator.world.seen import Seen

OWNER, STANDBY = "the engine that owns the cell", "the engine that stands by"
ENGINES: Final = {"engine-1": "engine_port", "engine-2": "engine-2_port"}
TARGETS: Final = (
    OWNER, "gateway", "relay", STANDBY, "projector", "runner", "channel-simulator", "nats", "dev-issuer",
)  # fmt: skip
ROUNDS: Final = 3
PAUSE_SECONDS: Final = 4.0  # between the return of one and the death of the next
RETURN_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.1


class Killer:
    """`run()` kills each a few times, or until it is cancelled."""

    def __init__(self, settings: Settings, seen: Seen) -> None:
        self._directory = settings.data_dir
        self._host = settings.host
        self._seen = seen
        self._made: dict[str, Any] = json.loads((self._directory / "settings.json").read_text())

    async def run(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            for target in TARGETS * ROUNDS:
                await asyncio.sleep(PAUSE_SECONDS)
                name = await self._name(session, target)
                if name is None:
                    continue  # nobody owns the cell just now
                pid = self._kill(name)
                self._seen.kills[target] += 1
                await self._returned(name, pid)

    def _kill(self, name: str) -> int:
        trace = self._trace(name)
        if birth(trace["pid"]) == trace["birth"]:  # numbers are used again
            os.kill(trace["pid"], signal.SIGKILL)
        return int(trace["pid"])

    async def _returned(self, name: str, killed: int) -> None:
        """The supervisor has started it again."""
        deadline = time.monotonic() + RETURN_SECONDS
        while (trace := self._trace(name))["pid"] == killed or not birth(trace["pid"]):
            if time.monotonic() > deadline:
                self._seen.wrong.append(f"{name} did not come back in {RETURN_SECONDS:.0f} s")
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _name(self, session: aiohttp.ClientSession, target: str) -> str | None:
        """Which process that is right now."""
        if target not in (OWNER, STANDBY):
            return target
        owns = {name: await self._owns(session, port) for name, port in ENGINES.items()}
        if True not in owns.values():
            return None
        return next((name for name, owner in owns.items() if owner is (target == OWNER)), None)

    async def _owns(self, session: aiohttp.ClientSession, port: str) -> bool:
        try:
            async with session.get(f"http://{self._host}:{self._made[port]}/healthz") as answer:
                return bool((await answer.json())["owner"])
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    def _trace(self, name: str) -> dict[str, Any]:
        """What the supervisor noted about the process it started last."""
        path: Path = self._directory / "run" / f"{name}.json"
        try:
            trace: dict[str, Any] = json.loads(path.read_text())
        except ValueError:  # being written
            return {"pid": 0, "birth": ""}
        return trace


def all_were_killed(seen: Seen) -> Finding:
    """A clean run proves nothing if nothing was killed."""
    spared = [f"{target} was never killed" for target in TARGETS if not seen.kills[target]]
    return finding(
        "faults", "every process was killed -9 while the load ran", seen.kills.total(), spared
    )
