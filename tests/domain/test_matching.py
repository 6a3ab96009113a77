"""One line, one row: what makes them equal, what a difference is called, and that no order changes anything."""

from datetime import date, datetime, timedelta, timezone
from random import Random
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.bill_lines import BillKey, TradeLine
from domain.events.recon import Code
from domain.ids import BreakId
from domain.matching import conclude
from domain.matching_join import Join
from domain.matching_rows import Equal, Finding, Known, Outcome, Row, Waits, net_fen, own_number
from domain.matching_tests import agree, failing, legs
from infra.recon.judge import date_of, findings, story

EAST = timezone(timedelta(hours=8))
BREAK = BreakId(UUID(int=1))
DAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=EAST)


def pay(**fields: Any) -> TradeLine:
    standard = TradeLine(
        BillKey("wechatpay", "1900000001", "trade", DAY), 1, "pay", "SUCCESS", "o1", "t1", "", "",
        70_00, 70_00, 42, "", "", "CNY", "", NOON,
    )  # fmt: skip
    return msgspec.structs.replace(standard, **fields)


def row(**fields: Any) -> Row:
    return msgspec.structs.replace(Row("pay", "o1", "t1", 70_00, 42, DAY, NOON), **fields)


def refund(**fields: Any) -> TradeLine:
    return pay(
        kind="refund", status="REFUND", out_refund_no="r1", channel_refund_id="f1", fee_fen=-42,
        refund_status="PROCESSING", **fields,
    )  # fmt: skip


def run(
    lines: list[TradeLine],
    rows: list[Row],
    bill_date: date = DAY,
    known: dict[str, Known] | None = None,
) -> list[Outcome]:
    join = Join(rows, bill_date)
    join.hear(lines)
    rest = conclude([join.leftover()], bill_date=bill_date, known=lambda numbers: known or {})
    return [*join.equal(), *rest]


def only(outcomes: list[Outcome]) -> Any:
    (outcome,) = outcomes
    return outcome


def test_a_line_and_its_row_are_equal_by_either_number() -> None:
    assert only(run([pay()], [row()])) == Equal(row(), 1, DAY)
    assert isinstance(only(run([pay()], [row(channel_number="")])), Equal)
    assert isinstance(only(run([pay()], [row(number="other")])), Equal)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (pay(amount_fen=70_01, settled_fen=70_01), "AMOUNT_OVER"),
        (pay(amount_fen=69_99, settled_fen=69_99), "AMOUNT_UNDER"),
        (pay(settled_fen=69_00), "AMOUNT_UNDER"),
        (pay(fee_fen=44), "FEE_DIFF"),
        (pay(currency="HKD"), "CURRENCY_DIFF"),
        (pay(sub_mchid="1900009999"), "MERCHANT_DIFF"),
        (pay(status="REVOKED"), "STATUS_LEDGER_PAID"),
    ],
)
def test_every_difference_has_a_name_and_none_is_small(line: TradeLine, code: Code) -> None:
    found = only(run([line], [row()]))
    assert found.failing == (code,)
    assert found.auto == ""


def test_the_first_failing_test_names_it_and_all_are_kept() -> None:
    found = only(run([pay(fee_fen=44, amount_fen=1, settled_fen=1)], [row()]))
    assert found.failing == ("AMOUNT_UNDER", "FEE_DIFF")


def test_money_of_a_break_is_what_both_have_what_the_bill_has_and_what_we_have() -> None:
    less = only(run([pay(amount_fen=69_00, settled_fen=69_00)], [row()]))
    assert (less.through_fen, less.unbooked_fen, less.unbilled_fen) == (68_58, 0, 1_00)
    more = only(run([pay(amount_fen=71_00, settled_fen=71_00)], [row()]))
    assert (more.through_fen, more.unbooked_fen, more.unbilled_fen) == (69_58, 1_00, 0)
    elsewhere = only(run([pay(currency="HKD")], [row()]))
    assert (elsewhere.through_fen, elsewhere.unbooked_fen) == (0, 69_58)
    assert elsewhere.unbilled_fen == 69_58


def test_an_unknown_payment_and_a_known_one_are_told_apart() -> None:
    assert only(run([pay()], [])).code == "CHANNEL_ONLY_PAY"
    known = only(run([pay()], [], known={"o1": Known("closed")}))
    assert known.code == "STATUS_CHANNEL_PAID"
    again = only(run([pay()], [], known={"t1": Known("captured")}))
    assert again.code == "DUPLICATE_CHANNEL"


def test_a_second_payment_of_one_number_is_too_much() -> None:
    equal, double = run([pay(line=2, transaction_id="t2"), pay()], [row()])
    assert isinstance(equal, Equal)
    assert equal.line == 1
    assert isinstance(double, Finding)
    assert (double.code, double.unbooked_fen) == ("DUPLICATE_CHANNEL", 69_58)


def test_a_row_waits_for_the_next_bill_and_no_longer() -> None:
    assert only(run([], [row()])) == Waits(DAY + timedelta(days=1), row=row())
    late = only(run([], [row()], DAY + timedelta(days=1)))
    assert (late.code, late.unbilled_fen) == ("LEDGER_ONLY_PAY", 69_58)


