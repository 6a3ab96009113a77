"""Alipay's bill of trade is read whole or not at all, out of its zip and its encoding."""

import zipfile
from collections.abc import Sequence
from datetime import timedelta
from io import BytesIO
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.bill_lines import BillKey, TradeLine, TradeSums
from infra.alipay.bill_trade import COLUMNS
from infra.bills.formats import examine, trade_lines
from infra.bills.reading import Found, Unreadable
from infra.simulator.wechatpay.bill_text import decimal
from tests.infra.bills.written import DAY, MORNING, file

PARTNER = "2088521231912068"
KEY = BillKey("alipay", PARTNER, "trade", DAY)
DETAILS, SUMMARY = (
    "20885212319120680156_20261122_业务明细.csv",
    "20885212319120680156_20261122_业务明细(汇总).csv",
)
BAR = "-" * 41


def pay(n: int = 1, **changed: Any) -> TradeLine:
    usual = TradeLine(
        bill=KEY,
        line=n,
        kind="pay",
        status="SUCCESS",
        out_trade_no=f"order-{n:04d}",
        transaction_id=f"2026112222001{n:015d}",
        out_refund_no="",
        channel_refund_id="",
        amount_fen=1990,
        settled_fen=1890,
        fee_fen=12,
        refund_status="",
        sub_mchid="",
        currency="CNY",
        payer="*杨(137****2600)",
        at=MORNING + timedelta(seconds=n),
    )
    return msgspec.structs.replace(usual, **changed)


def refund(n: int = 1, **changed: Any) -> TradeLine:
    usual = pay(n, kind="refund", status="REFUND", out_refund_no=f"refund-{n}", amount_fen=990,
                settled_fen=990, fee_fen=-6, refund_status="SUCCESS")  # fmt: skip
    return msgspec.structs.replace(usual, **changed)


def printed(line: TradeLine, **wrong: str) -> list[str]:
    sign = 1 if line.kind == "pay" else -1
    at = f"{line.at:%Y-%m-%d %H:%M:%S}"
    told = dict.fromkeys(COLUMNS, "0.00") | {
        "支付宝交易号": f"{line.transaction_id}\t",
        "商户订单号": f"{line.out_trade_no}\t",
        "业务类型": "交易" if line.kind == "pay" else "退款",
        "商品名称": "云南蓝莓",
        "创建时间": at,
        "完成时间": at,
        "门店编号": "\t",
        "门店名称": "\t",
        "操作员": "\t",
        "终端号": "\t",
        "对方账户": f"{line.payer}\t",
        "订单金额（元）": decimal(sign * line.amount_fen, 2),
        "商家实收（元）": decimal(sign * line.settled_fen, 2),
        "券名称": "",
        "退款批次号/请求号": f"{line.out_refund_no}\t",
        "服务费（元）": decimal(-line.fee_fen, 2),
        "备注": "挂号",
    }
    return list((told | wrong).values())


def text(lines: Sequence[TradeLine], rows: Sequence[list[str]] | None = None) -> str:
    """The CSV, with other rows than those of the lines if a test wants."""
    pays = [line.settled_fen for line in lines if line.kind == "pay"]
    refunds = [-line.settled_fen for line in lines if line.kind == "refund"]
    return "\r\n".join(
        [
            "#支付宝业务明细查询",
            f"#账号：[{PARTNER}0156]",
            "#起始日期：[2026年11月22日 00:00:00]   终止日期：[2026年11月23日 00:00:00]",
            f"#{BAR}业务明细列表{BAR}",
            ",".join(COLUMNS),
            *(",".join(row) for row in rows or [printed(line) for line in lines]),
            f"#{BAR}业务明细列表结束{BAR}",
            f"#交易合计：{len(pays)}笔，商家实收共{decimal(sum(pays), 2)}元，商家优惠共0.00元",
            f"#退款合计：{len(refunds)}笔，商家实收退款共{decimal(sum(refunds), 2)}元，商家优惠退款共0.00元",
            "#导出时间：[2026年11月23日 08:12:33]",
            "",
        ]
    )


