"""The dashboard is alive: what people do is on it a moment later, in both languages and both lights."""

import re

from playwright.sync_api import Page, expect

from read_api.console.frame import PAGES
from tests.console.conftest import Heard, SignIn
from tests.console.platform import PRICE_FEN, Platform

PLACED = '[data-figure="placed"]'
PAID = '[data-figure="paid"]'


def fen(page: Page, figure: str) -> int:
    shown = page.locator(figure).inner_text()
    assert re.fullmatch(r"¥[\d,]+\.\d\d", shown), shown
    return int(re.sub(r"\D", "", shown))


def yuan(amount: int) -> str:
    return f"¥{amount // 100:,}.{amount % 100:02d}"


def test_an_order_moves_the_figures_without_a_reload(platform: Platform, sign_in: SignIn) -> None:
    page = sign_in("ops")
    page.wait_for_selector(".state.live")
    placed, paid = fen(page, PLACED), fen(page, PAID)

    order = platform.opens_and_pays()

    expect(page.locator(PLACED)).to_have_text(yuan(placed + PRICE_FEN))
    expect(page.locator(PAID)).to_have_text(yuan(paid + PRICE_FEN))
    expect(page.locator(f'tr[data-id="{order["group_id"]}"]')).to_contain_text("1/2")
    expect(page.locator(".tile", has_text="浙江")).not_to_contain_text("·")


def test_every_figure_says_what_it_means(platform: Platform, sign_in: SignIn) -> None:
    page = sign_in("ops")
    served = platform.get("/v1/dashboard/sales")["definitions"]
    for key, definition in served.items():
        card = page.locator(".figure", has=page.locator(f'[data-figure="{key}"]'))
        expect(card).to_contain_text(definition["zh"].partition("：")[2])
    assert len(served) == page.locator(".figure").count() == 5


def test_it_speaks_english_and_goes_dark_and_remembers(platform: Platform, sign_in: SignIn) -> None:
    page = sign_in("ops")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.click("[data-language]")
    expect(page.locator("nav a").first).to_contain_text("Dashboard")
    expect(page.locator("html")).to_have_attribute("lang", re.compile("en"))
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("[data-theme]")
    expect(page.locator("body")).to_have_class(re.compile("body--dark"))
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.goto(f"{platform.console}/?again")
    expect(page.locator("body")).to_have_class(re.compile("body--dark"))
    expect(page.locator("nav a").first).to_contain_text("Dashboard")


def test_nothing_is_asked_of_anybody_else_and_nothing_is_complained_about(
    platform: Platform, sign_in: SignIn
) -> None:
    page = sign_in("engineer", "/login")
    heard = Heard(page.context)
    order = platform.opens()["order_id"]
    for path in PAGES.values():
        page.goto(f"{platform.console}{path}?id={order}")
        page.wait_for_selector("main.page")
        page.wait_for_selector(".state.live")
    assert heard.asked != []
    assert heard.outside == []
    assert heard.errors == []
