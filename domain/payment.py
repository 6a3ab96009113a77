"""Payment: one merchant order number at one channel. It remembers every transaction the channel reported.

A capture is never refused: money that arrived is a fact, and what it buys is decided by the order.
"""

from datetime import datetime
from typing import assert_never

import msgspec

from domain.decider import Decider
from domain.errors import NotFound, Rejected
from domain.events.payment import (
    PaymentCaptured,
    PaymentClosed,
    PaymentEvent,
    PaymentPrepared,
    PaymentRequested,
)
from domain.ids import NIL, OrderId, PaymentId
from domain.money import ZERO, Money


class Payment(msgspec.Struct):
    """What a decision needs to know, and no more."""

    id: PaymentId = PaymentId(NIL)
    order_id: OrderId = OrderId(NIL)
    channel: str = ""
    amount: Money = ZERO
    description: str = ""
    expires_at: datetime | None = None
    prepay_id: str = ""
    transactions: set[str] = set()  # the channel's numbers; only ever grows
    closed: bool = False


class PaymentNotFound(NotFound, code="payment_not_found", zh="支付单不存在"):
    """No payment with this number exists, or it belongs to another order."""


class PaymentInProgress(Rejected, code="payment_in_progress", zh="已有一笔支付正在进行"):
    """The order is already being paid through another channel."""


def out_trade_no(payment_id: PaymentId) -> str:
    """Our number at the channel: 32 characters of [0-9a-f], the same on every retry."""
    return payment_id.hex


# --- decisions ------------------------------------------------------------------------------


def request(
    payment: Payment,
    *,
    payment_id: PaymentId,
    order_id: OrderId,
    channel: str,
    amount: Money,
    payer: str,
    description: str,
    expires_at: datetime,
    at: datetime,
) -> tuple[PaymentEvent, ...]:
    """Announce a payment before the channel is asked. One live payment an order, at one channel."""
    if known(payment):
        if payment.channel != channel:
            raise PaymentInProgress(channel=payment.channel)
        return ()
    return (
        PaymentRequested(
            payment_id=payment_id,
            order_id=order_id,
            channel=channel,
            out_trade_no=out_trade_no(payment_id),
            amount=amount,
            payer=payer,
            description=description,
            expires_at=expires_at,
            at=at,
        ),
    )


def prepare(payment: Payment, *, prepay_id: str, at: datetime) -> tuple[PaymentEvent, ...]:
    """Keep what the buyer's client needs. Pointless, but no error, once paid or closed."""
    if not known(payment):
        raise PaymentNotFound
    if payment.prepay_id == prepay_id or payment.closed or payment.transactions:
        return ()
    return (PaymentPrepared(payment.id, prepay_id, at),)


def capture(
    payment: Payment, *, transaction_id: str, amount: Money, paid_at: datetime, at: datetime
) -> tuple[PaymentEvent, ...]:
    """Record money that arrived, once a transaction, in whatever state the payment is."""
    if not known(payment):
        raise PaymentNotFound
    if transaction_id in payment.transactions:
        return ()
    return (
        PaymentCaptured(
            payment_id=payment.id,
            order_id=payment.order_id,
            channel=payment.channel,
            transaction_id=transaction_id,
            amount=amount,
            paid_at=paid_at,
            at=at,
        ),
    )


def close(payment: Payment, *, at: datetime) -> tuple[PaymentEvent, ...]:
    """Record the channel's word that this can never be paid."""
    if payment.closed or payment.transactions:
        return ()
    return (PaymentClosed(payment.id, payment.order_id, at),)


def known(payment: Payment) -> bool:
    """Has it been requested?"""
    return payment.id != NIL


# --- evolution ------------------------------------------------------------------------------


def evolve(payment: Payment, event: PaymentEvent) -> Payment:
    """Believe the event. No rule is checked here, so history replays under any future rule."""
    match event:
        case PaymentRequested():
            payment.id = event.payment_id
            payment.order_id = event.order_id
            payment.channel = event.channel
            payment.amount = event.amount
            payment.description = event.description
            payment.expires_at = event.expires_at
        case PaymentPrepared():
            payment.prepay_id = event.prepay_id
        case PaymentCaptured():
            payment.transactions.add(event.transaction_id)
        case PaymentClosed():
            payment.closed = True
        case _:
            assert_never(event)
    return payment


PAYMENT: Decider[Payment, PaymentEvent] = Decider("payment", Payment, PaymentEvent, evolve)
