"""The processes of a private platform, found by what the supervisor notes about them. Only ever its own."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import aiohttp

from infra.embedded.child import birth
from infra.settings import Settings

OWNER, STANDBY = "the engine that owns the cell", "the engine that stands by"
ENGINES: Final = {"engine-1": "engine_port", "engine-2": "engine-2_port"}
PORTS: Final = {
    **ENGINES,
    "gateway": "gateway_port",
    "relay": "relay_port",
    "projector": "projector_port",
    "runner": "runner_port",
    "channel-simulator": "channel_simulator_port",
    "dev-issuer": "dev_issuer_port",
}
LOOK_SECONDS: Final = 0.05


class Trace(NamedTuple):
    """One life of a process: what the supervisor noted when it started it."""

    pid: int
    birth: str

    @property
    def alive(self) -> bool:
        return bool(self.birth) and birth(self.pid) == self.birth  # numbers are used again


class Processes:
    """Use as an async context manager."""

    def __init__(self, settings: Settings) -> None:
        self.directory = settings.data_dir
        self._host = settings.host
        self._made: dict[str, Any] = json.loads((self.directory / "settings.json").read_text())

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    # --- who is there --------------------------------------------------------------------------

    async def name(self, target: str) -> str | None:
        """Which process that is right now; None when no process is."""
        if target not in (OWNER, STANDBY):
            return target
        owns = {name: await self.owns(name) for name in ENGINES}
        if True not in owns.values():
            return None
        return next((name for name, owner in owns.items() if owner is (target == OWNER)), None)

    async def owns(self, engine: str) -> bool | None:
        """Does this engine own the cell? None when it does not answer."""
        health = await self.health(engine)
        return None if health is None else bool(health["owner"])

    async def health(self, name: str) -> dict[str, Any] | None:
        """What it says of itself; None when it does not answer, or not that it is well."""
        url = f"{self.address(name)}/healthz"
        try:
            async with self._session.get(url) as answer:
                return await answer.json() if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return None

    def address(self, name: str) -> str:
        """Its base URL; of an engine, as it stands in the owner row."""
        return f"http://{self._host}:{self._made[PORTS[name]]}"

    async def metrics(self, name: str) -> str:
        """Its metrics as text; "" when it does not answer."""
        url = f"{self.address(name)}/metrics"
        try:
            async with self._session.get(url) as answer:
                return await answer.text() if answer.status == 200 else ""
        except (aiohttp.ClientError, TimeoutError, OSError):
            return ""

    def trace(self, name: str) -> Trace:
        """Its last life, over or not."""
        path: Path = self.directory / "run" / f"{name}.json"
        noted: dict[str, Any] = json.loads(
            path.read_text()
        )  # replaced by a rename, so always whole
        return Trace(noted["pid"], noted["birth"])

    # --- what is done to them ------------------------------------------------------------------

    def send(self, name: str, number: signal.Signals) -> Trace:
        """A signal to the life it was sent to, if that goes on."""
        trace = self.trace(name)
        if trace.alive:
            os.kill(trace.pid, number)
        return trace

    async def back(self, name: str, before: Trace | None, seconds: float) -> bool:
        """Is it well, in another life than `before`, within `seconds`?"""

        async def holds() -> bool:
            trace = self.trace(name)
            if trace == before or not trace.alive:
                return False
            return name not in PORTS or await self.health(name) is not None

        return await until(holds, seconds)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Wait for an async condition; False when it did not come true in time."""
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(LOOK_SECONDS)
    return True
