"""What all feeds of one process share."""

from collections.abc import Callable

from starlette.datastructures import State

from domain.identity import IdentityUnavailable, Principal, TokenVerifier
from domain.problem import IDENTITY_DOWN, UNAUTHENTICATED, Problem
from read_api.live.lookout import Lookout
from read_api.live.news import News
from read_api.live.ports import Limits
from read_api.live.seats import Seats


class Hall:
    """`closing` says that the process is about to end: whoever serves the application sets it."""

    def __init__(self, state: State, limits: Limits) -> None:
        self.state = state
        self.seats = Seats(limits)
        self.lookout = Lookout(state.pool)
        self.news = News(state)
        self.closing: Callable[[], bool] = lambda: False

    def turned_away(self, principal: Principal) -> Problem | None:
        """Why somebody who was let in may not stay; None while he may."""
        verifier: TokenVerifier = self.state.verifier
        try:
            return None if verifier.still_valid(principal) else UNAUTHENTICATED
        except IdentityUnavailable:
            return IDENTITY_DOWN
