"""Two people decide about a refund at the desk; one alone cannot."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import SignIn
from tests.console.platform import Platform, call
from tests.waiting import eventually


@pytest.fixture(scope="module")
def stuck(platform: Platform) -> dict[str, Any]:
    """A refund whose money the buyer's bank does not take, so that people must decide."""
    call(
        "POST",
        f"{platform.channel}/sim/faults/next",
        body={"fault": "refund_abnormal", "call": "refund", "times": 1},
    )
    placed = platform.opens_and_pays()
    platform.withdraws(placed)

    path = f"/v1/refunds?trouble=any&order={placed['order_id']}"
    [refund] = eventually(lambda: list(platform.get(path)["items"]), 60)
    found: dict[str, Any] = refund
    return found


def opened(page: Page, refund: dict[str, Any]) -> None:
    """By keyboard: to the table, along its rows, and Enter."""
    row = page.locator(f'tr[data-id="{refund["refund_id"]}"]')
    row.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".detail")).to_contain_text(refund["refund_id"])
    waited = row.locator("td").last.inner_text()
    expect(row.locator("td").last).not_to_have_text(waited)
    expect(row).to_be_focused()  # though the row has changed under it


def test_who_proposed_cannot_approve_and_another_can(
    platform: Platform, sign_in: SignIn, stuck: dict[str, Any]
) -> None:
    first, second = sign_in("finance-a", "/refunds"), sign_in("finance-b", "/refunds")
    opened(first, stuck)
    expect(first.locator(".detail")).to_contain_text("退款异常")
    expect(first.locator(".step")).to_contain_text("渠道已受理")

    first.click("text=提出方案")
    first.click("text=按原单号重试")
    first.click(".q-dialog >> text=提交")
    refused = first.locator(".q-dialog [role=alert]")
    expect(refused).to_contain_text("该处理方式可能造成重复退款")
    expect(refused).to_contain_text("退回商户账户")
    first.click(".q-dialog >> text=退回商户账户")
    first.get_by_label("说明").fill("买家的卡已注销")
    first.click(".q-dialog >> text=提交")
    expect(first.locator(".detail")).to_contain_text("待审批方案")

    first.click("text=批准")
    expect(first.locator(".detail [role=alert]")).to_have_text("提出人与审批人不能是同一人")

    opened(second, stuck)
    expect(second.locator(".detail")).to_contain_text("买家的卡已注销")
    expect(second.locator(".detail")).to_contain_text("finance-a")
    second.click("text=批准")
    expect(second.locator(".detail [role=status]")).to_have_text("已批准")
    expect(second.locator(".detail")).to_contain_text("最近决定")
    path = f"/v1/refunds/{stuck['refund_id']}"
    assert platform.get(path)["decided_by"] == "finance-b"
    eventually(lambda: platform.get(path)["status"] == "RETURNED", 60)


def test_an_operator_proposes_a_refund_and_another_declines_it(
    platform: Platform, sign_in: SignIn
) -> None:
    order = platform.ready_order()
    ops, finance = sign_in("ops", "/refunds"), sign_in("finance-b", "/refunds", language="en")
    ops.click("text=发起退款")
    ops.get_by_label("订单 ID").fill(order["order_id"])
    ops.get_by_label("金额（元）").fill("1.234")
    ops.click(".q-dialog >> text=提交")
    expect(ops.locator(".q-dialog [role=alert]")).to_contain_text("最多两位小数")
    ops.get_by_label("金额（元）").fill("99,999.00")
    ops.click(".q-dialog >> text=提交")
    expect(ops.locator(".q-dialog [role=alert]")).to_have_text("退款金额超过可退金额")
    ops.get_by_label("金额（元）").fill("5.50")
    ops.get_by_label("说明").fill("部分草莓压坏")
    ops.click(".q-dialog >> text=提交")
    expect(ops.locator(".detail [role=status]")).to_contain_text("等待另一人审批")

    finance.locator("tr[data-row]", has_text="¥5.50").click()
    expect(finance.locator(".detail")).to_contain_text("部分草莓压坏")
    finance.click("text=Decline")
    finance.get_by_label("Note").fill("not enough evidence")
    finance.keyboard.press("Tab")
    finance.click(".q-dialog >> text=Submit")
    expect(finance.locator(".detail [role=status]")).to_have_text("Declined")

    def decided() -> list[tuple[str, str | None]]:
        found = platform.get(f"/v1/refunds?order={order['order_id']}")["items"]
        return [(it["status"], it["decided_by"]) for it in found]

    eventually(lambda: decided() == [("DECLINED", "finance-b")])  # the command answers before


def test_who_may_not_approve_is_told_so(platform: Platform, sign_in: SignIn) -> None:
    """The engineer reads everything of the tenant and decides nothing."""
    order = platform.ready_order()
    platform.ask(
        platform.operator, "propose_refund", order_id=order["order_id"], amount_fen=100, note="x"
    )
    page = sign_in("engineer", "/refunds")
    page.locator("tr[data-row]", has_text="¥1.00").click()
    page.click("text=批准")
    expect(page.locator(".detail [role=alert]")).to_have_text("没有权限")


def test_the_desk_says_whether_the_money_for_refunds_will_do(
    platform: Platform, sign_in: SignIn, stuck: dict[str, Any]
) -> None:
    page = sign_in("finance-a", "/refunds")
    told = platform.get("/v1/refunds/liquidity")
    words = {"yes": "余额充足", "no": "余额可能不足，请及时充值", "unknown": "渠道余额未知"}
    expect(page.locator(".card", has=page.locator(".strip"))).to_contain_text(words[told["enough"]])
    assert told["hours"] != []
    expect(page.locator(".columns i")).to_have_count(len(told["hours"]))
