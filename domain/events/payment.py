"""What can happen to one payment: one merchant order number at one channel."""

from datetime import datetime
from typing import TypeAlias

import msgspec

from domain.ids import OrderId, PaymentId
from domain.money import Money


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


class PaymentClosed(msgspec.Struct, frozen=True, tag="payment.closed.v1"):
    """The channel says this payment can never be made."""

    payment_id: PaymentId
    order_id: OrderId
    at: datetime


PaymentEvent: TypeAlias = PaymentRequested | PaymentPrepared | PaymentCaptured | PaymentClosed
