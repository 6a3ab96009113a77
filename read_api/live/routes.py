"""GET /v1/live/…: feeds of server-sent events, and POST /v1/live/tickets for browsers."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from domain.identity import IdentityUnavailable, Principal
from domain.problem import IDENTITY_DOWN, TOO_MANY
from read_api.access import ALL, OWN, admit
from read_api.live.door import Watched, Watcher, Watching
from read_api.live.feed import Feed
from read_api.live.hall import Hall
from read_api.live.orders import OrderFeed
from read_api.live.ports import TICKET_SECONDS, Live, TooManyTickets
from read_api.live.sales import SalesFeed
from read_api.live.stream import EventStream
from read_api.problems import Refused
from read_api.waiting import Waiting, parse

router = APIRouter(prefix="/v1/live", tags=["live"])

OPERATORS: Final = Watching(frozenset({ALL}))
EVERYBODY: Final = Watching(frozenset({OWN, ALL}))
STREAM: Final[dict[str, Any]] = {
    "response_class": EventStream,
    "status_code": 200,
    "responses": {
        200: {
            "description": "Events until the client leaves: `id` is cell.epoch.position, `data` JSON."
            " `reset` means: forget what you have. `end` says why nothing more comes, as a problem."
        }
    },
}


class Ticket(BaseModel):
    """Opens one feed, once, as `?ticket=`."""

    ticket: str
    expires_in: int  # seconds


class Asking:
    """A dependency: who asks for a ticket."""

    needs = frozenset({OWN, ALL})

    async def __call__(self, request: Request) -> Principal:
        return await admit(request, self.needs)


async def opened(request: Request, watcher: Watcher, asked: Watched, feed: Feed) -> EventStream:
    """The feed, from the position named in Tuan-Token on if there is one. Raises: Refused."""
    wanted = request.headers.get("tuan-token") or asked.at_least
    waiting: Waiting = request.app.state.waiting
    if wanted:
        await waiting.until(parse(wanted), feed.reading.handlers)
    hall: Hall = request.app.state.hall
    return EventStream(hall, watcher, feed)


@router.get("/dashboard", **STREAM)
async def live_dashboard(
    request: Request,
    watcher: Annotated[Watcher, Depends(OPERATORS)],
    asked: Annotated[Watched, Query()],
) -> EventStream:
    """Today's sales: `state` with every line, then `delta` with those that changed, each with its whole value."""
    return await opened(request, watcher, asked, SalesFeed())


@router.get("/campaigns/{campaign_id}", **STREAM)
async def live_campaign(
    campaign_id: UUID,
    request: Request,
    watcher: Annotated[Watcher, Depends(OPERATORS)],
    asked: Annotated[Watched, Query()],
) -> EventStream:
    """The same of one campaign, with its groups that are open or were decided today."""
    return await opened(request, watcher, asked, SalesFeed(campaign_id))


@router.get("/orders/{order_id}", **STREAM)
async def live_order(
    order_id: UUID,
    request: Request,
    watcher: Annotated[Watcher, Depends(EVERYBODY)],
    asked: Annotated[Watched, Query()],
) -> EventStream:
    """What happens to one order: an `entry` for each line of its timeline, past ones first."""
    return await opened(request, watcher, asked, OrderFeed(order_id))


@router.post("/tickets")
async def issue_ticket(
    request: Request, principal: Annotated[Principal, Depends(Asking())]
) -> Ticket:
    """A ticket for a browser's EventSource, which cannot send a token."""
    live: Live = request.app.state.live
    try:
        ticket = await live.tickets.issue(principal, Asking.needs)
    except TooManyTickets:
        raise Refused(TOO_MANY) from None
    except IdentityUnavailable:
        raise Refused(IDENTITY_DOWN) from None
    return Ticket(ticket=ticket, expires_in=TICKET_SECONDS)
