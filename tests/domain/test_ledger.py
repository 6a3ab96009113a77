"""Each row of the table of postings with its numbers, and that no event is forgotten."""

from datetime import UTC, date, datetime
from typing import Any, get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import DataObject, data, integers, lists

from domain.accounts import CHART
from domain.events import EVENTS, Event
from domain.events.order import OrderReadied, RefundOwed
from domain.events.payment import PaymentCaptured
from domain.events.refund import (
    RefundAttemptAccepted,
    RefundClosed,
    RefundPaidElsewhere,
    RefundReturned,
    RefundSucceeded,
)
from domain.fees import channel_fee, fee_returned
from domain.ids import RefundId
from domain.ledger import RULE_VERSION, MovesNoMoney, Posted, entry_id, postings
from domain.money import ZERO, Money
from tests.architecture.books import samples
from tests.builders import DAY, NOON, order, payment

R = RefundId(UUID(int=0x3001))
NUMBER = f"{R.hex}00"
BILL = "wechatpay 2026-06-01"
ORDER = str(order(1))
PAID = Money(70_00)
CAPTURED = PaymentCaptured(payment(1), order(1), "wechatpay", "T1", PAID, NOON, NOON + DAY)
READIED = OrderReadied(order(1), PAID, NOON)
OWED = RefundOwed(
    order(1), R, payment(1), "T1", PAID, "group_failed", ends=True, held_as="escrow", at=NOON
)
ACCEPTED = RefundAttemptAccepted(
    refund_id=R,
    order_id=order(1),
    channel="wechatpay",
    attempt=1,
    number=NUMBER,
    channel_refund_id="50",
    amount=PAID,
    fee_back=Money(42),
    accepted_at=NOON,
    evidence="reply",
    next_at=NOON,
    at=NOON + DAY,
)
SUCCEEDED = RefundSucceeded(
    R, order(1), NUMBER, "50", PAID, "支付用户零钱", NOON, "query", NOON + DAY
)
CLOSED = RefundClosed(R, order(1), "wechatpay", NUMBER, PAID, Money(42), "query", NOON)
RETURNED = RefundReturned(R, order(1), NUMBER, PAID, "query", NOON)
ELSEWHERE = RefundPaidElsewhere(R, order(1), PAID, "银行回单 77", returned=True, at=NOON)


def booked(event: Event) -> list[tuple[str, str, int, int]]:
    """Account, sub-key, debit, credit; the entry is in balance."""
    (entry,) = postings(event)
    assert entry.rule_version == RULE_VERSION
    assert sum(line.debit_fen - line.credit_fen for line in entry.lines) == 0
    return [msgspec.structs.astuple(line) for line in entry.lines]


def change(event: Any, **fields: Any) -> Any:
    return msgspec.structs.replace(event, **fields)


def test_p1_a_capture_is_owed_to_its_order_and_costs_a_fee() -> None:
    assert booked(CAPTURED) == [
        ("1120", BILL, 70_00, 0),
        ("2010", ORDER, 0, 70_00),
        ("5010", "wechatpay", 42, 0),
        ("1120", BILL, 0, 42),
    ]


def test_p1_a_fee_below_half_a_fen_is_none() -> None:
    assert booked(change(CAPTURED, amount=Money(83))) == [
        ("1120", BILL, 83, 0),
        ("2010", ORDER, 0, 83),
    ]


def test_p2_a_deal_that_is_on_leaves_escrow() -> None:
    assert booked(READIED) == [("2010", ORDER, 70_00, 0), ("2020", ORDER, 0, 70_00)]


def test_r1_a_debt_leaves_escrow() -> None:
    assert booked(OWED) == [("2010", ORDER, 70_00, 0), ("2210", str(R), 0, 70_00)]


def test_r1_a_debt_after_success_leaves_what_was_not_used() -> None:
    part = change(OWED, amount=Money(30_00), held_as="voucher")
    assert booked(part) == [("2020", ORDER, 30_00, 0), ("2210", str(R), 0, 30_00)]


def test_r2_r4_what_the_channel_takes_on_is_in_transit_and_the_fee_comes_back() -> None:
    assert booked(ACCEPTED) == [
        ("1122", NUMBER, 70_00, 0),
        ("1120", BILL, 0, 70_00),
        ("1120", BILL, 42, 0),
        ("5010", "wechatpay", 0, 42),
    ]


def test_r4_a_share_that_was_given_too_much_of_is_taken_back() -> None:
    """Rounding may give a fen early; when other parts are closed, the next one returns it."""
    assert booked(change(ACCEPTED, fee_back=Money(-1)))[2:] == [
        ("5010", "wechatpay", 1, 0),
        ("1120", BILL, 0, 1),
    ]


def test_r3_what_arrived_is_owed_no_more() -> None:
    assert booked(SUCCEEDED) == [("2210", str(R), 70_00, 0), ("1122", NUMBER, 0, 70_00)]


def test_r6_what_was_closed_is_back_with_the_channel_and_still_owed() -> None:
    assert booked(CLOSED) == [
        ("1120", BILL, 70_00, 0),
        ("1122", NUMBER, 0, 70_00),
        ("5010", "wechatpay", 42, 0),
        ("1120", BILL, 0, 42),
    ]


def test_r7_what_was_returned_is_in_our_bank_until_it_is_paid_from_there() -> None:
    assert booked(RETURNED) == [("1010", "main", 70_00, 0), ("1122", NUMBER, 0, 70_00)]
    assert booked(ELSEWHERE) == [
        ("2210", str(R), 70_00, 0),
        ("2220", str(R), 0, 70_00),
        ("2220", str(R), 70_00, 0),
        ("1010", "main", 0, 70_00),
    ]


