"""A bill date as finance finds it in the morning: most of it agrees, some does not. And one of very many lines."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from playwright.sync_api import Locator, Page, expect

from infra.clock import SharedClock
from read_api.console.formats import brief
from tests.console.platform import PRICE_FEN, Platform, call
from tests.waiting import eventually

NOON: Final = datetime.fromisoformat("2026-06-01T12:00:00+08:00")
MORNING: Final = datetime.fromisoformat("2026-06-02T10:05:00+08:00")
FOUND: Final = "2026-06-01"  # by the channel's own bills
LONG: Final = "2026-05-20"
LONG_LINES: Final = 1_200
CHUNK: Final = 400
HURRY: Final = 30.0
OVER_FEN: Final = 200  # what the bill says too much of one payment
DAYS: Final = "/v1/reconciliation/days"
SEES: Final = ("finance:read", "read:all", "audit:read")
TABS_MAX: Final = 150


class Closing:
    """The platform on that morning, after the bills came."""

    def __init__(self, platform: Platform, clock: SharedClock) -> None:
        self.platform = platform
        self.orders = [platform.ready_order() for _ in range(3)]
        self.spoil()
        clock.jump(MORNING)
        platform.operator = platform.token("operator", SEES, 36_000)
        self.fill_a_long_date()
        clock.run_at(HURRY)  # an open date is looked at once a minute
        self.breaks = eventually(self.found, 60)
        clock.run_at(1)

    def spoil(self) -> None:
        """The channel's bill of the day lacks one payment of ours, and has more of another."""
        missing, over, _ = (payment_of(self.platform, it) for it in self.orders)
        self.change(act="omit", number=missing)
        fen = PRICE_FEN + OVER_FEN
        amount = f"{fen // 100}.{fen % 100:02d}"
        self.change(act="set", number=over, values={"订单金额": amount, "应结订单金额": amount})

    def change(self, **wanted: Any) -> None:
        body = {"kind": "trade", "bill_date": FOUND, **wanted}
        call("POST", f"{self.platform.channel}/sim/bills/changes", body=body)

    def found(self) -> dict[str, dict[str, Any]]:
        """Its breaks by what they hold in suspense, once the date is closed over them."""
        days = self.platform.get(f"{DAYS}?state=closed")["items"]
        if not any(it["bill_date"] == FOUND for it in days):
            return {}
        listed = self.platform.get(f"/v1/breaks?bill_date={FOUND}")["items"]
        return {it["break_id"]: it for it in listed}

    def break_of(self, code: str, *, long: bool = True) -> dict[str, Any]:
        return next(
            it for it in self.breaks.values() if it["code"] == code and bool(it["long_fen"]) is long
        )

    def fill_a_long_date(self) -> None:
        """As the worker of reconciliation records it."""
        who = self.platform.token("process:reconcile", ("recon:record",))
        of: dict[str, Any] = {"channel": "alipay", "mchid": "2088000000000001", "bill_date": LONG}
        trade = str(uuid4())
        self.platform.ask(
            who, "begin_bill_day", **of, trade_bill=trade, fund_bill=str(uuid4()), fund_lines=1,
            trade_sha256="a" * 64, fund_sha256="b" * 64, trade_lines=LONG_LINES, opening_fen=0,
            closing_fen=LONG_LINES,
        )  # fmt: skip
        for chunk, first in enumerate(range(1, LONG_LINES, CHUNK), 1):
            lines = [
                [n, "pay", f"o{n}", f"t{n:06d}", None, None, n, 0, n, LONG]
                for n in range(first, first + CHUNK)
            ]
            body = {**of, "bill_id": trade, "side": "trade", "chunk": chunk, "matches": lines}
            self.platform.ask(who, "record_matches", **body)


def payment_of(platform: Platform, placed: dict[str, Any]) -> str:
    """The number by which the channel's bill knows the payment of an order."""
    return UUID(platform.get(f"/v1/orders/{placed['order_id']}")["payment_id"]).hex


def tab_to(page: Page, wanted: Locator) -> None:
    """As somebody without a mouse gets there."""
    expect(wanted).to_be_visible()
    for _ in range(TABS_MAX):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way by Tab to {wanted}")


def open_line(page: Page, code: str, wanted: dict[str, Any]) -> None:
    """By keyboard: to the filter, to the table, down to the line of this break, and Enter."""
    tab_to(page, page.locator(".filters button", has_text=code))
    page.keyboard.press("Enter")
    lines = page.locator("tr[data-line]")
    expect(lines.first).to_contain_text(code)
    tab_to(page, page.locator(".sheet"))
    for _ in range(lines.count()):
        if brief(wanted["channel_number"]) in page.locator("tr.at").inner_text():
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".row-panel .break-desk")).to_contain_text(wanted["break_id"])
