"""One order to the bottom: found by any id, told on one timeline, walked by keyboard alone."""

from playwright.sync_api import Page, expect

from tests.console.conftest import SignIn
from tests.console.platform import Platform
from tests.waiting import eventually


def looked_up(page: Page, id: str) -> None:
    page.keyboard.press("/")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(id)
    page.keyboard.press("Enter")


def test_any_id_of_an_order_leads_to_its_whole_story(platform: Platform, sign_in: SignIn) -> None:
    placed = platform.opens_and_pays()
    id = placed["order_id"]
    path = f"/v1/orders/{id}"
    payment = platform.get(path)["payment_id"]
    eventually(lambda: len(platform.get(f"{path}/timeline")["entries"]) >= 5)
    page = sign_in("ops", "/order")
    for known in (id, payment):
        looked_up(page, known)
        expect(page.locator(".detail")).to_contain_text(id)
        told = page.locator(".timeline")
        expect(told).to_contain_text("应付 ¥19.90")
        expect(told).to_contain_text("支付成功")
        expect(page.locator(".detail .chip")).to_have_text("拼团中")

    platform.withdraws(placed)  # it goes on before the eyes of whoever looks
    expect(page.locator(".timeline")).to_contain_text("买家退出")
    expect(page.locator("tr[data-row]")).to_contain_text("退出拼团")
    looked_up(page, placed["group_id"])
    expect(page.locator(".detail")).to_contain_text(id)


def test_an_id_of_nobody_and_nonsense_are_answered_in_words(
    platform: Platform, sign_in: SignIn
) -> None:
    page = sign_in("ops", "/order")
    looked_up(page, "01a213bc-0000-8395-941d-52a39a5564ad")
    expect(page.locator("[role=alert]")).to_have_text("没有找到，或你无权查看")
    looked_up(page, "a word")
    expect(page.locator("[role=alert]")).to_have_text("查询参数有误")
    looked_up(page, "<script>alert(1)</script>")
    expect(page.locator("[role=alert]")).to_have_text("没有找到，或你无权查看")
    assert page.locator("#search").input_value() == "<script>alert(1)</script>"


def test_the_whole_console_is_walked_by_keyboard(platform: Platform, sign_in: SignIn) -> None:
    order = platform.ready_order()
    page = sign_in("engineer")
    pages = ("大屏", "一单到底", "退款处理台", "关账台", "资金日历", "流浏览", "系统")
    for key, name in enumerate(pages, start=1):
        page.keyboard.press(str(key))
        expect(page.locator("nav a[aria-current]")).to_contain_text(name)
        page.wait_for_selector("main.page")
    page.keyboard.press("?")
    expect(page.locator("dialog#help")).to_be_visible()
    page.keyboard.press("1")  # belongs to the dialog now
    expect(page.locator("nav a[aria-current]")).to_contain_text("系统")
    page.keyboard.press("Escape")
    expect(page.locator("dialog#help")).to_be_hidden()

    page.keyboard.press("2")
    expect(page.locator("nav a[aria-current]")).to_contain_text("一单到底")
    looked_up(page, order["group_id"])
    rows = page.locator("tr[data-row]")
    expect(rows).to_have_count(2)
    page.keyboard.press("Tab")  # from nowhere: past the header to the first row
    while page.evaluate("!document.activeElement.matches('[data-row]')"):
        page.keyboard.press("Tab")
    expect(rows.first).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("ArrowDown")
    expect(rows.last).to_be_focused()
    page.keyboard.press("Home")
    expect(rows.first).to_be_focused()
    wanted = rows.first.get_attribute("data-id")
    page.keyboard.press("Enter")
    expect(page.locator(".detail")).to_contain_text(str(wanted))
    page.keyboard.press("l")
    expect(page.locator("nav a[aria-current]")).to_contain_text("Order")
    page.keyboard.press("t")
    expect(page.locator("body.body--dark")).to_have_count(1)
    expect(page.locator(".detail")).to_contain_text(str(wanted))