class OldName(zipfile.ZipInfo):
    """A name in GBK that does not say so: Python's own are in UTF-8."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("gbk"), self.flag_bits


def zipped(text: str, name: str = DETAILS, *, encoding: str = "gbk", more: str = SUMMARY) -> bytes:
    """As the channel packs it: names of its files in GBK, without saying so."""
    whole = BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in ((name, text), (more, "#支付宝业务汇总查询")):
            archive.writestr(OldName(each), content.encode(encoding))
    return whole.getvalue()


ORDINARY = [pay(1), pay(2, amount_fen=990, settled_fen=900, fee_fen=6), refund(3)]


def faults(zip: bytes) -> list[tuple[int, str]]:
    with pytest.raises(Unreadable) as refused:
        examine(KEY, file(zip))
    return [(error.line, error.column) for error in refused.value.errors]


def test_a_bill_says_what_the_channel_wrote() -> None:
    whole = zipped(text(ORDINARY))
    assert list(trade_lines(KEY, file(whole))) == ORDINARY
    assert examine(KEY, file(whole)) == Found(3, 0, TradeSums(2, 2980, 1, 990, 12))


def test_names_of_files_may_be_in_either_code() -> None:
    whole = BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr(DETAILS, text(ORDINARY).encode("gbk"))
    assert examine(KEY, whole).lines == 3


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("业务类型", "转账"), ("订单金额（元）", "-19.90"), ("商家实收（元）", "x"), ("服务费（元）", "0.1"),
        ("完成时间", "2026-11-24 00:00:00"), ("支付宝交易号", "\t"), ("商户订单号", ""),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(column: str, value: str) -> None:
    rows = [printed(pay(1)), printed(pay(2), **{column: value}), printed(pay(3))]
    assert faults(zipped(text([pay(1), pay(2), pay(3)], rows))) == [(7, column)]


def test_a_refund_needs_its_number_and_goes_out() -> None:
    for column, value in (("退款批次号/请求号", "\t"), ("订单金额（元）", "9.90")):
        rows = [printed(refund(1), **{column: value})]
        assert faults(zipped(text([refund(1)], rows))) == [(6, column)]


def test_a_bill_of_somebody_else_or_of_another_day_is_refused() -> None:
    good = text(ORDINARY)
    assert faults(zipped(good.replace(PARTNER, "2088000000000000"))) == [(0, "账号")]
    assert faults(zipped(good.replace("11月22日 00", "11月21日 00"))) == [(0, "起始日期")]
    assert faults(zipped(good.replace("#支付宝业务明细查询", "#支付宝账务明细查询"))) == [(1, "")]


def test_every_sum_is_compared_and_both_must_be_there() -> None:
    good = text(ORDINARY)
    for old, new in (("合计：2笔", "合计：3笔"), ("共27.90元", "共27.91元")):
        assert faults(zipped(good.replace(old, new))) == [(10, "交易合计")]
    for old, new in (("合计：1笔", "合计：2笔"), ("共-9.90元", "共9.90元")):
        assert faults(zipped(good.replace(old, new))) == [(11, "退款合计")]
    assert faults(zipped(good.replace("#退款合计", "#别的合计"))) == [(0, "退款合计")]
    assert faults(zipped(good + "x")) == [(13, "")]


def test_a_line_too_many_or_too_few_is_found() -> None:
    lines = text(ORDINARY).split("\r\n")
    assert (10 - 1, "交易合计") in faults(zipped("\r\n".join([*lines[:5], *lines[6:]])))
    assert faults(zipped("\r\n".join([*lines[:6], f"{lines[6]},", *lines[7:]]))) == [(7, "")]


def test_what_is_no_zip_or_holds_no_bill_is_refused() -> None:
    good = text(ORDINARY)
    whole = zipped(good)
    for bad in (b"", b"PK", good.encode("gbk"), whole[:-30], whole[40:]):
        assert faults(bad)[0] == (0, "")
    assert faults(zipped(good, name="别的.csv")) == [(0, "")]
    assert faults(zipped(good, more=f"b_{DETAILS}")) == [(0, "")]
    assert faults(zipped(good, encoding="utf-8"))[0] == (1, "")


LINES = st.lists(st.booleans(), min_size=1, max_size=6).map(
    lambda kinds: [pay(n) if kind else refund(n) for n, kind in enumerate(kinds, 1)]
)


@given(LINES, st.data())
@settings(max_examples=200, deadline=None)
def test_a_changed_byte_changes_nothing_or_is_found(
    lines: list[TradeLine], data: st.DataObject
) -> None:
    whole = bytearray(zipped(text(lines)))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    try:
        read = list(trade_lines(KEY, file(bytes(whole))))
    except Unreadable:
        return
    assert read == lines
