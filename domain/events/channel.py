"""What a channel does by itself with money that it holds for us: chargebacks (拒付), and freezing until delivery.

Given: nobody decides these yet. Withdrawals to our bank account are read off its bill (recon.fund_moved.v1).
"""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from domain.events.earning import TakenFrom
from domain.ids import CaseId, MerchantId, OrderId
from domain.money import Money


class ChargebackOpened(msgspec.Struct, frozen=True, tag="chargeback.opened.v1"):
    """A buyer disputes a payment with the channel, which has taken the money back until it is decided."""

    case_id: CaseId
    order_id: OrderId
    channel: str
    number: str  # the channel's
    amount: Money
    debited_at: datetime
    at: datetime


class ChargebackWon(msgspec.Struct, frozen=True, tag="chargeback.won.v1"):
    """The channel has given the money back to us. Final."""

    case_id: CaseId
    order_id: OrderId
    channel: str
    number: str
    amount: Money
    credited_at: datetime
    at: datetime


class ChargebackLost(msgspec.Struct, frozen=True, tag="chargeback.lost.v1"):
    """The buyer keeps the money: the merchant bears it, or we do. Final."""

    case_id: CaseId
    order_id: OrderId
    amount: Money
    borne_by: Literal["platform", "merchant"]
    merchant_id: MerchantId | None  # of whose share it is taken
    taken_from: TakenFrom | None
    at: datetime


class FundsFrozen(msgspec.Struct, frozen=True, tag="channel.funds_frozen.v1"):
    """The channel keeps the money of an order from us until its delivery is confirmed, or time is up."""

    channel: str
    order_id: OrderId
    amount: Money
    until: datetime
    at: datetime


class FundsReleased(msgspec.Struct, frozen=True, tag="channel.funds_released.v1"):
    """The money of an order may be spent: for refunds, payouts and withdrawals."""

    channel: str
    order_id: OrderId
    amount: Money
    at: datetime


ChannelEvent: TypeAlias = (
    ChargebackOpened | ChargebackWon | ChargebackLost | FundsFrozen | FundsReleased
)
