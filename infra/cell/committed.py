"""Tells the relay that the log has grown: a core-NATS ping, without waiting and without a promise.

Whoever misses one finds the events by polling, so a NATS that is away costs latency and nothing else.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from nats.aio.client import Client
from nats.errors import Error

from commands.engine.ports import Head
from infra.wanted import end

PENDING_BYTES = 64 * 1024  # a reconnect buffer for pings would only deliver stale ones
PAUSE_SECONDS = 0.005  # between two pings: who is woken reads all that has come by then

log = logging.getLogger(__name__)


class Pinger:
    """Call it with each new head. The first ping goes at once, the next after a pause, with the latest head."""

    def __init__(self, cell: str, client: Client) -> None:
        self._subject = f"tuan.{cell}.committed"
        self._client = client
        self._head: Head | None = None
        self._grown = asyncio.Event()

    def __call__(self, head: Head) -> None:
        self._head = head
        self._grown.set()

    async def run(self) -> None:
        while True:
            await self._grown.wait()
            self._grown.clear()
            if self._client.is_connected and self._head is not None:
                with suppress(Error):  # the relay polls too
                    await self._client.publish(self._subject, b"%d" % self._head.position)
            await asyncio.sleep(PAUSE_SECONDS)


@asynccontextmanager
async def open_pinger(cell: str, servers: list[str]) -> AsyncIterator[Pinger]:
    """A pinger that connects in the background and again whenever NATS comes back."""
    client = Client()
    pinger = Pinger(cell, client)

    async def connect() -> None:
        await client.connect(
            servers=servers,
            name=f"tuan-engine-{cell}",
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            connect_timeout=2,
            pending_size=PENDING_BYTES,
            allow_reconnect=True,
            error_cb=_quietly,
        )

    async def serve() -> None:
        while not client.is_connected:
            with suppress(OSError, Error):
                await connect()
                break
            await asyncio.sleep(0.5)
        await pinger.run()

    task = asyncio.create_task(serve())
    try:
        yield pinger
    finally:
        await end(task)
        with suppress(Error):
            await client.close()


async def _quietly(error: Exception) -> None:
    log.info("nats: %s", error)
