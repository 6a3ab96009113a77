"""Payment: one merchant order number at one channel. It remembers every transaction the channel reported.

A capture is never refused: money that arrived is a fact, and what it buys is decided by the order.
"""

from datetime import datetime, timedelta
from typing import Literal, TypeAlias, assert_never

import msgspec

from domain.decider import Decider
from domain.errors import NotFound, Rejected
from domain.events.payment import (
    PaymentCaptured,
    PaymentClosed,
    PaymentEvent,
    PaymentPrepared,
    PaymentRefundEnded,
    PaymentRefundStarted,
    PaymentRequested,
)
from domain.fees import fee_returned
from domain.ids import NIL, OrderId, PaymentId, RefundId
from domain.money import ZERO, Money

REFUNDS_MAX = 50  # numbers of one payment; WeChat Pay v3
REFUND_GAP = timedelta(minutes=1)  # between two numbers of one payment; WeChat Pay v3
REFUND_WITHIN = timedelta(days=365)  # of the payment; WeChat Pay v3


class Capture(msgspec.Struct, frozen=True):
    """Money that arrived."""

    amount: Money
    paid_at: datetime


class RefundNumber(msgspec.Struct):
    """One refund number of this payment. A dead one was ended by the channel without paying."""

    refund_id: RefundId
    transaction_id: str
    amount: Money
    fee_back: Money
    live: bool = True


class Payment(msgspec.Struct):
    """What a decision needs to know, and no more."""

    id: PaymentId = PaymentId(NIL)
    order_id: OrderId = OrderId(NIL)
    channel: str = ""
    amount: Money = ZERO
    description: str = ""
    expires_at: datetime | None = None
    prepay_id: str = ""
    transactions: dict[str, Capture] = {}  # by the channel's number; only ever grows
    closed: bool = False
    refunds: dict[str, RefundNumber] = {}  # by our number at the channel; only ever grows
    refund_started_at: datetime | None = None  # the latest number's


RefundBar: TypeAlias = Literal["over_capture", "too_old", "too_many", "too_soon"]


class PaymentNotFound(NotFound, code="payment_not_found", zh="支付单不存在"):
    """No payment with this number exists, or it belongs to another order."""


class AmountUnproven(Rejected, code="amount_unproven", zh="到账金额与支付单不符，须向渠道查询确认"):
    """The channel told of another amount than was asked for: only its answer to a query is believed."""


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
    payment: Payment,
    *,
    transaction_id: str,
    amount: Money,
    paid_at: datetime,
    asked: bool = True,
    at: datetime,
) -> tuple[PaymentEvent, ...]:
    """Record money that arrived, once a transaction, in whatever state the payment is.

    `asked`: the channel said so when it was asked, not unasked. Raises: PaymentNotFound, AmountUnproven.
    """
    if not known(payment):
        raise PaymentNotFound
    if transaction_id in payment.transactions:
        return ()
    if amount != payment.amount and not asked:
        raise AmountUnproven(asked_fen=payment.amount.fen, told_fen=amount.fen)
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


def refund_bar(
    payment: Payment, *, transaction_id: str, amount: Money, at: datetime
) -> RefundBar | None:
    """Why no new refund number may go out, now or ever; None when one may."""
    capture = payment.transactions.get(transaction_id)
    out = sum((number.amount for number in live_refunds(payment, transaction_id)), amount)
    if capture is None or out > capture.amount:
        return "over_capture"
    if at > capture.paid_at + REFUND_WITHIN:
        return "too_old"
    if len(payment.refunds) >= REFUNDS_MAX:
        return "too_many"
    return "too_soon" if at < next_refund_at(payment, at) else None


def live_refunds(payment: Payment, transaction_id: str) -> list[RefundNumber]:
    """The numbers under which money of this transaction may go back, or has."""
    numbers = payment.refunds.values()
    return [number for number in numbers if number.live and number.transaction_id == transaction_id]


def next_refund_at(payment: Payment, at: datetime) -> datetime:
    """The earliest moment for another refund number."""
    last = payment.refund_started_at
    return at if last is None else max(at, last + REFUND_GAP)


def start_refund(
    payment: Payment,
    *,
    refund_id: RefundId,
    transaction_id: str,
    number: str,
    amount: Money,
    at: datetime,
) -> tuple[PaymentRefundStarted, ...]:
    """Count a refund number that nothing bars against the capture, once."""
    if number in payment.refunds:
        return ()
    live = live_refunds(payment, transaction_id)
    refunded = sum((one.amount for one in live), amount)
    given = sum((one.fee_back for one in live), ZERO)
    paid = payment.transactions[transaction_id].amount
    fee_back = fee_returned(payment.channel, paid, refunded) - given
    return (
        PaymentRefundStarted(payment.id, refund_id, transaction_id, number, amount, fee_back, at),
    )


def end_refund(payment: Payment, *, number: str, at: datetime) -> tuple[PaymentEvent, ...]:
    """The channel will never pay under this number."""
    refund = payment.refunds.get(number)
    if refund is None or not refund.live:
        return ()
    return (PaymentRefundEnded(payment.id, number, at),)


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
            payment.transactions[event.transaction_id] = Capture(event.amount, event.paid_at)
        case PaymentClosed():
            payment.closed = True
        case PaymentRefundStarted():
            payment.refunds[event.number] = RefundNumber(
                event.refund_id, event.transaction_id, event.amount, event.fee_back
            )
            payment.refund_started_at = event.at
        case PaymentRefundEnded():
            payment.refunds[event.number].live = False
        case _:
            assert_never(event)
    return payment


PAYMENT: Decider[Payment, PaymentEvent] = Decider("payment", Payment, PaymentEvent, evolve)
