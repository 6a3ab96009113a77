"""The chosen refund beside the list: kept up to date, with the buttons of what people may do."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import uuid4

from markupsafe import Markup
from nicegui import ui

from read_api.console.api import Missing, Refused
from read_api.console.buttons import button
from read_api.console.refund_acts import decline_resolution, propose_resolution
from read_api.console.refund_case import case
from read_api.console.view import View

BLANK: Final = Markup('<p class="blank">{}</p>')


class CasePanel:
    """Shows one refund, says what came of the last click, and offers what comes next."""

    def __init__(self, view: View, refresh_all: Callable[[], Awaitable[None]]) -> None:
        t = view.t
        self.view, self.refresh_all = view, refresh_all
        self.id = ""
        self.refund: dict[str, Any] | None = None
        self.keys: dict[str, str] = {}  # of approvals: asking twice for one is one command
        with ui.element("section").classes("card w5 detail"):
            self.told = ui.label().classes("notice good").props("role=status")
            self.refusal = ui.label().classes("notice bad").props("role=alert")
            with ui.element("div").classes("actions"):
                self.approve = button(t("approve"), self.say_yes, primary=True)
                self.decline = button(t("decline"), self.ask_decline)
                self.propose = button(t("propose"), self.ask_resolution)
            self.body = ui.html("", sanitize=False)
        self.show()
        self.say()

    def choose(self, id: str) -> None:
        if id != self.id:
            self.id, self.refund = id, None
            self.say()

    async def refresh(self) -> None:
        if self.id:
            try:
                self.refund = await self.view.api.get(f"/v1/refunds/{self.id}")
            except Missing:
                self.refund = None
        self.show()

    def show(self) -> None:
        refund = self.refund
        wanted = self.view.t("missing" if self.id else "choose")
        html = case(self.view, refund) if refund else BLANK.format(wanted)
        if self.body.content != html:
            self.body.set_content(html)
        open = bool(refund and refund["proposal"])
        self.approve.set_visibility(open)
        self.decline.set_visibility(open)
        self.propose.set_visibility(bool(refund and refund["trouble"]) and not open)

    def say(self, told: str = "", refusal: str = "") -> None:
        for label, text in ((self.told, told), (self.refusal, refusal)):
            label.set_text(text)
            label.set_visibility(bool(text))

    async def done(self, told: str) -> None:
        self.say(told)
        await self.refresh_all()

    async def say_yes(self) -> None:
        """Approve exactly what is on the screen: its digest goes along."""
        assert self.refund is not None
        proposal = self.refund["proposal"]
        key = self.keys.setdefault(proposal["id"], str(uuid4()))
        body = {
            "refund_id": self.refund["refund_id"],
            "proposal_id": proposal["id"],
            "shown": proposal["shown"],
        }

        async def ask() -> None:
            try:
                await self.view.api.command("approve_resolution", body, key)
            except Refused as no:
                self.keys.pop(proposal["id"], None)
                self.say(refusal=no.said(self.view.language))
                return
            await self.done(self.view.t("done_approved"))

        await self.view.attempt(ask)

    def ask_decline(self) -> None:
        assert self.refund is not None
        proposal = self.refund["proposal"]["id"]
        decline_resolution(self.view, self.refund["refund_id"], proposal, self.done)

    def ask_resolution(self) -> None:
        assert self.refund is not None
        propose_resolution(self.view, self.refund["refund_id"], self.done)
