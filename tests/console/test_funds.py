"""The funds calendar at the console: what each day ahead needs, what is left, and where each number is from."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.closing import tab_to
from tests.console.conftest import SignIn
from tests.console.platform import PRICE_FEN, Platform, call
from tests.waiting import eventually

CALENDAR = "/v1/funds/calendar"
GROUPS = 3


@pytest.fixture(scope="module")
def told(platform: Platform) -> dict[str, Any]:
    """Open groups that may fail, while all of the channel's money was taken to the bank."""
    platform.operator = platform.token("finance", ("read:all", "finance:read"))
    for _ in range(GROUPS):
        platform.opens_and_pays()
    call("POST", f"{platform.channel}/sim/withdrawals", body={})

    def red() -> dict[str, Any] | None:
        found = platform.get(CALENDAR)
        worst = sum(day["refunds_worst_fen"] for day in found["days"])
        return found if found["red_day"] and worst == GROUPS * PRICE_FEN else None

    found = eventually(red, 90)
    assert found is not None
    return found


def yuan(fen: int) -> str:
    return f"¥{fen / 100:,.2f}"


def test_days_on_which_the_balance_will_not_do_are_red(
    platform: Platform, sign_in: SignIn, told: dict[str, Any]
) -> None:
    page = sign_in("finance-a", "/funds")
    expect(page.locator(".card", has_text="渠道可用余额")).to_contain_text(
        f"{told['red_day']} 起余额不足"
    )
    expect(page.locator("tr[data-row]")).to_have_count(14)
    red = page.locator(f'tr[data-id="{told["red_day"]}"]')
    expect(red.locator(".chip.bad").last).to_contain_text("缺 ¥")
    expect(red).to_have_attribute("aria-selected", "true")  # it is what there is to look at
    page.click("text=31 天")
    expect(page.locator("tr[data-row]")).to_have_count(31)


def test_by_keyboard_each_number_opens_what_it_is_made_of(
    platform: Platform, sign_in: SignIn, told: dict[str, Any]
) -> None:
    page = sign_in("finance-b")
    page.keyboard.press("5")
    expect(page).to_have_url(f"{platform.console}/funds")
    day = next(day for day in told["days"] if day["refunds_worst_fen"])
    walk_to(page, day["day"])
    panel = page.locator(".day-panel")
    expect(panel).to_contain_text(yuan(day["refunds_worst_fen"]))
    tab_to(page, panel.locator("[data-why=refunds]").first)
    page.keyboard.press("Enter")
    parts = panel.locator("tr[data-row]")
    expect(parts).to_have_count(GROUPS)
    expect(parts.first).to_contain_text("未成团")
    expect(parts.first).to_contain_text(yuan(PRICE_FEN))
    expect(panel.locator(".behind .more")).to_contain_text(f"{GROUPS} 笔")
    tab_to(page, panel.locator("[data-why=unfreezing]"))
    page.keyboard.press("Enter")
    expect(panel.locator(".behind")).to_contain_text("这个数没有构成：当日为零")


def walk_to(page: Page, day: str) -> None:
    """Along the days, and open this one."""
    rows = page.locator(".days-ahead tr[data-row]")
    expect(rows.first).to_be_visible()
    tab_to(page, page.locator(".days-ahead tr[tabindex='0']"))
    page.keyboard.press("Home")
    for _ in range(rows.count()):
        if page.evaluate("document.activeElement.dataset.id") == day:
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(f'tr[data-id="{day}"]')).to_have_attribute("aria-selected", "true")


def test_it_speaks_english_in_the_dark_too(
    platform: Platform, sign_in: SignIn, told: dict[str, Any]
) -> None:
    page = sign_in("finance-a", "/funds", language="en", theme="dark")
    expect(page.locator(".day-panel")).to_contain_text("Needed = refunds + earnings")
    expect(page.locator("header .state")).to_contain_text("Live")
    nav, state = (page.locator(f"header {part}").bounding_box() for part in ("nav", ".state"))
    assert nav is not None
    assert state is not None
    assert nav["x"] + nav["width"] <= state["x"]  # seven pages fit beside it