@pytest.mark.parametrize("ending", [(SUCCEEDED,), (RETURNED, ELSEWHERE)])
def test_a_whole_life_leaves_nothing_but_what_is_in_the_bank(ending: tuple[Event, ...]) -> None:
    again = change(ACCEPTED, number=NUMBER)
    left: dict[tuple[str, str], int] = {}
    for event in (CAPTURED, OWED, ACCEPTED, CLOSED, again, *ending):
        for account, sub_key, debit, credit in booked(event):
            left[account, sub_key] = left.get((account, sub_key), 0) + debit - credit
    assert not any(left.values())


# --- days, numbers and names ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 6, 1, 15, 59, 59, 999_999, UTC), date(2026, 6, 1)),
        (datetime(2026, 6, 1, 16, 0, tzinfo=UTC), date(2026, 6, 2)),
        (datetime(2028, 2, 28, 16, 0, tzinfo=UTC), date(2028, 2, 29)),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_the_day_is_that_of_shanghai_by_the_channels_clock(at: datetime, day: date) -> None:
    by_the_channel = [
        change(CAPTURED, paid_at=at),
        change(ACCEPTED, accepted_at=at),
        change(SUCCEEDED, succeeded_at=at),
    ]
    by_ours = [change(event, at=at) for event in (READIED, OWED, CLOSED, RETURNED, ELSEWHERE)]
    for event in (*by_the_channel, *by_ours):
        (entry,) = postings(event)
        assert entry.value_date == day, event
    for event in (*by_the_channel[:2], change(CLOSED, at=at)):
        cleared = {key for account, key, *_ in booked(event) if account == "1120"}
        assert cleared == {f"wechatpay {day}"}, "each bill date has to empty by itself"


def test_an_entry_is_found_by_its_order_its_refund_and_the_other_sides_number() -> None:
    events = (CAPTURED, READIED, OWED, ACCEPTED, ELSEWHERE)
    found = [entry for event in events for entry in postings(event)]
    assert [entry.rule for entry in found] == ["P1", "P2", "R1", "R2", "R7c"]
    assert [entry.order_id for entry in found] == [order(1)] * 5
    assert [entry.refund_id for entry in found] == [None, None, R, R, R]
    assert [entry.reference for entry in found] == ["T1", "", "T1", NUMBER, "银行回单 77"]


def test_an_entry_has_one_id_for_ever_and_another_under_other_rules() -> None:
    assert entry_id(R, 7, 1) == UUID("db8d9c37-7561-585c-833c-4c257768386a")
    places = [(7, 1), (7, 2), (8, 1), (71, 1), (7, 1, 1), (7, 1, 11)]
    assert len({entry_id(R, *place) for place in places}) == len(places)
    assert entry_id(R, 7, 1, 0) == entry_id(R, 7, 1)


def test_every_event_is_posted_or_is_known_to_move_no_money() -> None:
    posted, nothing = set(get_args(Posted)), set(get_args(MovesNoMoney))
    assert posted | nothing == set(EVENTS)
    assert posted & nothing == set()


def test_only_what_moves_money_has_an_entry() -> None:
    for kind in EVENTS:
        posted = kind not in get_args(MovesNoMoney)
        for turn, event in samples(kind):
            assert bool(postings(event)) is posted, (kind, turn)
            for entry in postings(event):
                assert sum(line.debit_fen - line.credit_fen for line in entry.lines) == 0
                assert entry.lines, (kind, turn)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data())
def test_whatever_the_amounts_every_entry_balances(some: DataObject) -> None:
    """Also of amounts that no decision would make: no entry can be out of balance, and no line below zero."""
    for kind in get_args(Posted):
        for turn, event in samples(kind, lambda: some.draw(integers(-(10**6), 10**6))):
            for entry in postings(event):
                assert sum(line.debit_fen - line.credit_fen for line in entry.lines) == 0, turn
                assert all(
                    min(line.debit_fen, line.credit_fen) == 0 < max(line.debit_fen, line.credit_fen)
                    for line in entry.lines
                ), (kind, turn)


def test_each_liability_is_watched() -> None:
    watched = {code for code, account in CHART.items() if account.never_negative}
    owed = {code for code in CHART if code.startswith("2")}
    assert watched == owed | {"1122", "1125", "1310", "1330", "1915", "9010", "9020"}


# --- fees -----------------------------------------------------------------------------------


@given(lists(integers(1, 100_000), min_size=1, max_size=12))
def test_refunds_in_parts_give_back_exactly_the_fee(parts: list[int]) -> None:
    """Captured, then refunded part by part until nothing is left: fees and clearing are zero again."""
    paid = Money(sum(parts))
    captured = booked(change(CAPTURED, amount=paid))
    fees = sum(debit - credit for account, _, debit, credit in captured if account == "5010")
    assert fees == channel_fee("wechatpay", paid).fen
    held = sum(debit - credit for account, _, debit, credit in captured if account == "1120")
    refunded = given_back = ZERO
    for part in parts:
        refunded += Money(part)
        back = fee_returned("wechatpay", paid, refunded) - given_back
        given_back += back
        for account, _, debit, credit in booked(
            change(ACCEPTED, amount=Money(part), fee_back=back)
        ):
            fees += debit - credit if account == "5010" else 0
            held += debit - credit if account == "1120" else 0
    assert (fees, held) == (0, 0)
