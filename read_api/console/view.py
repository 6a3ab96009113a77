"""One page as one person sees it: who, in which words, and how it stays up to date."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nicegui import ui
from starlette.requests import Request

from read_api.console.api import Api, Away, Ended, Missing, Refused
from read_api.console.formats import clock_time
from read_api.console.gate import LOGIN, session_of
from read_api.console.house import House
from read_api.console.sessions import Session
from read_api.console.taste import Taste, taste_of
from read_api.console.texts import Words

log = logging.getLogger(__name__)

Refresh = Callable[[], Awaitable[None]]


@dataclass
class View:
    """What a page needs: the person's session and taste, the API in their name, and a place to say how it goes."""

    house: House
    session: Session
    taste: Taste
    api: Api
    state: ui.label | None = field(default=None)

    @property
    def t(self) -> Words:
        return self.taste.t

    @property
    def language(self) -> str:
        return self.taste.language

    def now(self) -> datetime:
        return self.house.clock.now()

    def either(self, zh: str, en: str) -> str:
        """What the API serves in both languages."""
        return zh if self.language == "zh" else en

    def every(self, seconds: float, refresh: Refresh) -> None:
        """Refresh at once and then again and again while the page is open; never twice at a time."""

        async def once() -> None:
            await self.attempt(refresh)

        self._say("", self.t("waiting"))
        ui.timer(seconds, once)

    async def attempt(self, work: Refresh) -> bool:
        """Do something with the API, and show how it went in the header; False when it did not work."""
        try:
            await work()
        except Ended:
            self.leave()
        except Away as away:
            log.warning("the API does not answer: %s", away)
            self._say("stale", self.t("stale"))
        except Refused as no:
            self._say("stale", self.reason(no))
        else:
            self._say("live", f"{self.t('live')} {clock_time(self.now())}")
            return True
        return False

    async def fetch(self, path: str, **asked: Any) -> dict[str, Any] | None:
        """What a page is about. None when there is none to be had, which the page then says in its place."""
        try:
            found = await self.api.get(path, **asked)
            self._say("live", f"{self.t('as_of')} {clock_time(self.now())}")
            return found
        except Ended:
            self.leave()
        except Away:
            self.notice(self.t("stale"))
        except Missing:
            self.notice(self.t("missing"))
        except Refused as no:
            self.notice(self.reason(no))
        return None

    def reason(self, no: Refused) -> str:
        return self.t("forbidden") if no.status == 403 else no.said(self.language)

    def notice(self, said: str) -> None:
        """In place of what a page is about."""
        with ui.element("section").classes("card empty"):
            ui.label(said).props("role=alert")

    def _say(self, tone: str, text: str) -> None:
        if self.state is not None:
            self.state.set_text(text)
            self.state.classes(replace=f"state {tone}")

    def leave(self) -> None:
        self.house.sessions.close(self.session)
        ui.navigate.to(LOGIN)


def view_of(house: House, request: Request) -> View:
    """For a request that the gate let in."""
    session = session_of(request)
    assert session is not None, "the gate lets nobody in without a session"
    api = Api(house.http, house.gateway, session.token)
    return View(house, session, taste_of(request), api)
