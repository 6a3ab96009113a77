"""A payment remembers every transaction, and never refuses money that arrived."""

from typing import Any

import pytest

from domain import payment as payments
from domain.events.payment import (
    PaymentCaptured,
    PaymentClosed,
    PaymentEvent,
    PaymentPrepared,
    PaymentRequested,
)
from domain.money import Money
from domain.payment import PAYMENT
from tests.builders import MINUTE, NOON, order, payment
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
