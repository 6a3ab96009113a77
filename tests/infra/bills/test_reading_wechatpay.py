"""WeChat Pay's bills are read whole or not at all, and every fault is named by its line and column."""

import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha1
from io import RawIOBase
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.bill import ERRORS_MAX
from domain.bill_lines import FundSums, TradeLine, TradeSums
from domain.events.bill import BillError
from infra.bills.formats import examine, fund_lines, trade_lines
from infra.bills.reading import LINE_MAX, Found, Unreadable
from infra.simulator.wechatpay.bill_text import TRADE, written
from tests.infra.bills.written import (
    FLOW,
    KEY,
    MORNING,
    file,
    fund_text,
    movement,
    pay,
    printed,
    refund,
    trade_text,
)

ORDINARY = [pay(1), pay(2, amount_fen=990, settled_fen=900, fee_fen=6), refund(3)]
MOVEMENTS = [movement(1, 6_990, 1_990), movement(2, 6_978, -12, "扣除交易手续费")]


def faults(text: bytes, key: Any = KEY) -> list[tuple[int, str]]:
    """Line and column of every fault."""
    with pytest.raises(Unreadable) as refused:
        examine(key, file(text))
    return [(error.line, error.column) for error in refused.value.errors]


def test_a_trade_bill_says_what_the_channel_wrote() -> None:
    text = trade_text(ORDINARY)
    assert list(trade_lines(KEY, file(text))) == ORDINARY
    assert examine(KEY, file(text)) == Found(3, 0, TradeSums(2, 2980, 1, 990, 12))


def test_a_fund_flow_bill_says_what_the_channel_wrote() -> None:
    text = fund_text(MOVEMENTS)
    assert list(fund_lines(FLOW, file(text))) == MOVEMENTS
    assert examine(FLOW, file(text)) == Found(2, 0, FundSums(1, 1990, 1, 12, 5000, 6978))


def test_a_gap_in_the_balances_is_no_fault_of_the_file() -> None:
    lines = [movement(1, 6_990, 1_990), movement(2, 1, -12)]
    assert list(fund_lines(FLOW, file(fund_text(lines)))) == lines


def test_columns_are_known_by_name_and_more_of_them_do_no_harm() -> None:
    text = trade_text(ORDINARY).decode()
    turned = "\r\n".join(",".join(reversed(line.split(","))) for line in text.split("\r\n"))
    assert list(trade_lines(KEY, file(turned.encode()))) == ORDINARY
    heading, *rest = text.split("\r\n")
    more = [f"{line},`" if line.count(",") == 26 else line for line in rest]
    assert (
        list(trade_lines(KEY, file("\r\n".join([f"{heading},新列", *more]).encode()))) == ORDINARY
    )


def test_ends_of_lines_and_a_mark_of_the_encoding_do_not_matter() -> None:
    text = trade_text(ORDINARY)
    for same in (text.replace(b"\r\n", b"\n"), b"\xef\xbb\xbf" + text, text.removesuffix(b"\r\n")):
        assert list(trade_lines(KEY, file(same))) == ORDINARY


def test_a_fee_that_comes_back_is_below_zero_however_it_is_printed() -> None:
    rows = [printed(line) for line in ORDINARY]
    rows[2]["手续费"] = "0.06000"
    text = b"".join(written(rows, TRADE, []))
    assert list(trade_lines(KEY, file(text))) == ORDINARY


