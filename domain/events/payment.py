"""What can happen to one payment: one merchant order number at one channel."""

from datetime import datetime
from typing import TypeAlias

import msgspec

from domain.ids import OrderId, PaymentId, RefundId
from domain.money import Money
from domain.policies import MoneyMode


class PaymentRequested(msgspec.Struct, frozen=True, tag="payment.requested.v1"):
    """We are about to ask the channel for a payment. Recorded before the call, so a crash leaves a trace."""

    payment_id: PaymentId
    order_id: OrderId
    channel: str
    out_trade_no: str  # our number at the channel; the same on every retry
    amount: Money
    payer: str  # the channel's payer id, sealed under the buyer's key
    description: str
    expires_at: datetime
    at: datetime


class PaymentPrepared(msgspec.Struct, frozen=True, tag="payment.prepared.v1"):
    """The channel accepted the request; the buyer can pay with `prepay_id`."""

    payment_id: PaymentId
    prepay_id: str
    at: datetime


class PaymentCaptured(msgspec.Struct, frozen=True, tag="payment.captured.v1"):
    """The channel says this amount was paid. `paid_at` is the channel's time."""

    payment_id: PaymentId
    order_id: OrderId
    channel: str
    transaction_id: str
    amount: Money
    paid_at: datetime
    at: datetime
    mode: MoneyMode = "platform_collect"


class PaymentClosed(msgspec.Struct, frozen=True, tag="payment.closed.v1"):
    """The channel says this payment can never be made."""

    payment_id: PaymentId
    order_id: OrderId
    at: datetime


class PaymentRefundStarted(msgspec.Struct, frozen=True, tag="payment.refund_started.v1"):
    """A refund number of this payment goes to the channel for the first time: it counts against the capture."""

    payment_id: PaymentId
    refund_id: RefundId
    transaction_id: str
    number: str
    amount: Money
    fee_back: Money  # part of its fee that the channel gives back with it
    at: datetime


class PaymentRefundEnded(msgspec.Struct, frozen=True, tag="payment.refund_ended.v1"):
    """The channel ended this refund number without paying: its amount may be refunded under another."""

    payment_id: PaymentId
    number: str
    at: datetime


PaymentEvent: TypeAlias = (
    PaymentRequested
    | PaymentPrepared
    | PaymentCaptured
    | PaymentClosed
    | PaymentRefundStarted
    | PaymentRefundEnded
)
