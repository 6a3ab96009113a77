"""Bill dates in the order in which they are closed: how far each is, and what it comes to."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from nicegui import ui

from read_api.console.bill_dates import DAYS, Key, key_of, missing, stage_of
from read_api.console.formats import count, midnight_of, yuan
from read_api.console.panels import HEAD
from read_api.console.refund_words import toned
from read_api.console.tables import Column, Table, chip
from read_api.console.texts_closing import STAGES
from read_api.console.view import View

BILLS: Final = "/v1/bills"
SHOWN_MAX: Final = 60
BACK: Final = timedelta(days=14)  # bills that came without being matched are looked for so far back
LOOKED_INTO_MAX: Final = (
    5  # open dates without a break: whether they are ready stands in their checklist
)


class Dates:
    """The list of them. `days` are those that have begun, `stages` how far each listed one is."""

    def __init__(self, view: View, choose: Callable[[str], Any]) -> None:
        t = view.t
        self.view = view
        self.days: dict[Key, dict[str, Any]] = {}
        self.stages: dict[Key, str] = {}
        with ui.element("section").classes("card w5"):
            head = HEAD.format(t("bill_dates"), t("bill_dates_more"))
            ui.html(head, sanitize=False).classes("head")
            columns = (
                Column("on", t("bill_date")),
                Column("account", t("channel")),
                Column("stage", t("status")),
                Column("lines", t("lines"), right=True),
                Column("closing", t("closing_balance"), right=True),
                Column("suspense", t("suspense"), right=True),
            )
            with ui.element("div").classes("dates"):
                self.table = Table(columns, t("no_dates"), choose)

    async def refresh(self) -> None:
        api = self.view.api
        yesterday = midnight_of(self.view.now()).date() - timedelta(days=1)
        told, files = await asyncio.gather(
            api.get(DAYS, limit=SHOWN_MAX),
            api.get(BILLS, since=str(yesterday - BACK), limit=2 * SHOWN_MAX),
        )
        self.days = {key_of(it): it for it in told["items"]}
        waiting = {key_of(it) for it in files["items"]} - self.days.keys()
        waiting |= missing(self.days.keys() | waiting, yesterday)
        stages = dict.fromkeys(waiting, "waiting") | await self.looked_into()
        self.stages = dict(sorted(stages.items(), reverse=True)[:SHOWN_MAX])
        self.table.show(self.row(key) for key in self.stages)

    async def looked_into(self) -> dict[Key, str]:
        """How far those are that have begun: of a few it takes the checklist to know."""
        stages = {key: stage_of(it) for key, it in self.days.items()}
        unsure = [key for key, stage in stages.items() if stage == "matching"][-LOOKED_INTO_MAX:]
        found = await asyncio.gather(
            *(self.view.api.get(key.path, mchid=key.mchid) for key in unsure)
        )
        return stages | {key: stage_of(file) for key, file in zip(unsure, found, strict=True)}

    def row(self, key: Key) -> dict[str, Any]:
        day, stage = self.days.get(key), toned(self.view, STAGES, self.stages[key])
        row = {"id": key.id, "on": key.on, "account": key.channel, "stage": stage}
        if day is None:
            return row
        if self.stages[key] == "closed" and day["open_breaks"]:
            left = self.view.t("breaks_left").format(day["open_breaks"])
            row["stage"] = chip(f"{stage['text']} · {left}", "warn")
        suspended = day["suspense_long_fen"] - day["suspense_short_fen"]
        return row | {
            "lines": count(day["trade_lines"] + day["fund_lines"]),
            "closing": yuan(day["closing_fen"]),
            "suspense": yuan(suspended) if suspended or day["open_breaks"] else "",
        }

    def first(self) -> Key | None:
        """The one to look at: the oldest that is not closed, else the latest."""
        still = [key for key, stage in self.stages.items() if stage != "closed"]
        begun = [key for key in still if key in self.days]
        return next(reversed(begun or still), None) or next(iter(self.stages), None)