def test_near_midnight_a_row_waits_one_bill_longer() -> None:
    last = row(at=NOON.replace(hour=23, minute=45))
    waits = only(run([], [last], DAY + timedelta(days=1)))
    assert waits == Waits(DAY + timedelta(days=2), row=last)
    assert only(run([], [last], DAY + timedelta(days=2))).code == "LEDGER_ONLY_PAY"


def test_a_line_waits_only_near_midnight() -> None:
    assert only(run([pay()], [])).code == "CHANNEL_ONLY_PAY"
    last = pay(at=NOON.replace(hour=23, minute=59))
    assert only(run([last], [])) == Waits(DAY + timedelta(days=1), line=last)
    assert only(run([last], [], DAY + timedelta(days=1))).code == "CHANNEL_ONLY_PAY"


def test_what_looks_alike_is_shown_and_never_matched() -> None:
    like = row(number="o9", channel_number="t9", at=NOON + timedelta(minutes=10))
    found, waits = run([pay()], [like])
    assert isinstance(found, Finding)
    assert found.suggested == ("o9",)
    assert isinstance(waits, Waits)
    far = msgspec.structs.replace(like, at=NOON + timedelta(minutes=11))
    assert run([pay()], [far])[0].suggested == ()  # type: ignore[union-attr]


def test_small_fees_are_booked_by_rule_until_the_day_has_too_many() -> None:
    def day(count: int) -> list[Outcome]:
        lines = [
            pay(line=n, out_trade_no=f"o{n}", transaction_id=f"t{n}", fee_fen=43)
            for n in range(count)
        ]
        return run(lines, [row(number=f"o{n}", channel_number=f"t{n}") for n in range(count)])

    assert {it.auto for it in day(100) if isinstance(it, Finding)} == {"FEE_ROUNDING"}
    assert {it.auto for it in day(101) if isinstance(it, Finding)} == {""}


def test_a_refund_that_the_channel_ended_is_told_only_when_we_do_not_know() -> None:
    ours = row(kind="refund", number="r1", channel_number="f1", fee_fen=-42, status="processing")
    assert isinstance(only(run([refund()], [ours])), Equal)
    told = msgspec.structs.replace(ours, told="abnormal")
    assert only(run([refund()], [told])).code == "REFUND_ABNORMAL_STALE"
    known = msgspec.structs.replace(told, status="abnormal")
    assert isinstance(only(run([refund()], [known])), Equal)


def test_what_is_in_suspense_moves_no_money_twice() -> None:
    held = row(held=BREAK)
    found = only(run([pay(amount_fen=70_01, settled_fen=70_01)], [held]))
    assert (found.through_fen, found.unbooked_fen, found.unbilled_fen) == (0, 69_59, 0)


FIELDS = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["SUCCESS", "REVOKED"]),
        "amount_fen": st.integers(69_99, 70_01),
        "settled_fen": st.integers(69_99, 70_01),
        "fee_fen": st.integers(41, 43),
        "currency": st.sampled_from(["CNY", "HKD"]),
        "sub_mchid": st.sampled_from(["", "1"]),
    }
)


@settings(max_examples=300, deadline=None)
@given(FIELDS)
def test_agreeing_is_failing_no_test(fields: dict[str, Any]) -> None:
    line = pay(**fields)
    assert agree(line, row()) == (failing(line, row()) == ())


@settings(max_examples=300, deadline=None)
@given(FIELDS, st.booleans(), st.booleans())
def test_what_goes_through_and_what_does_not_is_all_that_either_says(
    fields: dict[str, Any], row_held: bool, line_held: bool
) -> None:

    line = pay(**fields)
    ours = row(held=BREAK if row_held else None)
    where = legs(line, ours, failing(line, ours), line_held=line_held)
    assert where.through_fen + where.unbooked_fen == (0 if line_held else net_fen(line))
    assert where.through_fen + where.unbilled_fen == (0 if row_held else ours.net_fen)


@pytest.mark.parametrize("seed", range(3, 15, 2))
def test_no_order_of_lines_or_rows_changes_anything(seed: int) -> None:
    bills = story(seed)
    first = sorted(findings(bills))
    for shuffle in range(6):
        random = Random(shuffle)
        random.shuffle(bills.rows)
        random.shuffle(bills.trades)
        random.shuffle(bills.carried)
        random.shuffle(bills.fund_rows)
        assert sorted(findings(bills)) == first


@pytest.mark.parametrize("parts", [2, 5])
@pytest.mark.parametrize("seed", range(1, 12, 2))
def test_no_division_into_parts_changes_anything(seed: int, parts: int) -> None:
    bills = story(seed)
    of = date_of(bills)
    lines = [*of.carried, *of.trades()]

    def part(number: str) -> int:
        return hash(number) % parts

    joins = [
        Join([it for it in bills.rows if part(it.number) == which], DAY) for which in range(parts)
    ]
    for which, join in enumerate(joins):
        join.hear(line for line in lines if part(own_number(line)) == which)
    leftovers = [join.leftover() for join in joins]
    apart: list[Outcome] = [it for join in joins for it in join.equal()]
    apart += conclude(leftovers, bill_date=DAY, known=of.known, held=of.held)
    one = Join(bills.rows, DAY)
    one.hear(lines)
    whole = [*one.equal(), *conclude([one.leftover()], bill_date=DAY, known=of.known, held=of.held)]
    assert sorted(map(repr, apart)) == sorted(map(repr, whole))
