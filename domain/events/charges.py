"""What an order may bring or cost besides its price: a ladder's difference, a lost deposit, freight, compensation.

Given: nobody decides these yet.
"""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from domain.events.earning import TakenFrom
from domain.ids import MerchantId, OrderId, RefundId
from domain.money import Money


class LadderSettled(msgspec.Struct, frozen=True, tag="ladder.settled.v1"):
    """A ladder closed at its final tier: the deal is on at that price, the rest of what was paid is owed back."""

    order_id: OrderId
    refund_id: RefundId  # pays the difference back
    paid: Money  # at the first tier
    final: Money
    at: datetime


class DepositForfeited(msgspec.Struct, frozen=True, tag="deposit.forfeited.v1"):
    """The buyer did not pay the rest in time, and the terms said that the deposit (定金) is lost."""

    order_id: OrderId
    amount: Money
    at: datetime


class FreightCharged(msgspec.Struct, frozen=True, tag="freight.charged.v1"):
    """A part of what the buyer paid is for the way, and it is on its way now."""

    order_id: OrderId
    amount: Money
    at: datetime


class FreightPaid(msgspec.Struct, frozen=True, tag="freight.paid.v1"):
    """A carrier was paid from our bank account."""

    order_id: OrderId
    carrier: str
    amount: Money
    reference: str  # of the bank
    at: datetime


class CompensationGranted(msgspec.Struct, frozen=True, tag="compensation.granted.v1"):
    """The buyer gets more than the price back; it is owed as a refund is, and paid by a transfer."""

    order_id: OrderId
    refund_id: RefundId
    amount: Money
    borne_by: Literal["platform", "merchant"]
    merchant_id: MerchantId | None  # of whose share it is taken
    taken_from: TakenFrom | None
    at: datetime


ChargeEvent: TypeAlias = (
    LadderSettled | DepositForfeited | FreightCharged | FreightPaid | CompensationGranted
)
