"""Finance closes a bill date at the console: lights and reasons, both sides of every line, and breaks by two people."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from infra.clock import create_clock
from infra.embedded.home import forget
from tests.console.closing import (
    DAYS,
    FOUND,
    LONG,
    LONG_LINES,
    NOON,
    OVER_FEN,
    Closing,
    open_line,
    tab_to,
)
from tests.console.conftest import Heard, SignIn
from tests.console.platform import Platform
from tests.servers import Processes
from tests.waiting import eventually


@pytest.fixture(scope="module")
def closing(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Closing]:
    directory: Path = tmp_path_factory.mktemp("closing")
    processes = Processes(directory / "processes")
    (directory / "data").mkdir()
    clock = create_clock(directory / "clock", start=NOON)
    try:
        platform = Platform(processes, directory / "data", TUAN_CLOCK_FILE=str(clock.path))
        yield Closing(platform, clock)
    finally:
        for child in processes.started:
            child.stop()
        forget(directory / "data")


@pytest.fixture(scope="module")
def platform(closing: Closing) -> Platform:
    return closing.platform


def day_of(platform: Platform) -> dict[str, Any]:
    listed = platform.get(DAYS)["items"]
    account = next(it["mchid"] for it in listed if it["bill_date"] == FOUND)
    return platform.get(f"{DAYS}/wechatpay/{FOUND}?mchid={account}")


def address(platform: Platform) -> str:
    return f"/closing?id={FOUND}/wechatpay/{day_of(platform)['mchid']}"


def dates(page: Page, id: str) -> Locator:
    """The row of a bill date."""
    return page.locator(f'.dates tr[data-id^="{id}"]')


def test_a_date_shows_its_lights_the_reason_of_each_and_what_it_comes_to(
    platform: Platform, sign_in: SignIn
) -> None:
    page = sign_in("finance-a", address(platform))
    told = day_of(platform)
    row = dates(page, f"{FOUND}/wechatpay")
    expect(row).to_contain_text("已关账 · 3 笔差错未处理")
    expect(dates(page, LONG)).to_contain_text("对账中")
    expect(dates(page, f"{FOUND}/alipay")).to_contain_text("等待账单")
    for check in told["checklist"]:
        shown = page.locator(f'[data-check="{check["name"]}"]')
        expect(shown).to_have_class(f"check {check['light']}")
        expect(shown).to_contain_text(check["zh"])
    clearing = page.locator("[data-check=clearing]")
    expect(clearing).to_contain_text("应为 ¥0.00，实为 ¥19.78，差 ¥19.78")
    expect(page.locator("[data-check=breaks]")).to_contain_text("3 笔差错未处理")
    pays = page.locator(".totals [data-why=pays]")
    expect(pays).to_have_text(f"¥{told['pays_fen'] / 100:,.2f}")


def test_a_number_opens_what_it_is_made_of_down_to_who_asked_for_it(
    platform: Platform, sign_in: SignIn
) -> None:
    page = sign_in("finance-a", address(platform))
    told = day_of(platform)
    dialog = page.locator(".explained")
    for name, fen in (("pays", told["pays_fen"]), ("clearing", told["clearing_fen"])):
        page.locator(f"[data-why={name}]").first.click()
        expect(dialog.locator(".pairs")).to_contain_text(f"¥{fen / 100:,.2f} =")
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
    page.locator("[data-why=books]").click()
    expect(dialog.locator(".pairs").first).to_contain_text(f"¥{told['balance_fen'] / 100:,.2f} =")
    part = dialog.locator("tr[data-row]", has_text="账单行对平").first
    part.focus()
    page.keyboard.press("Enter")
    lineage = dialog.locator(".lineage")
    for word in ("record_matches", "process:reconcile", "P7", "借", "1121", "账单行"):
        expect(lineage).to_contain_text(word)


def focused(page: Page) -> str:
    """What the element that has the focus says."""
    return str(page.evaluate("document.activeElement.innerText"))


def test_by_keyboard_alone_one_takes_a_break_on_and_proposes_and_another_approves(
    platform: Platform, closing: Closing, sign_in: SignIn
) -> None:
    over = closing.break_of("AMOUNT_OVER")
    first, second = sign_in("finance-a"), sign_in("finance-b", address(platform))
    first.keyboard.press("4")
    expect(first).to_have_url(f"{platform.console}/closing")
    tab_to(first, first.locator(".dates tr[tabindex='0']"))
    while FOUND not in focused(first) or "wechatpay" not in focused(first):
        first.keyboard.press("ArrowUp")
    first.keyboard.press("Enter")
    open_line(first, "渠道多款", over)
    desk = first.locator(".break-desk")
    expect(first.locator(".row-panel .lineage").first).to_contain_text("open_break")
    tab_to(first, desk.locator("button", has_text="由我处理"))
    first.keyboard.press("Enter")
    expect(desk.locator("[role=status]")).to_have_text("已由你处理")
    expect(first.locator("tr.at")).to_contain_text("finance-a")

    tab_to(first, desk.locator("button", has_text="提出方案"))
    first.keyboard.press("Enter")
    tab_to(first, first.get_by_label("凭证"))
    first.keyboard.type("顾客补付差价，流水 7")
    tab_to(first, first.locator(".q-dialog button", has_text="提交"))
    first.keyboard.press("Enter")
    expect(desk).to_contain_text("待审批方案")
    tab_to(first, desk.locator("button", has_text="批准"))
    first.keyboard.press("Enter")
    expect(desk.locator("[role=alert]")).to_have_text("提出人与审批人不能是同一人")

    open_line(second, "渠道多款", over)
    desk = second.locator(".break-desk")
    expect(desk).to_contain_text("顾客补付差价，流水 7")
    tab_to(second, desk.locator("button", has_text="批准"))
    second.keyboard.press("Enter")
    expect(desk.locator("[role=status]")).to_have_text("已批准")
    expect(desk).to_contain_text("已入账")
    decided = platform.get(f"/v1/breaks/{over['break_id']}")
    assert (decided["closed"], decided["long_fen"], decided["decided_by"]) == (
        "entry",
        0,
        "finance-b",
    )
    expect(second.locator("tr.at")).to_contain_text("已解决")
    expect(dates(second, f"{FOUND}/wechatpay")).to_contain_text("2 笔差错未处理")


def test_what_the_domain_refuses_is_said_in_the_dialog_and_a_proposal_can_be_declined(
    platform: Platform, closing: Closing, sign_in: SignIn
) -> None:
    strange = closing.break_of("FUND_DIFF")
    first = sign_in("finance-a", address(platform))
    open_line(first, "两份账单不一致", strange)
    first.click("text=提出方案")
    first.click(".q-dialog >> text=核销（损益）")
    first.get_by_label("凭证").fill("无人认领")
    first.click(".q-dialog >> text=提交")
    refused = first.locator(".q-dialog [role=alert]")
    expect(refused).to_have_text("未到核销期限，款项仍可能到账")
    first.click(".q-dialog >> text=长短款互抵")
    first.click(".q-dialog >> text=提交")
    expect(refused).to_contain_text("可选：找到订单，计入订单 / 与退款单对冲")
    first.click(".q-dialog >> text=找到订单，计入订单")
    first.get_by_label("订单 ID").fill(closing.orders[0]["order_id"])
    first.click(".q-dialog >> text=提交")
    expect(first.locator(".break-desk [role=status]")).to_contain_text("等待另一人审批")

    second = sign_in("finance-b", address(platform), language="en", theme="dark")
    open_line(second, "The two bills differ", strange)
    second.click("text=Decline")
    second.get_by_label("Note").fill("the fund flow shows another number")
    second.click(".q-dialog >> text=Submit")
    expect(second.locator(".break-desk [role=status]")).to_have_text("Declined")
    path = f"/v1/breaks/{strange['break_id']}"
    eventually(lambda: platform.get(path)["decided"] == "declined: order_found")


def test_who_may_only_look_is_told_so(
    platform: Platform, closing: Closing, sign_in: SignIn
) -> None:
    page = sign_in("ops", address(platform))
    open_line(page, "两份账单不一致", closing.break_of("FUND_DIFF", long=False))
    page.click("text=由我处理")
    expect(page.locator(".break-desk [role=alert]")).to_have_text("没有权限")


def test_a_date_of_very_many_lines_is_walked_to_its_end_without_a_reload(
    platform: Platform, sign_in: SignIn
) -> None:
    page = sign_in("finance-a", f"/closing?id={LONG}/alipay/2088000000000001")
    loaded = page.locator("[data-loaded]")
    expect(loaded).to_have_text(f"已载入 200 / {LONG_LINES:,} 行")
    page.evaluate("window.stayed = true")
    expect(page.locator(".sheet")).to_have_attribute("data-fetched", "200")
    tab_to(page, page.locator(".sheet"))
    for fetched in (*range(400, LONG_LINES, 200), LONG_LINES):
        page.keyboard.press("End")
        expect(page.locator(".sheet")).to_have_attribute("data-fetched", str(fetched))
        expect(loaded).to_have_text(f"已载入 {fetched:,} / {LONG_LINES:,} 行")
    page.keyboard.press("End")
    last = page.locator("tr.at")
    expect(last).to_have_attribute("aria-rowindex", str(LONG_LINES))
    expect(last).to_contain_text(f"t{LONG_LINES:06d}")
    expect(last).to_be_in_viewport()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("PageUp")
    page.keyboard.press("Enter")
    expect(page.locator("tr.at")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".row-panel .lineage").first).to_contain_text("record_matches")
    assert page.evaluate("window.stayed") is True
    drawn, tall = drawn_rows(page)
    assert drawn < 60
    assert tall == {34}


def drawn_rows(page: Page) -> tuple[int, set[int]]:
    heights = page.locator("tr[data-line]").evaluate_all(
        "rows => rows.map(row => row.offsetHeight)"
    )
    return len(heights), set(heights)


def test_a_date_whose_bills_are_not_here_says_so(platform: Platform, sign_in: SignIn) -> None:
    page = sign_in("finance-a", address(platform))
    expect(page.locator("tr[data-line]").first).to_be_visible()
    dates(page, f"{FOUND}/alipay").click()
    expect(page.locator(".day-card")).to_contain_text("账单未到齐，尚未开始对账")
    expect(page.locator(".sheet")).to_contain_text("没有这样的行")
    expect(page.locator("header .state")).to_contain_text("实时")


def test_every_place_of_the_page_is_reached_by_keyboard_and_nothing_leaves_this_machine(
    platform: Platform, context: BrowserContext, heard: Heard
) -> None:
    page = context.new_page()
    page.goto(platform.console + address(platform))
    page.focus('button[name="person"][value="finance-a"]')
    page.keyboard.press("Enter")
    for place in (
        page.locator(".dates tr[tabindex='0']"),
        page.locator("[data-check=clearing] .amount").first,
        page.locator(".totals [data-why=pays]"),
    ):
        tab_to(page, place)
    page.keyboard.press("Enter")
    part = page.locator(".explained tr[tabindex='0']")
    tab_to(page, part)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".explained .lineage")).to_contain_text("record_matches")
    page.keyboard.press("Escape")
    expect(page.locator(".explained")).to_be_hidden()
    tab_to(page, page.locator("summary", has_text="导出报表与凭证包"))
    page.keyboard.press("Enter")
    tab_to(page, page.locator(".exports a").last)
    tab_to(page, page.locator(".filters button", has_text="仅差异"))
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-line]", has_text="已对平")).to_have_count(0)
    tab_to(page, page.locator(".sheet"))
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    tab_to(page, page.locator(".row-panel [data-why=theirs]"))
    page.keyboard.press("Enter")
    expect(page.locator(".explained .pairs")).to_contain_text("¥")
    page.keyboard.press("Escape")
    assert heard.errors == []
    assert heard.outside == []


def test_reports_and_the_evidence_of_the_day_are_taken_out_as_files(
    platform: Platform, sign_in: SignIn
) -> None:
    page = sign_in("finance-a", address(platform))
    page.locator("summary", has_text="导出报表与凭证包").click()
    detail = page.locator(".exports tr", has_text="对账明细")
    for format, magic in (("CSV", "\ufeff".encode()), ("XLSX", b"PK")):
        with page.expect_download() as given:
            detail.locator("a", has_text=format).click()
        assert f"bill-detail_{FOUND}" in given.value.suggested_filename
        assert Path(given.value.path()).read_bytes().startswith(magic)
    with page.expect_download() as given:
        page.locator("a", has_text="当日凭证包").click()
    assert given.value.suggested_filename == f"evidence_day_{FOUND}.zip"
    assert b"verify.py" in Path(given.value.path()).read_bytes()

    looker = sign_in("ops", address(platform))
    looker.goto(f"{platform.console}/download/evidence/day/{FOUND}")
    expect(looker.locator("[role=alert]")).to_have_text("你的账号没有这项权限")


def test_the_sums_of_the_morning_are_those_of_the_bill(closing: Closing) -> None:
    """What the tests above look at is really there: the channel says so much too much of one payment."""
    over = closing.break_of("AMOUNT_OVER")
    assert over["theirs"]["amount_fen"] - over["ours"]["amount_fen"] == OVER_FEN
