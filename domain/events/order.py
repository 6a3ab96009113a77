"""What can happen to an order, and to the quota its buyer has in a campaign."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from domain.events.catalog import Fulfilment
from domain.ids import CampaignId, GroupId, OrderId, PaymentId, PoolId, RefundId, SkuId, UserId
from domain.money import Money
from domain.policies import MoneyMode

OrderKind: TypeAlias = Literal["leader", "member", "single"]
CloseReason: TypeAlias = Literal["deadline", "cancelled"]
LateReason: TypeAlias = Literal[
    "order_closed", "group_decided", "after_deadline", "wrong_amount", "paid_twice"
]
RefundReason: TypeAlias = Literal[
    "group_failed", "withdrawn", "late_payment", "paid_twice", "operator"
]
HeldAs: TypeAlias = Literal["escrow", "voucher"]
"""Where the books keep money that is owed back: with a buyer who waits, or in what was delivered and not used."""


class OrderPlaced(msgspec.Struct, frozen=True, tag="order.placed.v1"):
    """A buyer asked to buy and everything needed is held: seat, stock and quota. `amount` is what to pay."""

    order_id: OrderId
    kind: OrderKind
    buyer: UserId
    campaign_id: CampaignId
    sku_id: SkuId
    pool_id: PoolId
    group_id: GroupId | None
    fulfilment: Fulfilment
    quantity: int
    unit_price: Money
    amount: Money
    province: str  # GB/T 2260 two-digit province code of delivery or use, e.g. "44"
    pay_deadline: datetime
    at: datetime


class OrderPaymentStarted(msgspec.Struct, frozen=True, tag="order.payment_started.v1"):
    """From here on the channel may hold a payment for this order, so it closes only by the channel's word."""

    order_id: OrderId
    payment_id: PaymentId
    at: datetime


class OrderPaid(msgspec.Struct, frozen=True, tag="order.paid.v1"):
    """The payment was captured in time: the order waits for its group, or is ready if bought alone."""

    order_id: OrderId
    payment_id: PaymentId
    transaction_id: str
    amount: Money
    paid_at: datetime
    at: datetime


class OrderClosing(msgspec.Struct, frozen=True, tag="order.closing.v1"):
    """Unpaid at its deadline or cancelled, with a payment out at the channel: everything stays held."""

    order_id: OrderId
    payment_id: PaymentId
    why: CloseReason
    at: datetime


class OrderClosed(msgspec.Struct, frozen=True, tag="order.closed.v1"):
    """No money can arrive any more; seat, stock and quota are given back."""

    order_id: OrderId
    why: CloseReason
    at: datetime


class OrderLatePaid(msgspec.Struct, frozen=True, tag="order.late_paid.v1"):
    """Money arrived that cannot buy what was ordered; it is owed back unless the seat could be taken again."""

    order_id: OrderId
    payment_id: PaymentId
    transaction_id: str
    amount: Money
    why: LateReason
    paid_at: datetime
    at: datetime


class OrderReadied(msgspec.Struct, frozen=True, tag="order.readied.v1"):
    """The deal is on, by its group's success or because it was bought alone: to be shipped or verified."""

    order_id: OrderId
    amount: Money  # that it was paid with
    at: datetime
    mode: MoneyMode = "platform_collect"


class RefundOwed(msgspec.Struct, frozen=True, tag="order.refund_owed.v1"):
    """The platform owes this buyer money of this transaction back; a refund with this id pays the debt."""

    order_id: OrderId
    refund_id: RefundId
    payment_id: PaymentId
    transaction_id: str
    amount: Money
    why: RefundReason
    ends: bool  # the order ends with it; else it goes on: paid twice, or part of it refunded
    held_as: HeldAs
    at: datetime
    mode: MoneyMode = "platform_collect"


class OrderRefunded(msgspec.Struct, frozen=True, tag="order.refunded.v1"):
    """A debt is paid: the money has arrived with the buyer."""

    order_id: OrderId
    refund_id: RefundId
    amount: Money
    at: datetime


class OrderRefundEscalated(msgspec.Struct, frozen=True, tag="order.refund_escalated.v1"):
    """A refund of this order does not go through by itself: people look after it."""

    order_id: OrderId
    refund_id: RefundId
    at: datetime


class QuotaTaken(msgspec.Struct, frozen=True, tag="quota.taken.v1"):
    """Units of a campaign's per-user limit were used by an order."""

    campaign_id: CampaignId
    user_id: UserId
    order_id: OrderId
    quantity: int
    at: datetime


class QuotaReturned(msgspec.Struct, frozen=True, tag="quota.returned.v1"):
    """The order closed, failed or is being refunded in full: its units may be bought again."""

    campaign_id: CampaignId
    user_id: UserId
    order_id: OrderId
    quantity: int
    at: datetime


OrderEvent: TypeAlias = (
    OrderPlaced
    | OrderPaymentStarted
    | OrderPaid
    | OrderReadied
    | OrderClosing
    | OrderClosed
    | OrderLatePaid
    | RefundOwed
    | OrderRefunded
    | OrderRefundEscalated
)
QuotaEvent: TypeAlias = QuotaTaken | QuotaReturned
