"""退款处理台: every refund that needs people, with its evidence; one proposes, another approves."""

import asyncio
from datetime import timedelta
from typing import Any, Final

from nicegui import ui

from read_api.console.buttons import Choice, button
from read_api.console.formats import brief, lasting, parsed, yuan
from read_api.console.frame import framed
from read_api.console.liquidity import Liquidity
from read_api.console.refund_acts import propose_refund
from read_api.console.refund_panel import CasePanel
from read_api.console.refund_words import status_chip, trouble, why
from read_api.console.tables import Column, Table, chip, code
from read_api.console.view import View

EVERY_SECONDS: Final = 2.0
SHOWN_MAX: Final = 100
PROMISED: Final = timedelta(days=1)  # within which the desk deals with a refund
SOON: Final = timedelta(hours=4)
PATH: Final = "/v1/refunds"
FILTERS: Final[dict[str, tuple[dict[str, str], ...]]] = {  # a list is made of the answers to each
    "desk_people": ({"trouble": "any"}, {"status": "PROPOSED"}),
    "desk_open": ({"open": "true"},),
    "desk_all": ({},),
}


class Desk:
    """The list on the left, the chosen refund on the right."""

    def __init__(self, view: View, chosen: str) -> None:
        t = view.t
        self.view = view
        self.filter = "desk_all" if chosen else "desk_people"
        self.liquidity = Liquidity(view)
        with ui.element("div").classes("grid"):
            with ui.element("section").classes("card w7"):
                with ui.element("div").classes("head"):
                    names = {name: t(name) for name in FILTERS}
                    Choice(names, self.filter, self.pick)
                    self.more = ui.label().classes("more grow")
                    button(t("operator_refund"), self.ask_refund)
                self.table = Table(columns(view), t("no_refunds"), self.choose)
            self.panel = CasePanel(view, self.refresh)
        self.panel.choose(chosen)
        self.table.open_row(chosen)

    async def refresh(self) -> None:
        await asyncio.gather(self.fill(), self.panel.refresh(), self.liquidity.refresh())

    async def fill(self) -> None:
        asked = FILTERS[self.filter]
        pages = await asyncio.gather(
            *(self.view.api.get(PATH, limit=SHOWN_MAX, **one) for one in asked)
        )
        found = {it["refund_id"]: it for page in pages for it in page["items"]}
        oldest = sorted(found.values(), key=lambda it: str(it["requested_at"]))
        cut = any(page["next"] for page in pages)
        self.more.set_text(self.view.t("shown_first").format(SHOWN_MAX) if cut else "")
        self.table.show(self.row(it) for it in oldest)

    def row(self, refund: dict[str, Any]) -> dict[str, Any]:
        since = parsed(refund["escalated_at"] or refund["requested_at"])
        until = parsed(refund["ended_at"]) if refund["ended_at"] else self.view.now()
        return {
            "id": refund["refund_id"],
            "refund": code(brief(refund["refund_id"]), refund["refund_id"]),
            "amount": yuan(refund["amount_fen"]),
            "why": why(self.view, refund),
            "status": status_chip(self.view, refund["status"]),
            "trouble": chip(trouble(self.view, refund), "bad") if refund["trouble"] else "",
            "age": age(until - since, over=bool(refund["ended_at"])),
        }

    async def pick(self, name: str) -> None:
        self.filter = name
        await self.view.attempt(self.fill)

    async def choose(self, id: str) -> None:
        self.panel.choose(id)
        self.table.open_row(id)
        await self.view.attempt(self.panel.refresh)

    def ask_refund(self) -> None:
        propose_refund(self.view, self.panel.done)


def age(waited: timedelta, *, over: bool) -> str | dict[str, str]:
    """A debt that waits for long stands out."""
    text = lasting(waited.total_seconds())
    if over or waited < SOON:
        return text
    return chip(text, "bad" if waited >= PROMISED else "warn")


def columns(view: View) -> tuple[Column, ...]:
    t = view.t
    return (
        Column("refund", t("refund")),
        Column("amount", t("amount"), right=True),
        Column("why", t("why")),
        Column("status", t("status")),
        Column("trouble", t("trouble")),
        Column("age", t("age"), right=True),
    )


async def page(view: View, id: str = "") -> None:
    with framed(view, "refunds"):
        view.every(EVERY_SECONDS, Desk(view, id).refresh)
