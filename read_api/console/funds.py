"""资金日历: what each day ahead will need against what the channel holds, and where each number comes from."""

from typing import Any, Final

from markupsafe import Markup
from nicegui import ui

from read_api.console.buttons import Choice
from read_api.console.formats import DASH, moment, yuan
from read_api.console.frame import framed
from read_api.console.funds_day import DayPanel
from read_api.console.funds_rows import day_columns, day_row
from read_api.console.panels import HEAD, shares
from read_api.console.pieces import CHIP
from read_api.console.tables import Table
from read_api.console.view import View

EVERY_SECONDS: Final = 5.0
CALENDAR: Final = "/v1/funds/calendar"
SPANS: Final = {"days_7": 7, "days_14": 14, "days_31": 31}
COLUMN: Final = Markup('<i class="{tone}" title="{title}" style="height:{height:.0f}%"></i>')
STRIP: Final = Markup(
    '<div class="strip funds-strip"><div class="numbers"><div><b>{balance}</b><span>{said}</span></div></div>'
    '<div class="hours" role="img" aria-label="{label}"><div class="columns">{columns}</div>'
    '<div class="ends"><span>{first}</span><span>{label}</span><span>{last}</span></div></div></div>'
)
LOWEST_PERCENT: Final = 3  # so that a day without need is seen as one


class Funds:
    """The balance on top, days on the left, the chosen day on the right."""

    def __init__(self, view: View, chosen: str) -> None:
        t = view.t
        self.view, self.span, self.chosen = view, "days_14", chosen
        self.days: dict[str, dict[str, Any]] = {}
        with ui.element("section").classes("card"):
            self.head = ui.html(HEAD.format(t("balance"), ""), sanitize=False).classes("head")
            self.strip = ui.html("", sanitize=False)
        with ui.element("div").classes("grid"):
            with ui.element("section").classes("card w7"):
                with ui.element("div").classes("head"):
                    ui.label(t("ahead")).classes("h2")
                    Choice({name: t(name) for name in SPANS}, self.span, self.pick)
                with ui.element("div").classes("days-ahead"):
                    self.table = Table(day_columns(view), t("nothing"), self.choose)
            self.panel = DayPanel(view)

    async def refresh(self) -> None:
        told = await self.view.api.get(CALENDAR, days=SPANS[self.span])
        self.days = {it["day"]: it for it in told["days"]}
        if self.chosen not in self.days:
            self.chosen = told["red_day"] or next(iter(self.days))
        available = told["available_fen"]
        self.say(told)
        self.table.show(day_row(self.view, it, available) for it in told["days"])
        self.table.open_row(self.chosen)
        self.panel.show(self.days[self.chosen])

    def say(self, told: dict[str, Any]) -> None:
        t = self.view.t
        judged = told["available_fen"] is not None
        tone = "bad" if told["red_day"] else "good" if judged else "warn"
        text = t("enough_till_end") if judged else t("enough_unknown")
        if told["red_day"]:
            text = t("red_from").format(told["red_day"])
        head = HEAD.format(t("balance"), CHIP.format(tone, text))
        if self.head.content != head:
            self.head.set_content(head)
        strip = self.drawn(told)
        if self.strip.content != strip:
            self.strip.set_content(strip)

    def drawn(self, told: dict[str, Any]) -> Markup:
        t, days = self.view.t, told["days"]
        tall = shares(it["needed_fen"] for it in days)
        bars = Markup("").join(
            COLUMN.format(
                tone="bad" if it["red"] else "",
                title=f"{it['day']} {yuan(it['needed_fen'])}",
                height=max(share * 100, LOWEST_PERCENT),
            )
            for it, share in zip(days, tall, strict=True)
        )
        return STRIP.format(
            balance=yuan(told["available_fen"]),
            said=f"{told['channel'] or DASH} · {t('told_at')} {moment(told['told_at'])}",
            label=t("fund_needed"),
            columns=bars,
            first=days[0]["day"],
            last=days[-1]["day"],
        )

    async def pick(self, span: str) -> None:
        self.span = span
        await self.view.attempt(self.refresh)

    def choose(self, day: str) -> None:
        self.chosen = day
        self.table.open_row(day)
        self.panel.show(self.days[day])


async def page(view: View, id: str = "") -> None:
    with framed(view, "funds"):
        view.every(EVERY_SECONDS, Funds(view, id).refresh)
