"""A payment remembers every transaction, and never refuses money that arrived."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given as given_by
from hypothesis.strategies import integers, lists

from domain import payment as payments
from domain.events.payment import (
    PaymentCaptured,
    PaymentClosed,
    PaymentEvent,
    PaymentPrepared,
    PaymentRefundEnded,
    PaymentRefundStarted,
    PaymentRequested,
)
from domain.fees import channel_fee, fee_returned
from domain.ids import RefundId
from domain.money import ZERO, Money
from domain.payment import PAYMENT
from tests.builders import DAY, MINUTE, NOON, SECOND, order, payment
from tests.given import given_for

given = given_for(PAYMENT)

REQUESTED = PaymentRequested(
    payment_id=payment(1),
    order_id=order(1),
    channel="wechatpay",
    out_trade_no=payment(1).hex,
    amount=Money(990),
    payer="sealed",
    description="春茶三人团",
    expires_at=NOON + 15 * MINUTE,
    at=NOON,
)
REFUND_1 = RefundId(order(8))
PREPARED = PaymentPrepared(payment(1), "wx1", NOON)
CLOSED = PaymentClosed(payment(1), order(1), NOON)


def captured(transaction: str = "T1") -> PaymentCaptured:
    return PaymentCaptured(payment(1), order(1), "wechatpay", transaction, Money(990), NOON, NOON)


def request(channel: str = "wechatpay") -> dict[str, Any]:
    return {
        "payment_id": payment(1),
        "order_id": order(1),
        "channel": channel,
        "amount": Money(990),
        "payer": "sealed",
        "description": "春茶三人团",
        "expires_at": NOON + 15 * MINUTE,
        "at": NOON,
    }


def money(transaction: str = "T1") -> dict[str, Any]:
    return {"transaction_id": transaction, "amount": Money(990), "paid_at": NOON, "at": NOON}


def test_a_payment_is_announced_once() -> None:
    given().when(payments.request, **request()).then(REQUESTED)


def test_our_number_fits_every_channel() -> None:
    number = payments.out_trade_no(payment(1))
    assert len(number) == 32
    assert number.isalnum()
    assert number == number.lower()


def test_an_order_is_not_paid_through_two_channels_at_once() -> None:
    given(REQUESTED).when(payments.request, **request("alipay")).rejected(
        payments.PaymentInProgress, channel="wechatpay"
    )


def test_the_prepay_id_is_kept() -> None:
    given(REQUESTED).when(payments.prepare, prepay_id="wx1", at=NOON).then(PREPARED)
    given(REQUESTED, PREPARED).when(payments.prepare, prepay_id="wx2", at=NOON).then(
        PaymentPrepared(payment(1), "wx2", NOON)
    )


@pytest.mark.parametrize("end", [CLOSED, captured()])
def test_a_prepay_id_that_comes_too_late_is_harmless(end: PaymentEvent) -> None:
    given(REQUESTED, end).when(payments.prepare, prepay_id="wx1", at=NOON).then_nothing()


def test_a_transaction_counts_once() -> None:
    given(REQUESTED).when(payments.capture, **money()).then(captured())


def test_another_transaction_counts_too() -> None:
    given(REQUESTED, captured()).when(payments.capture, **money("T2")).then(captured("T2"))


def test_money_that_arrives_after_the_end_is_still_recorded() -> None:
    given(REQUESTED, CLOSED).when(payments.capture, **money()).then(captured())


def test_an_unknown_payment_is_not_found() -> None:
    given().when(payments.capture, **money()).rejected(payments.PaymentNotFound)
    given().when(payments.prepare, prepay_id="wx1", at=NOON).rejected(payments.PaymentNotFound)


def test_a_payment_closes_unless_it_was_made() -> None:
    given(REQUESTED).when(payments.close, at=NOON).then(CLOSED)
    given(REQUESTED, captured()).when(payments.close, at=NOON).then_nothing()


def test_another_amount_than_was_asked_for_is_believed_only_when_the_channel_was_asked() -> None:
    told = {**money(), "amount": Money(1)}
    given(REQUESTED).when(payments.capture, **told, asked=False).rejected(
        payments.AmountUnproven, asked_fen=990, told_fen=1
    )
    (event,) = payments.capture(PAYMENT.fold((REQUESTED,)), **told)
    assert isinstance(event, PaymentCaptured)
    assert event.amount == Money(1)


# --- refund numbers of a payment ------------------------------------------------------------


def started(number: str, fen: int, fee_back: int, at: datetime = NOON) -> PaymentRefundStarted:
    return PaymentRefundStarted(payment(1), REFUND_1, "T1", number, Money(fen), Money(fee_back), at)


def refund(number: str, fen: int, at: datetime = NOON) -> dict[str, Any]:
    return {
        "refund_id": REFUND_1,
        "transaction_id": "T1",
        "number": number,
        "amount": Money(fen),
        "at": at,
    }


def bar(history: tuple[PaymentEvent, ...], fen: int, at: datetime = NOON + MINUTE) -> str | None:
    known = PAYMENT.fold(history)
    return payments.refund_bar(known, transaction_id="T1", amount=Money(fen), at=at)


def test_a_refund_number_counts_against_the_capture_once() -> None:
    given(REQUESTED, captured()).when(payments.start_refund, **refund("A", 990)).then(
        started("A", 990, 6)
    )


def test_no_more_goes_back_than_was_captured() -> None:
    paid = (REQUESTED, captured())
    assert bar(paid, 990) is None
    assert bar(paid, 991) == "over_capture"
    assert bar((*paid, started("A", 500, 3)), 491) == "over_capture"
    assert bar((*paid, started("A", 500, 3)), 490) is None
    assert bar((REQUESTED,), 1) == "over_capture"


def test_a_number_that_the_channel_ended_counts_no_more() -> None:
    ended = PaymentRefundEnded(payment(1), "A", NOON)
    history = (REQUESTED, captured(), started("A", 990, 6))
    given(*history).when(payments.end_refund, number="A", at=NOON).then(ended)
    assert bar((*history, ended), 990) is None
    given(REQUESTED, captured()).when(payments.end_refund, number="A", at=NOON).then_nothing()


def test_numbers_of_one_payment_go_out_a_minute_apart_for_a_year_and_fifty_times() -> None:
    one = (REQUESTED, captured(), started("A", 1, 0))
    assert bar(one, 1, NOON + 59 * SECOND) == "too_soon"
    assert payments.next_refund_at(PAYMENT.fold(one), NOON) == NOON + MINUTE
    assert bar(one, 1, NOON + 365 * DAY + SECOND) == "too_old"
    numbers = [started(str(n), 1, 0) for n in range(50)]
    many: tuple[PaymentEvent, ...] = (REQUESTED, captured(), *numbers)
    assert bar(many, 1) == "too_many"


@given_by(parts=lists(integers(1, 400), min_size=1, max_size=12))
def test_refunds_in_parts_give_back_exactly_the_fee_of_one_refund_of_their_sum(
    parts: list[int],
) -> None:
    history: tuple[PaymentEvent, ...] = (REQUESTED, captured())
    left = 990
    for number, fen in enumerate(parts):
        if fen <= left:
            left -= fen
            at = NOON + number * MINUTE
            facts = refund(str(number), fen, at)
            history += payments.start_refund(PAYMENT.fold(history), **facts)
    back = [event.fee_back for event in history if isinstance(event, PaymentRefundStarted)]
    assert sum(back, ZERO) == fee_returned("wechatpay", Money(990), Money(990 - left))
    assert min(back, default=ZERO) >= ZERO


def test_all_of_a_payment_gives_all_of_its_fee_back() -> None:
    assert channel_fee("wechatpay", Money(7000)) == Money(42)
    assert channel_fee("wechatpay", Money(83)) == ZERO
    assert channel_fee("wechatpay", Money(84)) == Money(1)
    assert fee_returned("wechatpay", Money(7000), Money(7000)) == Money(42)
    assert fee_returned("wechatpay", Money(7000), Money(3500)) == Money(21)
