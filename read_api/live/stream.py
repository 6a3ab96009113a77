"""The HTTP answer that goes on until the client leaves, is too slow, or may no longer look.

No database connection is held while nothing happens. Nothing is queued either: what is new is looked up when
the client has taken what was sent before, so a slow one costs a socket's buffer and then loses its place.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from domain.problem import Problem, render
from read_api.live.door import Watcher
from read_api.live.feed import Event, Feed, written
from read_api.live.hall import Hall
from read_api.live.lookout import Mark, advanced
from read_api.live.view import View
from read_api.problems import AWAY, Refused

log = logging.getLogger(__name__)

CHECK_SECONDS: Final = 1.0  # between two looks at whether the watcher may still watch
HEARTBEAT_SECONDS: Final = 10.0
SEND_SECONDS: Final = 4.0  # in which a client must take what it is sent
RETRY: Final = b"retry: 1000\n\n"  # milliseconds before a browser comes again
HEARTBEAT: Final = b": still here\n\n"


class EventStream(Response):
    """Server-sent events of one feed to one watcher."""

    media_type = "text/event-stream"

    def __init__(self, hall: Hall, watcher: Watcher, feed: Feed) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Origin"}
        if watcher.origin is not None:
            headers["Access-Control-Allow-Origin"] = watcher.origin
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._hall = hall
        self._watcher = watcher
        self._feed = feed
        self._view = View(hall.state, watcher.principal, feed, watcher.last)
        self._sent_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Whatever is wrong before the first byte is a problem like any other: Refused passes through."""
        with self._hall.seats.take(self._watcher.principal):
            async with self._hall.lookout.watch():
                begun = await self._view.look()
                head = {"status": self.status_code, "headers": self.raw_headers}
                await send({"type": "http.response.start", **head})
                pumping = asyncio.create_task(self._serve(begun, send))
                leaving = asyncio.create_task(gone(receive))
                try:
                    await asyncio.wait((pumping, leaving), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    pumping.cancel()
                    leaving.cancel()
                    await asyncio.wait((pumping, leaving))
        if not pumping.cancelled():
            pumping.result()

    async def _serve(self, begun: Sequence[Event], send: Send) -> None:
        try:
            await self._send(send, RETRY + written(begun))
            problem = await self._go_on(send)
            last = b"" if problem is None else b"event: end\ndata: %s\n\n" % render(problem)
            await self._send(send, last, more=False)
        except TimeoutError:
            log.info("a live client of %s was too slow", self._watcher.principal.tenant)

    async def _go_on(self, send: Send) -> Problem | None:
        """Send what is new until it is time to end; returns why, if the client should know."""
        loop, lookout, handlers = (
            asyncio.get_running_loop(),
            self._hall.lookout,
            self._feed.reading.handlers,
        )
        seen: Mark | None = None
        while not self._hall.closing():
            problem = self._hall.turned_away(self._watcher.principal)
            if problem is not None:
                return problem
            if loop.time() - self._sent_at >= HEARTBEAT_SECONDS:
                await self._send(send, HEARTBEAT)
            mark = lookout.mark(self._view.cell, handlers)
            if mark == seen and not self._view.turned:
                await lookout.moved(self._view.cell, handlers, mark, CHECK_SECONDS)
                continue
            seen, before = mark, seen
            try:
                news = self._hall.news if advanced(before, mark) else None
                events = await self._view.look(news)
            except Refused as refused:
                return refused.problem
            except AWAY as error:
                log.warning("a live feed ends: %s", error)
                return None
            if events:
                await self._send(send, written(events))
            await asyncio.sleep(self._feed.pace_seconds)
        return None

    async def _send(self, send: Send, body: bytes, *, more: bool = True) -> None:
        """Raises: TimeoutError when the client does not take it."""
        async with asyncio.timeout(SEND_SECONDS):
            await send({"type": "http.response.body", "body": body, "more_body": more})
        self._sent_at = asyncio.get_running_loop().time()


async def gone(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
