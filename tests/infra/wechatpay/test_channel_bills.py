"""The channel's bills: every payment, refund and movement of a day, written the morning after."""

import re
from datetime import date, timedelta
from hashlib import sha1

import pytest

from infra.simulator.wechatpay.bill_books import BUSINESS
from infra.simulator.wechatpay.schema import FUNDS
from infra.simulator.wechatpay.schema_payouts import TRANSFERS
from tests.infra.wechatpay.bills import (
    DAY,
    FUND,
    TRADE,
    asked,
    change,
    fetched,
    morning,
    plan,
    shanghai,
    table,
    text,
)
from tests.infra.wechatpay.support import BUYER, JSAPI, MINUTE, REFUND, Bare, HeldClock, Shop


async def test_a_payment_and_its_refund_stand_on_the_bill_of_their_day(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    paid = await bare.pay(shop)
    clock.advance(2 * MINUTE)
    _, refund = await bare.refund(shop, paid, refund=990)
    morning(clock)
    lines, sums = table(await text(bare))
    mchid, appid = bare.merchant.account.mchid, bare.merchant.account.appid
    usual = {
        "公众账号ID": appid, "商户号": mchid, "特约商户号": "0", "设备号": "", "微信订单号": paid,
        "商户订单号": "order-0001", "用户标识": BUYER, "交易类型": "JSAPI", "付款银行": "OTHERS",
        "货币种类": "CNY", "代金券金额": "0.00", "充值券退款金额": "0.00", "商品名称": "云南蓝莓 6盒",
        "商户数据包": "", "费率": "0.60%", "费率备注": "",
    }  # fmt: skip
    assert lines == [
        usual
        | {
            "交易时间": "2026-11-22 12:00:00", "交易状态": "SUCCESS", "应结订单金额": "19.90", "订单金额": "19.90",
            "微信退款单号": "0", "商户退款单号": "0", "退款金额": "0.00", "申请退款金额": "0.00", "退款类型": "",
            "退款状态": "", "手续费": "0.12000",
        },
        usual
        | {
            "交易时间": "2026-11-22 12:02:00", "交易状态": "REFUND", "应结订单金额": "0.00", "订单金额": "0.00",
            "微信退款单号": refund["refund_id"], "商户退款单号": REFUND, "退款金额": "9.90", "申请退款金额": "9.90",
            "退款类型": "ORIGINAL", "退款状态": lines[1]["退款状态"], "手续费": "-0.06000",
        },
    ]  # fmt: skip
    assert sums == {
        "总交易单数": "2", "应结订单总金额": "19.90", "退款总金额": "9.90", "充值券退款总金额": "0.00",
        "手续费总金额": "0.06000", "订单总金额": "19.90", "申请退款总金额": "9.90",
    }  # fmt: skip


async def test_every_movement_stands_on_the_fund_flow_bill_with_the_balance_after_it(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    await bare.simulator.deposit(5_000)
    paid = await bare.pay(shop)
    clock.advance(2 * MINUTE)
    await bare.simulator.next("refund_closed", "refund")
    await bare.refund(shop, paid)
    clock.advance(MINUTE)
    await bare.simulator.rows("funds", 7)
    status, taken = await bare.simulator.ask("POST", "/sim/withdrawals", {"amount_fen": 1_000})
    assert status == 200
    morning(clock)
    lines, sums = table(await text(bare, FUND))
    assert [
        (line["业务类型"], line["收支类型"], line["收支金额(元)"], line["账户结余(元)"])
        for line in lines
    ] == [
        ("充值", "收入", "50.00", "50.00"),
        ("交易", "收入", "19.90", "69.90"),
        ("扣除交易手续费", "支出", "0.12", "69.78"),
        ("退还交易手续费", "收入", "0.12", "69.90"),
        ("退款", "支出", "19.90", "50.00"),
        ("退款关闭", "收入", "19.90", "69.90"),
        ("扣除交易手续费", "支出", "0.12", "69.78"),
        ("提现", "支出", "10.00", "59.78"),
    ]
    assert (lines[4]["备注"], lines[4]["业务凭证号"]) == (
        "退款总金额19.90元;含手续费0.00元",
        REFUND,
    )
    assert lines[7]["微信支付业务单号"] == taken["withdraw_id"]
    assert lines[7]["业务凭证号"] == taken["bank_reference"]
    assert len({line["资金流水单号"] for line in lines}) == 8
    assert sums == {
        "资金流水总笔数": "8", "收入笔数": "4", "收入金额": "89.92", "支出笔数": "4", "支出金额": "30.14",
    }  # fmt: skip


async def test_the_digest_is_of_the_text_packed_or_not(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    await bare.pay(shop)
    morning(clock)
    for packed in ("", "GZIP"):
        _, told = await asked(bare, tar_type=packed)
        whole = await fetched(bare, told)
        assert (told["hash_type"], told["hash_value"]) == ("SHA1", sha1(whole).hexdigest())


async def test_a_bill_is_written_between_nine_and_ten_of_the_next_morning(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    await bare.pay(shop)
    assert (await asked(bare))[1]["code"] == "INVALID_REQUEST"  # today
    for hour, code in ((0, "STATEMENT_CREATING"), (8, "STATEMENT_CREATING"), (10, None)):
        clock.at = shanghai(hour, day=23)
        status, told = await asked(bare)
        assert (status, told.get("code")) == ((200, None) if code is None else (400, code))
    minutes = []
    for seed in range(8):
        await plan(bare, seed=seed)
        clock.at = shanghai(9, day=23)
        while (await asked(bare))[0] != 200:
            clock.advance(MINUTE)
        minutes.append(clock.at - shanghai(9, day=23))
    assert len(set(minutes)) > 3
    assert max(minutes) < timedelta(hours=1)


async def test_there_is_no_bill_of_a_day_without_trade_nor_of_one_long_past(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    await bare.pay(shop)
    morning(clock)
    assert (await asked(bare, day=date(2026, 11, 21)))[1]["code"] == "NO_STATEMENT_EXIST"
    assert (await asked(bare, FUND, account_type="FEES"))[1]["code"] == "NO_STATEMENT_EXIST"
    morning(clock, days=93)
    assert (await asked(bare))[1]["code"] == "INVALID_REQUEST"
    for wrong in ({"day": "20261122"}, {"bill_type": "SOME"}, {"tar_type": "ZIP"}):
        assert (await asked(bare, **wrong))[1]["code"] == "PARAM_ERROR"  # type: ignore[arg-type]


async def test_an_address_lives_for_five_minutes_and_for_who_asked(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    await bare.pay(shop)
    morning(clock)
    _, told = await asked(bare)
    target = told["download_url"].removeprefix(bare.simulator.url)
    assert (await bare.simulator.raw("GET", target))[0] == 401  # nobody signed
    clock.advance(4 * MINUTE)
    assert (await bare.raw("GET", target))[0] == 200
    clock.advance(MINUTE)
    assert (await bare.ask("GET", target))[1]["code"] == "INVALID_REQUEST"


async def test_near_midnight_a_payment_stands_on_one_bill_of_the_two(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    clock.at = shanghai(23, 59, 10)
    early = {await bare.pay(shop, f"order-early-{n}") for n in range(12)}
    clock.at = shanghai(0, 0, 50, day=23)
    late = {await bare.pay(shop, f"order-late-{n}") for n in range(12)}
    clock.at = shanghai(0, 2, day=23)
    clear = await bare.pay(shop, "order-clear")
    morning(clock, days=1)
    days = []
    for day in (DAY, date(2026, 11, 23)):
        lines, _ = table(await text(bare, day=day))
        days.append({line["微信订单号"] for line in lines})
    first, second = days
    assert (first | second, first & second) == (early | late | {clear}, set())
    assert clear in second
    for group in (early, late):
        assert 0 < len(group & first) < 12


async def test_the_state_of_a_refund_is_of_one_moment_for_ever(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    ends = {"SUCCESS": "", "FAIL": "refund_closed", "CHANGE": "refund_abnormal"}
    for n, fault in enumerate(ends.values()):
        paid = await bare.pay(shop, f"order-{n:04d}")
        if fault:
            await bare.simulator.next(fault, "refund")
        await bare.refund(shop, paid, out_refund_no=f"{n:034d}")
    clock.advance(MINUTE)
    await bare.simulator.rows("refund_steps", 6)
    morning(clock)
    for stale, states in ((0, list(ends)), (1, ["PROCESSING"] * 3)):
        await plan(bare, stale=stale)
        lines, _ = table(await text(bare, bill_type="REFUND"))
        assert [line["退款状态"] for line in lines] == states


async def test_what_users_wrote_cannot_break_a_line(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    order = bare.order(shop, description="茶,一盒\n两盒", attach="`a,b`")
    assert (await bare.ask("POST", JSAPI, order))[0] == 200
    await bare.simulator.pay(out_trade_no="order-0001")
    morning(clock)
    [line], _ = table(await text(bare))
    assert (line["商品名称"], line["商户数据包"]) == ("茶\\ 一盒\\n两盒", "`a\\ b`")


async def test_lines_go_wrong_on_request_and_the_sums_follow_what_is_written(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    first, second, third = [await bare.pay(shop, f"order-{n:04d}") for n in range(3)]
    morning(clock)
    before = await text(bare)
    await change(bare, "omit", number=first)
    await change(bare, "duplicate", number=second)
    await change(
        bare, "set", number="order-0002", values={"订单金额": "20.90", "手续费": "0.13000"}
    )
    lines, sums = table(await text(bare))
    assert [line["微信订单号"] for line in lines] == [second, second, third]
    assert (sums["总交易单数"], sums["订单总金额"], sums["手续费总金额"]) == (
        "3",
        "60.70",
        "0.37000",
    )
    await change(bare, "add", values={"微信订单号": "42009", "订单金额": "1.00"})
    assert table(await text(bare))[1]["订单总金额"] == "61.70"
    await change(bare, "miscount")
    assert table(await text(bare))[1]["总交易单数"] == "5"
    assert (await text(bare)) != before


async def test_a_bill_given_again_is_another_file_that_says_the_same(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    await bare.pay(shop)
    morning(clock)
    before, again = await text(bare), await text(bare)
    assert before == again
    await change(bare, "reissue")
    restated = await text(bare)
    assert restated != before
    assert table(restated)[0][0] | {"费率备注": ""} == table(before)[0][0]


async def test_the_desk_refuses_what_it_does_not_know(bare: Bare) -> None:
    wish = {"kind": "trade", "bill_date": str(DAY), "act": "omit"}
    for wrong in ({}, {"number": "1", "values": {"列": "1"}}, {"act": "miscount", "number": "1"}):
        status, told = await bare.simulator.ask("POST", "/sim/bills/changes", wish | wrong)
        assert (status, told["code"]) == (400, "PARAM_ERROR")
    assert (await bare.simulator.ask("POST", "/sim/withdrawals", {}))[0] == 409  # nothing is there


@pytest.mark.parametrize("target", [TRADE, FUND])
async def test_who_does_not_sign_gets_no_bill(bare: Bare, target: str) -> None:
    assert (await bare.simulator.ask("GET", f"{target}?bill_date={DAY}"))[0] == 401


def test_every_movement_has_words_on_a_bill() -> None:
    kinds = re.search(r"CHECK \(kind IN \(([^)]*)\)", FUNDS)
    assert kinds is not None
    reasons = re.search(r"CHECK \(reason IN \(([^)]*)\)", TRANSFERS)
    assert reasons is not None
    assert set(re.findall(r"'(\w+)'", kinds[1] + reasons[1])) == set(BUSINESS)
