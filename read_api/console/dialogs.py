"""A question in a dialog whose answer becomes a command, and may be refused in words."""

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import uuid4

from nicegui import ui

from read_api.console.api import Refused
from read_api.console.buttons import button
from read_api.console.refund_words import said as worded
from read_api.console.texts_breaks import RESOLUTIONS
from read_api.console.texts_desk import ACTIONS
from read_api.console.view import View

NOTE_MAX: Final = 200
FEN: Final = 100

Done = Callable[[str], Awaitable[None]]
Body = Mapping[str, Any]


class Dialog:
    """A question with a heading, an answer that may be refused in words, and two buttons."""

    def __init__(self, view: View, title: str) -> None:
        self.view = view
        self.key = str(uuid4())  # one question is one command, however often it is sent
        with ui.dialog() as self.dialog, ui.element("div").classes("card ask") as self.card:
            ui.label(title).classes("h2")
            self.fields = ui.element("div").classes("fields")
            self.refusal = ui.label().classes("notice bad").props("role=alert")
            self.refusal.set_visibility(False)

    def buttons(self, submit: Callable[[], Awaitable[None]]) -> None:
        with self.card, ui.element("div").classes("actions"):
            button(self.view.t("cancel"), self.dialog.close)
            button(self.view.t("submit"), submit, primary=True)
        self.dialog.open()

    async def send(self, command: str, body: Body, told: str, done: Done) -> None:
        """Close when it was done; stay, and say why, when it was not."""

        async def ask() -> None:
            try:
                await self.view.api.command(command, body, self.key)
            except Refused as no:
                self.key = str(uuid4())  # the next try is another question
                self.refuse(in_words(self.view, no))
                return
            self.dialog.close()
            await done(told)

        if not await self.view.attempt(ask):
            self.refuse(self.view.t("stale"))

    def refuse(self, why: str) -> None:
        self.refusal.set_text(why)
        self.refusal.set_visibility(True)


def in_words(view: View, no: Refused) -> str:
    """The reason, and what is open instead when the domain names it."""
    said = no.said(view.language)
    allowed = str(no.problem.get("facts", {}).get("allowed", "")).split()
    if not allowed:
        return said
    names = (worded(view, {**ACTIONS, **RESOLUTIONS}, name) for name in allowed)
    return view.t("open_instead").format(said, " / ".join(names))


def field(label: str) -> ui.input:
    return ui.input(label).props(f"outlined dense maxlength={NOTE_MAX} autocomplete=off")


def fen_of(yuan: str) -> int | None:
    """Exactly, or not at all."""
    try:
        fen = Decimal(yuan.strip().removeprefix("¥").replace(",", "")) * FEN
    except InvalidOperation:
        return None
    whole = fen.is_finite() and fen == fen.to_integral_value() and fen > 0
    return int(fen) if whole else None
