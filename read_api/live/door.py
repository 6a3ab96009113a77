"""Who may watch: a token in the header, or a ticket in the URL; pages only of the origins we know."""

from typing import Annotated, NamedTuple

from fastapi import Header, Request
from pydantic import Field

from domain.identity import IdentityUnavailable, Principal, TokenVerifier, Unauthenticated
from domain.problem import IDENTITY_DOWN, UNAUTHENTICATED
from read_api.access import admit, permitted
from read_api.asked import Asked
from read_api.live.ports import Live
from read_api.problems import ORIGIN_REFUSED, Refused
from read_api.waiting import Token, parse


class Watched(Asked):
    """What every feed may be asked with, for browsers that can set no headers."""

    ticket: Annotated[
        str | None, Field(max_length=100, description="From POST /v1/live/tickets; opens one feed.")
    ] = None
    last_event_id: Annotated[
        str | None, Field(description="Like Last-Event-ID, which goes before it.")
    ] = None


class Watcher(NamedTuple):
    """Somebody who was let in. `origin` is the page's, if it is a page."""

    principal: Principal
    last: Token | None
    origin: str | None


class Watching:
    """A dependency: lets the caller in, by token or ticket."""

    def __init__(self, needs: frozenset[str]) -> None:
        self.needs = needs

    async def __call__(
        self,
        request: Request,
        last_event_id: Annotated[
            str | None, Header(description="The last id received: the feed goes on after it.")
        ] = None,
    ) -> Watcher:
        origin = request.headers.get("origin")
        live: Live = request.app.state.live
        if origin is not None and origin not in live.limits.origins:
            raise Refused(ORIGIN_REFUSED)
        asked = request.query_params
        last = last_event_id or asked.get("last_event_id")
        if "authorization" in request.headers or "ticket" not in asked:
            principal = await admit(request, self.needs)
        else:
            principal = permitted(await self._redeemed(request, asked["ticket"]), self.needs)
        return Watcher(principal, parse(last) if last else None, origin)

    async def _redeemed(self, request: Request, ticket: str) -> Principal:
        """Raises: Refused."""
        live: Live = request.app.state.live
        verifier: TokenVerifier = request.app.state.verifier
        try:
            principal = await live.tickets.redeem(ticket)
            if not verifier.still_valid(principal):
                raise Unauthenticated
        except Unauthenticated:
            raise Refused(UNAUTHENTICATED) from None
        except IdentityUnavailable:
            raise Refused(IDENTITY_DOWN) from None
        return principal
