"""One break at the desk: taken on, its resolution proposed by one person and approved by another who sees the same."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from nicegui import ui

from read_api.console.amounts import Asked, Why, explained
from read_api.console.api import Missing, Refused
from read_api.console.break_acts import decline_break, propose_break
from read_api.console.break_case import case
from read_api.console.buttons import button
from read_api.console.dialogs import Done
from read_api.console.explained import Explained
from read_api.console.refund_words import toned
from read_api.console.texts_breaks import CODES
from read_api.console.view import View

AMOUNTS = ("long", "short")


class BreakDesk:
    """Shows one break, says what came of the last click, and offers what comes next."""

    def __init__(
        self, view: View, explained: Explained, refresh_all: Callable[[], Awaitable[None]]
    ) -> None:
        t = view.t
        self.view, self.explained, self.refresh_all = view, explained, refresh_all
        self.id = ""
        self.found: dict[str, Any] | None = None
        self.keys: dict[tuple[str, str], str] = {}  # asking twice for one thing is one command
        with ui.element("div").classes("break-desk") as self.whole:
            self.told = ui.label().classes("notice good").props("role=status")
            self.refusal = ui.label().classes("notice bad").props("role=alert")
            with ui.element("div").classes("actions"):
                self.approve = button(t("approve"), self.say_yes, primary=True)
                self.decline = button(t("decline"), lambda: self.in_dialog(decline_break))
                self.propose = button(t("propose"), lambda: self.in_dialog(propose_break))
                self.take = button(t("take_it"), self.assign)
            self.body = Asked(self.ask)
        self.choose("")

    def choose(self, id: str) -> None:
        if id != self.id or not id:
            self.id, self.found = id, None
            self.say()
            self.show()

    async def refresh(self) -> None:
        if self.id:
            try:
                self.found = await self.view.api.get(f"/v1/breaks/{self.id}")
            except Missing:
                self.found = None
        self.show()

    def show(self) -> None:
        it = self.found
        self.whole.set_visibility(it is not None)
        if it is None:
            return
        self.body.draw(case(self.view, it))
        still, proposed = it["closed"] is None, it["proposal"] is not None
        self.approve.set_visibility(still and proposed)
        self.decline.set_visibility(still and proposed)
        self.propose.set_visibility(still and not proposed)
        self.take.set_visibility(still and it["owner"] != self.view.session.subject)

    def say(self, told: str = "", refusal: str = "") -> None:
        for label, text in ((self.told, told), (self.refusal, refusal)):
            label.set_text(text)
            label.set_visibility(bool(text))

    async def done(self, told: str) -> None:
        self.say(told)
        await self.refresh_all()

    async def ask(self, name: str) -> None:
        """Where an amount in suspense comes from."""
        if self.found is None or name not in AMOUNTS:
            return
        words = (
            f"{toned(self.view, CODES, self.found['code'])['text']} · {self.view.t(f'sum_{name}')}"
        )
        path = explained("breaks", f"{name}_fen", [self.id])
        await self.explained.open(Why(words, self.found[f"{name}_fen"], (path,)))

    async def assign(self) -> None:
        await self.command("assign_break", "done_taken", owner=self.view.session.subject)

    async def say_yes(self) -> None:
        """Approve exactly what is on the screen: its digest goes along."""
        assert self.found is not None
        open = self.found["proposal"]
        await self.command(
            "approve_break", "done_approved", proposal_id=open["id"], shown=open["shown"]
        )

    async def command(self, name: str, told: str, **body: str) -> None:
        about = name, body.get("proposal_id", self.id)
        key = self.keys.setdefault(about, str(uuid4()))

        async def ask() -> None:
            try:
                await self.view.api.command(name, {"break_id": self.id, **body}, key)
            except Refused as no:
                self.keys.pop(about, None)
                self.say(refusal=no.said(self.view.language))
                return
            self.keys.pop(about, None)
            await self.done(self.view.t(told))

        await self.view.attempt(ask)

    def in_dialog(self, question: Callable[[View, dict[str, Any], Done], None]) -> None:
        assert self.found is not None
        question(self.view, self.found, self.done)
