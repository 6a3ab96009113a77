"""大屏: the day as it happens. Everything here comes from the API a moment ago."""

import asyncio
from datetime import timedelta
from typing import Any, Final

from nicegui import ui

from read_api.console import charts
from read_api.console.figures import Figures
from read_api.console.formats import count, hour_and_minute, midnight, parsed, percent
from read_api.console.frame import framed
from read_api.console.panels import HEAD, Bar, Panel, bars, map_of_tiles, shares
from read_api.console.short_groups import ShortGroups
from read_api.console.view import View

EVERY_SECONDS: Final = 2.0
HOUR: Final = timedelta(hours=1)
REASONS_MAX: Final = 8
FUNNEL: Final = {
    "funnel_placed": "orders_placed",
    "funnel_paid": "orders_paid",
    "funnel_formed": "groups_succeeded",
    "funnel_failed": "groups_failed",
}


class Dashboard:
    """The parts of the page, and how each is filled."""

    def __init__(self, view: View) -> None:
        t = view.t
        self.view = view
        self.notice = ui.label(t("degraded")).classes("notice warn")
        self.notice.set_visibility(False)
        self.figures = Figures(view)
        with ui.element("div").classes("grid"):
            with ui.element("section").classes("card w8"):
                head = HEAD.format(t("orders_chart"), t("per_minute"))
                ui.html(head, sanitize=False).classes("head")
                names = (t("placed"), t("paid"))
                self.chart = ui.echart(charts.lines(names, dark=view.taste.dark)).classes("chart")
            self.funnel = Panel(t("funnel"))
            self.map = Panel(t("provinces"), t("today"), "w5")
            self.short = ShortGroups(view)
            self.refusals = Panel(t("refusals"), width="w3")

    async def refresh(self) -> None:
        api, now = self.view.api, self.view.now()
        today = midnight(now).isoformat()
        day, groups, hour, refused, short = await asyncio.gather(
            api.get("/v1/dashboard/sales", since=today, by="province"),
            api.get("/v1/dashboard/sales", since=today, by="campaign"),
            api.get("/v1/dashboard/sales", since=(now - HOUR).isoformat(), by="minute"),
            api.get("/v1/dashboard/refusals", since=today),
            self.short.fetch(),
        )
        self.notice.set_visibility(day["degraded"])
        self.figures.show(day)
        self.short.show(short)
        self.show_map(day["lines"])
        self.show_funnel(groups["total"])
        self.show_chart(hour["lines"])
        self.show_refusals(refused)

    def show_map(self, lines: list[dict[str, Any]]) -> None:
        fen = {line["key"]: line["paid_fen"] for line in lines}
        chinese, dark = self.view.language == "zh", self.view.taste.dark
        self.map.show(map_of_tiles(fen, chinese=chinese, dark=dark))

    def show_funnel(self, total: dict[str, Any]) -> None:
        values = [total[key] or 0 for key in FUNNEL.values()]
        lines = [
            Bar(self.view.t(name), count(value), share)
            for name, value, share in zip(FUNNEL, values, shares(values), strict=True)
        ]
        rate = f"{self.view.t('success_rate')} {percent(total['success_rate'])}"
        self.funnel.show(bars(lines, self.view.t("nothing")), rate)

    def show_chart(self, lines: list[dict[str, Any]]) -> None:
        over = lines[:-1]  # the minute that is not over yet would look like a fall
        times = [hour_and_minute(parsed(line["key"])) for line in over]
        series = ([line[key] for line in over] for key in ("orders_placed", "orders_paid"))
        charts.fill(self.chart.options, times, *series)

    def show_refusals(self, refused: dict[str, Any]) -> None:
        lines = refused["lines"][:REASONS_MAX]
        drawn = [
            Bar(line["code"], count(line["times"]), share, line["command"])
            for line, share in zip(lines, shares(it["times"] for it in lines), strict=True)
        ]
        more = self.view.t("of_decided").format(
            count(refused["decided"]), count(refused["refused"])
        )
        self.refusals.show(bars(drawn, self.view.t("none_refused"), "brand"), more)


async def page(view: View) -> None:
    with framed(view, "dashboard"):
        view.every(EVERY_SECONDS, Dashboard(view).refresh)
