"""大屏: the day as it happens. Everything here comes from the API a moment ago."""

import asyncio
from typing import Any, Final

from nicegui import ui

from read_api.console import charts
from read_api.console.day import Day
from read_api.console.feed import Told
from read_api.console.figures import Figures
from read_api.console.formats import count, hour_and_minute, lasting, midnight_of, parsed, percent
from read_api.console.frame import framed
from read_api.console.listen import listen
from read_api.console.panels import HEAD, Bar, Panel, bars, map_of_tiles, numbers, shares
from read_api.console.refund_words import said
from read_api.console.short_groups import ShortGroups
from read_api.console.texts_reasons import REASONS
from read_api.console.view import View

EVERY_SECONDS: Final = 2.0
CHART_MINUTES: Final = 60
FEED: Final = "/v1/live/dashboard"
REASONS_MAX: Final = 8
STEPS: Final = ("placed", "payment_started", "paid", "readied")
PACES: Final = ("last_10s", "last_60s")
MINUTE_SECONDS: Final = 60


class Dashboard:
    """The parts of the page, and how each is filled."""

    def __init__(self, view: View) -> None:
        t = view.t
        self.view, self.day = view, Day()
        self.notice = ui.label(t("degraded")).classes("notice warn")
        self.notice.set_visibility(False)
        self.figures = Figures(view)
        with ui.element("div").classes("grid"):
            with ui.element("section").classes("card w6"):
                head = HEAD.format(t("orders_chart"), t("per_minute"))
                ui.html(head, sanitize=False).classes("head")
                names = (t("placed"), t("paid"))
                self.chart = ui.echart(charts.lines(names, dark=view.taste.dark)).classes("chart")
            with ui.element("div").classes("stack w3"):
                self.pace = Panel(t("per_second"))
                self.fill_time = Panel(t("fill_time"))
            self.funnel = Panel(t("funnel"), width="w3")
            self.map = Panel(t("provinces"), t("today"), "w5")
            self.short = ShortGroups(view)
            self.refusals = Panel(t("refusals"), width="w3")

    def hear(self, told: Told) -> None:
        """The day's figures, as soon as the API knows them."""
        self.day.hear(told)
        self.notice.set_visibility(self.day.degraded)
        self.figures.show(self.day.total)
        self.show_map()
        self.show_chart()

    async def refresh(self) -> None:
        """What no feed tells."""
        await self.figures.learn()
        api, now = self.view.api, self.view.now()
        midnight = midnight_of(now)
        minutes = int((now - midnight).total_seconds()) // MINUTE_SECONDS
        refused, live = await asyncio.gather(
            api.get("/v1/dashboard/refusals", since=midnight.isoformat()),
            api.get("/v1/dashboard/now", minutes=max(minutes, 1)),
        )
        self.show_refusals(refused)
        self.show_live(live)

    def show_live(self, live: dict[str, Any]) -> None:
        t, pace, fill = self.view.t, live["orders_per_second"], live["time_to_fill"]
        self.short.show(live)
        self.pace.show(numbers((t(key), f"{pace[key]:.1f}") for key in PACES))
        within = (("half_of_groups", "p50_seconds"), ("most_of_groups", "p90_seconds"))
        self.fill_time.show(
            numbers((t(key), lasting(fill[field])) for key, field in within),
            t("groups_counted").format(count(fill["groups"])),
        )
        values = [live["funnel"][step] for step in STEPS]
        lines = [
            Bar(t(f"funnel_{step}"), count(value), share, percent(share))
            for step, value, share in zip(STEPS, values, shares(values), strict=True)
        ]
        self.funnel.show(bars(lines, t("nothing")))

    def show_map(self) -> None:
        fen = {code: line["paid_fen"] for code, line in self.day.provinces.items()}
        chinese, dark = self.view.language == "zh", self.view.taste.dark
        self.map.show(map_of_tiles(fen, chinese=chinese, dark=dark))

    def show_chart(self) -> None:
        over = self.day.last_minutes(CHART_MINUTES)
        times = [hour_and_minute(parsed(line["key"])) for line in over]
        series = ([line[key] for line in over] for key in ("orders_placed", "orders_paid"))
        charts.fill(self.chart.options, times, *series)

    def show_refusals(self, refused: dict[str, Any]) -> None:
        lines = refused["lines"][:REASONS_MAX]
        drawn = [
            Bar(said(self.view, REASONS, line["code"]), count(line["times"]), share)
            for line, share in zip(lines, shares(it["times"] for it in lines), strict=True)
        ]
        more = self.view.t("of_decided").format(
            count(refused["decided"]), count(refused["refused"])
        )
        self.refusals.show(bars(drawn, self.view.t("none_refused"), "brand"), more)


async def page(view: View) -> None:
    with framed(view, "dashboard"):
        dashboard = Dashboard(view)
        listen(view, FEED, dashboard.hear)
        view.every(EVERY_SECONDS, dashboard.refresh)
