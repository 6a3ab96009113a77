"""How reports are handed out: a few at a time, and to nobody for ever, for each keeps a snapshot open meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from read_api.problems import REPORTS_BUSY, Refused

AT_ONCE: Final = 3  # of the connections a read API has; the others stay for short answers
SECONDS_MAX = 900.0  # for one report, its reader's pauses included


async def slot(request: Request) -> AsyncIterator[None]:
    """A dependency: a place at the desk until the whole answer is sent. Raises: Refused when all are taken."""
    taken: int = getattr(request.app.state, "reports", 0)
    if taken >= AT_ONCE:
        raise Refused(REPORTS_BUSY)
    request.app.state.reports = taken + 1
    try:
        yield
    finally:
        request.app.state.reports -= 1


class Streamed(StreamingResponse):
    """Ends its source with itself, while what the source reads from is still there.

    Raises TimeoutError at a reader that does not read: the connection breaks, and no file looks whole.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(SECONDS_MAX):
                await super().__call__(scope, receive, send)
        finally:
            assert isinstance(self.body_iterator, AsyncGenerator)
            await self.body_iterator.aclose()
