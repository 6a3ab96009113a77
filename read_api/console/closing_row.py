"""The chosen row: its facts, its break if it is one, and everything behind it down to who asked for it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup
from nicegui import ui

from read_api.console.amounts import Asked, Why, amount, explained
from read_api.console.api import Missing
from read_api.console.bill_dates import Key
from read_api.console.break_desk import BreakDesk
from read_api.console.explained import Explained
from read_api.console.lineage import chain
from read_api.console.pieces import LINK, MONO, pairs
from read_api.console.refund_words import said
from read_api.console.texts_breaks import KINDS, SIDES
from read_api.console.view import View

SECTION: Final = Markup("<section><h3>{}</h3>{}</section>")
BLANK: Final = Markup('<p class="blank">{}</p>')
OURS: Final = ("order", "refund")


class RowPanel:
    """Beside the table. What it shows of a row is fetched when the row is opened."""

    def __init__(
        self, view: View, explained: Explained, refresh_all: Callable[[], Awaitable[None]]
    ) -> None:
        self.view, self.explained = view, explained
        self.row: dict[str, Any] | None = None
        with ui.element("section").classes("card w5 detail row-panel"):
            self.facts = Asked(self.ask)
            self.desk = BreakDesk(view, explained, refresh_all)
            self.evidence = ui.html("", sanitize=False).props("aria-live=polite")
        self.clear()

    def clear(self) -> None:
        self.row = None
        self.desk.choose("")
        self.facts.draw(BLANK.format(self.view.t("choose_line")))
        self.evidence.set_content("")

    async def show(self, key: Key, row: dict[str, Any]) -> None:
        self.row = row
        self.desk.choose(row["break_id"] or "")
        self.facts.draw(facts(self.view, key, row))
        self.evidence.set_content("")
        await asyncio.gather(self.desk.refresh(), self.trace(row))

    async def trace(self, row: dict[str, Any]) -> None:
        """The line of the bill first, then what it is about on our side."""
        paths = await self.paths(row)
        told = await asyncio.gather(*(self.lineage(path) for _, path in paths))
        if row is not self.row:
            return  # somebody went on meanwhile
        drawn = Markup("").join(
            SECTION.format(self.view.t(title), chain(self.view, one))
            for (title, _), one in zip(paths, told, strict=True)
            if one is not None
        )
        self.evidence.set_content(drawn)

    async def paths(self, row: dict[str, Any]) -> list[tuple[str, str]]:
        if row["bill_id"] and row["line"] and row["code"] != "PENDING_CUTOFF":
            first = [("of_line", f"bill_line/{row['bill_id']}:{row['line']}")]
        else:
            first = [("of_event", f"event/{row['position']}")]
        order = row["order_id"] or await self.order_of(row)
        ours = {"order": order, "refund": row["refund_id"]}
        return first + [(f"of_{kind}", f"{kind}/{ours[kind]}") for kind in OURS if ours[kind]]

    async def order_of(self, row: dict[str, Any]) -> str | None:
        """A row that does not name its order may still be about one that its number leads to."""
        if not row["number"]:
            return None
        told = await self.view.api.get(f"/v1/lookup/{quote(row['number'], safe='')}")
        return next((str(it["order_id"]) for it in told["found"]), None)

    async def lineage(self, path: str) -> dict[str, Any] | None:
        try:
            return await self.view.api.get(f"/v1/lineage/{path}")
        except Missing:
            return None  # nothing of it is in the books

    async def ask(self, name: str) -> None:
        row = self.row
        if row is None or name not in ("ours", "theirs", "net"):
            return
        net = (explained("bill-detail", "net_fen", [str(row["position"]), str(row["nth"])]),)
        paths = [f"/v1/lineage/{path}" for _, path in await self.paths(row)]
        behind = {"net": net, "theirs": net, "ours": tuple(paths[-1:])}
        await self.explained.open(Why(self.view.t(name), row[f"{name}_fen"], behind[name]))


def facts(view: View, key: Key, row: dict[str, Any]) -> Markup:
    t = view.t
    order = row["order_id"] and LINK.format(f"/order?id={row['order_id']}", row["order_id"])
    listed: list[tuple[str, str | Markup | None]] = [
        (t("stands_on"), f"{key.on} {said(view, SIDES, row['side'])} {row['line'] or ''}".strip()),
        (t("kind"), said(view, KINDS, row["kind"])),
        (t("transaction"), row["channel_number"] and MONO.format(row["channel_number"])),
        (t("our_number"), row["number"] and MONO.format(row["number"])),
        (t("theirs"), amount("theirs", row["theirs_fen"])),
        (t("ours"), amount("ours", row["ours_fen"])),
        (t("net"), amount("net", row["net_fen"])),
        (t("booked"), row["booked"]),
        (t("waits_until"), row["waits_until"]),
        (t("order_id"), order),
        (t("bill_line"), row["bill_id"] and MONO.format(f"{row['bill_id']} : {row['line']}")),
    ]
    return pairs((label, value) for label, value in listed if value)
