"""Our side against the channel's, a row a line: as many as there are, fetched page by page as they are walked."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from nicegui import ui

from read_api.console.bill_dates import Key
from read_api.console.buttons import Choice
from read_api.console.closing_list import ALL, DIFFERENT
from read_api.console.formats import count
from read_api.console.line_rows import columns, row_of
from read_api.console.refund_words import toned
from read_api.console.sheets import Sheet
from read_api.console.texts_breaks import CODES
from read_api.console.view import View

PAGE: Final = 200  # lines an answer; the most that the API gives


class Lines:
    """The lines of one bill date under one filter. `rows` are those that were fetched, by id."""

    def __init__(self, view: View, open: Callable[[str], Any]) -> None:
        t = view.t
        self.view = view
        self.key: Key | None = None
        self.code, self.total, self.next = ALL, 0, ""
        self.codes: dict[str, int] = {}
        self.drawn: tuple[Any, ...] = ()  # as what the day stood when its lines were fetched
        self.rows: dict[str, dict[str, Any]] = {}
        self.one_at_a_time = asyncio.Lock()
        with ui.element("section").classes("card w7"):
            with ui.element("div").classes("head"):
                ui.label(t("side_by_side")).classes("h2")
                self.more = ui.label().classes("more").props("role=status data-loaded")
            self.filters = ui.element("div").classes("filters")
            self.sheet = Sheet(columns(view), t("side_by_side"), t("no_lines"), open, self.near)

    async def show(
        self, key: Key | None, day: dict[str, Any] | None, breaks: list[dict[str, Any]]
    ) -> None:
        """This date, as it is by now: no line is fetched while nothing has changed."""
        codes = {it["code"]: it["lines"] for it in day["codes"]} if day else {}
        seen = [it["position"] for it in breaks]
        state = (day["position"], day["light"], day["open_breaks"], codes, seen) if day else ()
        if (key, state) == (self.key, self.drawn):
            return
        again, self.drawn = key == self.key, state
        if not again or codes != self.codes:
            self.key, self.codes = key, codes
            self.draw_filters(ALL if not again else self.code)
        await self.fetch(again=again)

    def draw_filters(self, chosen: str) -> None:
        t = self.view.t
        self.code = chosen if chosen in (ALL, DIFFERENT, *self.codes) else ALL
        fixed = {ALL: t("all_lines"), DIFFERENT: t("different")}
        names = {code: f"{text} {count(self.count(code))}" for code, text in fixed.items()}
        for name, lines in self.codes.items():
            names[name] = f"{toned(self.view, CODES, name)['text']} {count(lines)}"
        self.filters.clear()
        with self.filters:
            self.choice = Choice(names, self.code, self.pick)

    def count(self, code: str) -> int:
        """How many lines a filter lets through."""
        if code == DIFFERENT:
            return sum(self.codes.values()) - self.codes.get("MATCHED", 0)
        return sum(self.codes.values()) if code == ALL else self.codes.get(code, 0)

    async def pick(self, code: str) -> None:
        self.code = code
        await self.view.attempt(lambda: self.fetch(again=False))

    async def show_only(self, code: str) -> None:
        """As if somebody had chosen this filter, and go to the table."""
        self.draw_filters(code)
        await self.pick(self.code)
        self.sheet.run_method("focus")

    async def fetch(self, *, again: bool) -> None:
        """From the first line; `again`: as far as they were fetched before."""
        async with self.one_at_a_time:
            wanted = max(len(self.rows), 1) if again else 1
            self.next = ""
            found = await self.page() if self.key else {}
            while self.next and len(found) < wanted:
                found |= await self.page()
            self.rows, self.total = found, self.count(self.code)
            self.sheet.load(
                (row_of(self.view, it) for it in found.values()), self.total, again=again
            )
            self.told()

    async def near(self, fetched: int) -> None:
        """The end of what was fetched is in sight."""

        async def further() -> None:
            async with self.one_at_a_time:
                if fetched != len(self.rows) or not self.next:
                    return
                found = await self.page()
                self.rows |= found
                self.sheet.add((row_of(self.view, it) for it in found.values()), self.total)
                self.told()

        await self.view.attempt(further)

    async def page(self) -> dict[str, dict[str, Any]]:
        assert self.key is not None
        asked = {"mchid": self.key.mchid, "code": self.code or None, "cursor": self.next or None}
        told = await self.view.api.get(f"{self.key.path}/lines", limit=PAGE, **asked)
        self.next = told["next"] or ""
        return {f"{it['position']}.{it['nth']}": it for it in told["items"]}

    def told(self) -> None:
        fetched = count(len(self.rows)), count(self.total)
        self.more.set_text(self.view.t("fetched").format(*fetched))
