"""How many reports are made at once: each keeps one snapshot open for as long as its reader takes."""

from collections.abc import AsyncIterator
from typing import Final

from fastapi import Request

from read_api.problems import REPORTS_BUSY, Refused

AT_ONCE: Final = 3  # of the connections a read API has; the others stay for short answers


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