def test_a_number_that_comes_again_is_counted() -> None:
    twice = [pay(1), pay(2), pay(1, line=3), refund(4), refund(4, line=5), refund(4, line=6)]
    assert examine(KEY, file(trade_text(twice))).duplicates == 3
    again = [movement(1, 20, 10), movement(1, 20, 10)]
    assert examine(FLOW, file(fund_text(again))).duplicates == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("交易时间", "2026-11-23 00:30:00"), ("交易时间", "2026-11-21 23:29:59"), ("交易时间", "2026-11-22T08:00:00"),
        ("交易时间", "2026-11-22 24:00:00"), ("商户号", "1900007292"), ("微信订单号", ""), ("商户订单号", "a b"),
        ("交易状态", "PAID"), ("货币种类", "元"), ("应结订单金额", "19.9"), ("应结订单金额", "-19.90"),
        ("订单金额", "1,9.90"), ("订单金额", "019.90"), ("退款金额", "0.01"), ("申请退款金额", "9.90"),
        ("充值券退款金额", "0.01"), ("微信退款单号", "5030"), ("商户退款单号", "r"), ("退款状态", "SUCCESS"),
        ("手续费", "0.12"), ("手续费", "0.12500"), ("手续费", "-0.12000"), ("手续费", "１.00000"),
    ],
)  # fmt: skip
def test_a_wrong_value_of_a_payment_is_named(column: str, value: str) -> None:
    rows = [printed(pay(1)), printed(pay(2)) | {column: value}, printed(pay(3))]
    named = faults(b"".join(written(rows, TRADE, [])))
    assert named[0] == (3, "" if "," in value else column)
    assert {line for line, _ in named} <= {3, 6}  # the sums may be wrong with it


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("退款状态", ""), ("退款状态", "CLOSED"), ("微信退款单号", "0"), ("商户退款单号", "0"), ("订单金额", "9.90"),
        ("应结订单金额", "9.90"), ("申请退款金额", "x"),
    ],
)  # fmt: skip
def test_a_wrong_value_of_a_refund_is_named(column: str, value: str) -> None:
    rows = [printed(pay(1)), printed(refund(2)) | {column: value}]
    assert faults(b"".join(written(rows, TRADE, []))) == [(3, column)]


@pytest.mark.parametrize(
    ("column", "value"),
    [("收支类型", "其他"), ("收支金额(元)", "-1.00"), ("账户结余(元)", "x"), ("业务类型", ""), ("资金流水单号", "")],
)  # fmt: skip
def test_a_wrong_value_of_a_movement_is_named(column: str, value: str) -> None:
    old = fund_text(MOVEMENTS[:1]).decode().split("\r\n")
    names = old[0].split(",")
    values = old[1].split(",")
    values[names.index(column)] = f"`{value}"
    wrong = "\r\n".join([old[0], ",".join(values), *old[2:]])
    assert faults(wrong.encode(), FLOW) == [(2, column)]


def test_every_sum_is_compared() -> None:
    lines = trade_text(ORDINARY).decode().split("\r\n")
    names, values = lines[4].split(","), lines[5].split(",")
    for place, name in enumerate(names):
        digit = values[place][-1] if name != "手续费总金额" else values[place][-4]
        other = "1" if digit != "1" else "2"
        changed = values[place]
        cut = -1 if name != "手续费总金额" else -4
        changed = changed[:cut] + other + (changed[cut + 1 :] if cut < -1 else "")
        wrong = [*lines[:5], ",".join([*values[:place], changed, *values[place + 1 :]]), ""]
        assert faults("\r\n".join(wrong).encode()) == [(6, name)], name


def test_a_file_that_is_cut_short_or_goes_on_is_refused() -> None:
    lines = trade_text(ORDINARY).splitlines(keepends=True)
    assert faults(b"") == [(0, "")]
    for kept in range(1, 6):
        assert faults(b"".join(lines[:kept])) == [(0, "")]
    assert faults(b"".join([*lines, lines[1]])) == [(7, "")]
    assert faults(b"".join([lines[0], *lines[2:]])) == [
        (5, "总交易单数"), (5, "应结订单总金额"), (5, "订单总金额"), (5, "手续费总金额"),
    ]  # fmt: skip


def test_headings_must_have_every_column_once() -> None:
    text = trade_text(ORDINARY)
    assert faults(text.replace("手续费,".encode(), b"x,", 1)) == [(1, "手续费")]
    assert faults(text.replace("费率备注".encode(), "费率".encode(), 1)) == [(1, "")]
    assert faults(text.replace("总交易单数".encode(), b"y", 1)) == [(5, "总交易单数")]


