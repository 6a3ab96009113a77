"""One day of the funds calendar: its numbers, and what the chosen one is made of."""

from typing import Any, Final

from markupsafe import Markup
from nicegui import ui

from read_api.console.amounts import Asked, amount
from read_api.console.buttons import button
from read_api.console.formats import count, yuan
from read_api.console.funds_rows import part_columns, part_row
from read_api.console.panels import BLANK, HEAD
from read_api.console.pieces import pairs
from read_api.console.tables import Table
from read_api.console.view import View

NUMBERS: Final = (
    "refunds",
    "vouchers",
    "maturing",
    "statements",
    "payouts",
    "payouts_by_bank",
    "unfreezing",
)
NEEDED: Final = ("refunds", "vouchers", "maturing", "statements", "payouts")
PAGE: Final = 100  # parts an answer
NOTE: Final = Markup('<p class="muted small">{}</p>')
LEADS_TO: Final = {"refund": "/refunds?id={id}", "earning": "/order?id={order_id}"}
STREAM: Final = "/streams?id={id}"


class DayPanel:
    """Numbers on top, the parts of the one that was asked about below."""

    def __init__(self, view: View) -> None:
        t = view.t
        self.view = view
        self.day: dict[str, Any] | None = None
        self.number, self.next = "", ""
        self.parts: dict[str, dict[str, Any]] = {}
        with ui.element("section").classes("card w5 detail day-panel"):
            self.head = ui.html(HEAD.format(t("of_the_day"), ""), sanitize=False).classes("head")
            self.numbers = Asked(self.ask)
            with ui.element("div").classes("behind").props("aria-live=polite") as self.behind:
                self.title = ui.html("", sanitize=False).classes("head")
                self.table = Table(part_columns(view), t("none_behind"), self.follow)
                self.more = button(t("more"), self.further)
        self.show(None)

    def show(self, day: dict[str, Any] | None) -> None:
        """This day as it is by now; the parts of a number stay until another is asked about."""
        if (day and day["day"]) != (self.day and self.day["day"]):
            self.number = ""
        self.day = day
        self.behind.set_visibility(bool(self.number))
        if day is None:
            self.numbers.draw(BLANK.format(self.view.t("choose_day")))
            return
        head = HEAD.format(day["day"], self.view.t("what_is_behind"))
        if self.head.content != head:
            self.head.set_content(head)
        self.numbers.draw(drawn(self.view, day))

    async def ask(self, number: str) -> None:
        """What is this number made of?"""
        if self.day is None or f"{number}_fen" not in self.day:
            return
        self.number, self.next, self.parts = number, "", {}
        await self.further()

    async def further(self) -> None:
        day, number = self.day, self.number
        assert day is not None

        async def load() -> None:
            path = f"/v1/funds/calendar/{day['day']}/{number}"
            told = await self.view.api.get(path, limit=PAGE, cursor=self.next or None)
            self.next = told["next"] or ""
            self.parts |= {it["id"]: it for it in told["items"]}
            self.title.set_content(self.titled(told["fen"]))
            self.table.show(part_row(self.view, it) for it in self.parts.values())
            self.more.set_visibility(bool(self.next))
            self.behind.set_visibility(True)

        await self.view.attempt(load)

    def titled(self, fen: int) -> Markup:
        named = self.view.t("parts_of").format(self.view.t(f"fund_{self.number}"))
        return HEAD.format(named, f"{yuan(fen)} · {count(len(self.parts))} {self.view.t('parts')}")

    def follow(self, id: str) -> None:
        """Where this part has a page of its own."""
        it = self.parts[id]
        ui.navigate.to(LEADS_TO.get(it["kind"], STREAM).format(**it))


def drawn(view: View, day: dict[str, Any]) -> Markup:
    """The numbers of a day, those that need the channel's balance first."""
    t = view.t
    there = [name for name in NUMBERS if f"{name}_fen" in day]  # vouchers, once there are some
    facts = [
        (t(f"fund_{name}"), amount(name, day[f"{name}_fen"])) for name in there if name in NEEDED
    ]
    facts += [
        (t("fund_refunds_worst"), amount("refunds", day["refunds_worst_fen"])),
        (t("fund_needed"), Markup("<b>{}</b>").format(yuan(day["needed_fen"]))),
    ]
    others = [
        (t(f"fund_{name}"), amount(name, day[f"{name}_fen"]))
        for name in there
        if name not in NEEDED
    ]
    parts = (
        pairs(facts),
        NOTE.format(t("adds_up")),
        pairs(others),
        NOTE.format(t("not_of_balance")),
    )
    return Markup("").join(parts)
