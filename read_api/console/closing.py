"""关账台: how far each bill date is, what keeps it open, both sides of every line, and what is behind each number."""

import asyncio
from typing import Any, Final

from markupsafe import Markup
from nicegui import ui

from read_api.console.amounts import Asked
from read_api.console.api import Missing
from read_api.console.bill_dates import Key
from read_api.console.closing_days import Dates
from read_api.console.closing_exports import Exports
from read_api.console.closing_lines import Lines
from read_api.console.closing_list import FILTERS, checklist, totals, why
from read_api.console.closing_row import RowPanel
from read_api.console.explained import Explained
from read_api.console.frame import framed
from read_api.console.panels import BLANK, HEAD
from read_api.console.view import View

EVERY_SECONDS: Final = 2.0
BREAKS: Final = "/v1/breaks"
BREAKS_MAX: Final = 200  # that are watched for changes
TWO: Final = Markup('<div class="day">{}{}</div>')
SECTION: Final = Markup("<section><h3>{}</h3>{}</section>")


class Closing:
    """Dates and checklist on top, lines and the chosen one below."""

    def __init__(self, view: View, chosen: str) -> None:
        t = view.t
        self.view = view
        self.wanted = chosen
        self.key: Key | None = None
        self.day: dict[str, Any] | None = None
        self.explained = Explained(view)
        with ui.element("div").classes("grid"):
            self.dates = Dates(view, self.choose)
            with ui.element("section").classes("card w7 detail day-card"):
                self.head = ui.html(HEAD.format(t("checklist"), ""), sanitize=False).classes("head")
                self.body = Asked(self.ask)
                self.exports = Exports(view)
            self.lines = Lines(view, self.open)
            self.row = RowPanel(view, self.explained, self.refresh)

    async def refresh(self) -> None:
        await self.dates.refresh()
        if self.key not in self.dates.stages:
            chosen = next((key for key in self.dates.stages if key.id == self.wanted), None)
            self.key = chosen or self.dates.first()
        await asyncio.gather(self.fill(), self.row.desk.refresh())

    async def fill(self) -> None:
        key = self.key
        self.dates.table.open_row(key.id if key else "")
        day, breaks = await self.asked(key) if key else (None, [])
        if key != self.key:
            return  # somebody chose another one meanwhile
        self.day = day
        self.draw()
        await self.lines.show(key if day else None, day, breaks)
        await self.exports.show(key if day else None)

    async def asked(self, key: Key) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
        """The date and its breaks; of one that has not begun nothing but its bills is known."""
        api, of = self.view.api, {"bill_date": key.on, "channel": key.channel}
        try:
            day, breaks = await asyncio.gather(
                api.get(key.path, mchid=key.mchid), api.get(BREAKS, limit=BREAKS_MAX, **of)
            )
        except Missing:
            return None, []
        return day, breaks["items"]

    def draw(self) -> None:
        t, key, day = self.view.t, self.key, self.day
        head = HEAD.format(t("checklist"), " · ".join(key) if key else "")
        if self.head.content != head:
            self.head.set_content(head)
        if day is None:
            self.body.draw(BLANK.format(t("not_begun" if key else "choose_date")))
            return
        sums = SECTION.format(t("day_totals"), totals(self.view, day))
        self.body.draw(TWO.format(checklist(self.view, day), sums))

    async def choose(self, id: str) -> None:
        self.key = next((key for key in self.dates.stages if key.id == id), self.key)
        self.row.clear()
        await self.view.attempt(self.fill)

    async def open(self, id: str) -> None:
        """A line of the table was opened."""
        found, key = self.lines.rows.get(id), self.key
        if found is None or key is None:
            return
        self.lines.sheet.open_row(id)

        async def show() -> None:
            await self.row.show(key, found)

        await self.view.attempt(show)

    async def ask(self, name: str) -> None:
        """Where a number of the date comes from: its lines, or whatever adds up to it."""
        if self.key is None or self.day is None:
            return
        if name in FILTERS:
            await self.lines.show_only(FILTERS[name])
        elif behind := why(self.view, self.key, self.day, name):
            await self.explained.open(behind)


async def page(view: View, id: str = "") -> None:
    with framed(view, "closing"):
        view.every(EVERY_SECONDS, Closing(view, id).refresh)