def test_values_need_their_back_ticks_and_text_its_encoding() -> None:
    text = trade_text(ORDINARY)
    assert faults(text.replace(b",`JSAPI", b",JSAPI", 1)) == [(2, "")]
    assert faults(text.replace("云".encode(), b"\xff", 1)) == [(2, "")]
    assert faults(b"x" * LINE_MAX) == [(1, "")]


def test_all_faults_are_counted_and_the_first_are_kept() -> None:
    rows = [printed(pay(n)) | {"手续费": "x"} for n in range(1, 81)]
    with pytest.raises(Unreadable) as refused:
        examine(KEY, file(b"".join(written(rows, TRADE, []))))
    assert (refused.value.count, len(refused.value.errors)) == (80, ERRORS_MAX)
    assert refused.value.errors[0] == BillError(
        2, "手续费", "不是五位小数的手续费 no fee of five decimals: 'x'"
    )


NUMBERS = st.text("0123456789abcXYZ_-|*", min_size=1, max_size=32).filter(lambda text: text != "0")
PAYS = st.builds(
    lambda number, fen, fee, payer, seconds: pay(
        out_trade_no=number,
        amount_fen=fen,
        settled_fen=fen,
        fee_fen=fee,
        payer=payer,
        at=MORNING + timedelta(seconds=seconds),
    ),
    NUMBERS,
    st.integers(0, 10**11),
    st.integers(0, 10**9),
    st.text("oabcXYZ_-", max_size=32),
    st.integers(-8 * 3600, 16 * 3600 - 1),
)
REFUNDS = st.builds(
    lambda number, fen, fee, state: refund(
        out_refund_no=number, amount_fen=fen, settled_fen=fen, fee_fen=-fee, refund_status=state
    ),
    NUMBERS,
    st.integers(1, 10**11),
    st.integers(0, 10**9),
    st.sampled_from(["SUCCESS", "PROCESSING", "FAIL", "CHANGE"]),
)
BILLS = st.lists(PAYS | REFUNDS, min_size=1, max_size=12).map(
    lambda lines: [pay(n, **fields(line)) for n, line in enumerate(lines, 1)]
)


def fields(line: TradeLine) -> dict[str, Any]:
    return {name: getattr(line, name) for name in line.__struct_fields__ if name != "line"}


@given(BILLS)
@settings(max_examples=150, deadline=None)
def test_whatever_the_channel_writes_is_read_as_it_was_meant(lines: list[TradeLine]) -> None:
    assert list(trade_lines(KEY, file(trade_text(lines)))) == lines


@given(BILLS, st.data())
@settings(max_examples=300, deadline=None)
def test_a_changed_byte_is_found_by_the_digest_and_never_moves_money_without_it(
    lines: list[TradeLine], data: st.DataObject
) -> None:
    text = bytearray(trade_text(lines))
    digest = f"sha1:{sha1(text).hexdigest()}"
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Unreadable):
        examine(KEY, file(bytes(text)), digest)
    try:
        read = list(trade_lines(KEY, file(bytes(text))))
    except Unreadable:
        return
    assert list(map(money, read)) == list(map(money, lines))


def money(line: TradeLine) -> tuple[Any, ...]:
    return line.line, line.kind, line.amount_fen, line.settled_fen, line.fee_fen


class Endless(RawIOBase):
    """A bill of so many payments, that nobody ever holds as a whole."""

    def __init__(self, lines: int) -> None:
        self._pieces: Iterator[bytes] = written(
            (printed(pay(n % 3600)) for n in range(lines)), TRADE, []
        )

    def readline(self, size: int | None = -1, /) -> bytes:
        return next(self._pieces, b"")

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return 0


def test_a_long_bill_needs_little_memory() -> None:
    many = 40_000
    tracemalloc.start()
    try:
        found = examine(KEY, Endless(many))  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.lines == many
    assert peak < many * 100  # bytes: a line has more than 300
