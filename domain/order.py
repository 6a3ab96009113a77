"""Order: one buyer, one SKU line, at most one seat. Every fen that arrives for it buys it or is owed back once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never
from uuid import uuid5

import msgspec

from domain.decider import Decider
from domain.display import OrderStatus
from domain.errors import NotFound, Rejected
from domain.events.catalog import Fulfilment
from domain.events.order import (
    CloseReason,
    LateReason,
    OrderClosed,
    OrderClosing,
    OrderEvent,
    OrderKind,
    OrderLatePaid,
    OrderPaid,
    OrderPaymentStarted,
    OrderPlaced,
    OrderReadied,
    OrderRefunded,
    OrderRefundEscalated,
    RefundOwed,
    RefundReason,
)
from domain.ids import NIL, CampaignId, GroupId, OrderId, PaymentId, PoolId, RefundId, UserId
from domain.money import ZERO, Money
from domain.offer import Offer, unit_price
from domain.terms import Terms

CHANNEL_TIME_MIN = timedelta(seconds=60)  # WeChat Pay accepts no payment that expires sooner


class Owed(msgspec.Struct, frozen=True):
    """One debt to the buyer: what is owed back of which transaction."""

    payment_id: PaymentId
    transaction_id: str
    amount: Money
    why: RefundReason


class Order(msgspec.Struct):
    """What a decision needs to know, and no more."""

    id: OrderId = OrderId(NIL)
    status: OrderStatus = OrderStatus.NEW
    kind: OrderKind = "single"
    buyer: UserId = UserId(NIL)
    campaign_id: CampaignId = CampaignId(NIL)
    pool_id: PoolId = PoolId(NIL)
    group_id: GroupId | None = None
    fulfilment: Fulfilment = "physical"
    quantity: int = 0
    amount: Money = ZERO
    pay_deadline: datetime | None = None
    payment_id: PaymentId | None = None
    transaction_id: str = ""  # the first that arrived: it bought the order or came too late for it
    closing: CloseReason = "deadline"
    owed: dict[RefundId, Owed] = {}  # only ever grows
    refunded: set[RefundId] = set()  # only ever grows
    escalated: set[RefundId] = set()  # people looked after these; only ever grows


UNPAID = frozenset({OrderStatus.PENDING_PAYMENT, OrderStatus.CLOSING})
BEING_REFUNDED = frozenset({OrderStatus.REFUNDING, OrderStatus.REFUND_ATTENTION})


class OrderNotFound(NotFound, code="order_not_found", zh="订单不存在"):
    """No order with this id exists, or it is somebody else's."""


class QuantityOverLimit(Rejected, code="quantity_over_limit", zh="超过单笔限购数量"):
    """An order of this campaign has at least one unit and at most `max` units."""


class OrderNotPayable(Rejected, code="order_not_payable", zh="订单当前不能支付"):
    """The order is paid, closing, closed, or being refunded; or its group can no longer succeed."""


class TooLateToPay(Rejected, code="too_late_to_pay", zh="支付时间即将截止"):
    """Less than a minute is left before the pay deadline: the channel takes no payment that short."""


class OrderAlreadyPaid(Rejected, code="order_already_paid", zh="订单已支付，请申请退出拼团或售后"):
    """A paid order is not cancelled; its buyer withdraws, or asks for after-sale service."""


# --- decisions ------------------------------------------------------------------------------


def place(
    order: Order,
    *,
    order_id: OrderId,
    kind: OrderKind,
    buyer: UserId,
    offer: Offer,
    group_id: GroupId | None,
    quantity: int,
    province: str,
    pay_deadline: datetime,
    at: datetime,
) -> tuple[OrderEvent, ...]:
    """Fix what is bought, and for how much."""
    if order.status is not OrderStatus.NEW:
        return ()
    if not 1 <= quantity <= offer.terms.max_quantity:
        raise QuantityOverLimit(max=offer.terms.max_quantity)
    price = unit_price(offer.terms, kind)
    return (
        OrderPlaced(
            order_id=order_id,
            kind=kind,
            buyer=buyer,
            campaign_id=offer.campaign_id,
            sku_id=offer.sku_id,
            pool_id=offer.pool_id,
            group_id=group_id,
            fulfilment=offer.fulfilment,
            quantity=quantity,
            unit_price=price,
            amount=price * quantity,
            province=province,
            pay_deadline=pay_deadline,
            at=at,
        ),
    )


def pay_deadline(terms: Terms, *, at: datetime, closes_at: datetime | None = None) -> datetime:
    """Until when an order placed now may be paid; never beyond its group's own deadline."""
    deadline = at + timedelta(minutes=terms.pay_minutes)
    return deadline if closes_at is None else min(deadline, closes_at)


def start_payment(order: Order, *, payment_id: PaymentId, at: datetime) -> tuple[OrderEvent, ...]:
    """Let one payment go to the channel. From here on only the channel's word closes the order."""
    if order.status is not OrderStatus.PENDING_PAYMENT:
        raise OrderNotPayable(status=order.status.value)
    if order.payment_id is not None:
        return ()
    assert order.pay_deadline is not None
    if at + CHANNEL_TIME_MIN > order.pay_deadline:
        raise TooLateToPay
    return (OrderPaymentStarted(order.id, payment_id, at),)


def run_out(order: Order, *, at: datetime) -> tuple[OrderEvent, ...]:
    """Give up on an order whose pay deadline has passed. Never early."""
    if order.pay_deadline is None or at < order.pay_deadline:
        return ()
    return stop(order, "deadline", at)


def cancel(order: Order, *, at: datetime) -> tuple[OrderEvent, ...]:
    """Give up on an unpaid order because its buyer says so."""
    if order.status in UNPAID or order.status is OrderStatus.CLOSED:
        return stop(order, "cancelled", at)
    raise OrderAlreadyPaid


def stop(order: Order, why: CloseReason, at: datetime) -> tuple[OrderEvent, ...]:
    """Close at once if no payment ever went out; otherwise wait for the channel's word."""
    if order.status is not OrderStatus.PENDING_PAYMENT:
        return ()
    if order.payment_id is None:
        return (OrderClosed(order.id, why, at),)
    return (OrderClosing(order.id, order.payment_id, why, at),)


def close(order: Order, *, at: datetime) -> tuple[OrderEvent, ...]:
    """Close an unpaid order: the channel says that no money can arrive any more."""
    return (OrderClosed(order.id, order.closing, at),) if order.status in UNPAID else ()


def late_reason(
    order: Order, *, transaction_id: str, amount: Money, seat: LateReason | None
) -> LateReason | None:
    """Why this payment cannot buy the order; None when it can. `seat` is the group's own answer."""
    if order.transaction_id not in ("", transaction_id):
        return "paid_twice"
    if amount != order.amount:
        return "wrong_amount"
    if seat is None and order.status not in UNPAID:
        return "order_closed"
    return seat


def capture(
    order: Order,
    *,
    payment_id: PaymentId,
    transaction_id: str,
    amount: Money,
    paid_at: datetime,
    late: LateReason | None,
    reseated: bool = False,
    at: datetime,
) -> tuple[OrderEvent, ...]:
    """Take money that arrived: it buys the order, or it is owed back in the same breath."""
    refund = refund_id(payment_id, transaction_id)
    if transaction_id == order.transaction_id or refund in order.owed:
        return ()
    paid = OrderPaid(order.id, payment_id, transaction_id, amount, paid_at, at)
    if late is None and order.group_id is None:
        return (paid, OrderReadied(order.id, amount, at))
    if late is None:
        return (paid,)
    arrived = OrderLatePaid(order.id, payment_id, transaction_id, amount, late, paid_at, at)
    if reseated:
        return (arrived, paid)
    twice = late == "paid_twice"
    why: RefundReason = "paid_twice" if twice else "late_payment"
    owed = RefundOwed(
        order_id=order.id,
        refund_id=refund,
        payment_id=payment_id,
        transaction_id=transaction_id,
        amount=amount,
        why=why,
        ends=not twice,
        held_as="escrow",
        at=at,
    )
    return (arrived, owed)


def may_be_reseated(order: Order) -> bool:
    """Only an order that ran out of time: who cancelled does not want the seat any more."""
    return order.status is OrderStatus.CLOSED and order.closing == "deadline"


def ready(order: Order, *, at: datetime) -> tuple[OrderEvent, ...]:
    """The group succeeded: fulfil the order."""
    if order.status is not OrderStatus.GROUPING:
        return ()
    return (OrderReadied(order.id, order.amount, at),)


def refund_id(payment_id: PaymentId, transaction_id: str) -> RefundId:
    """The one debt that a transaction can cause: owed twice, it is the same debt."""
    return RefundId(uuid5(payment_id, transaction_id))


def status_after(order: Order, events: Sequence[OrderEvent]) -> OrderStatus:
    """Where the order will stand once these events are recorded."""
    preview = msgspec.structs.replace(
        order, owed=dict(order.owed), refunded=set(order.refunded), escalated=set(order.escalated)
    )
    for event in events:
        evolve(preview, event)
    return preview.status


# --- evolution ------------------------------------------------------------------------------


def evolve(order: Order, event: OrderEvent) -> Order:
    """Believe the event. No rule is checked here, so history replays under any future rule."""
    match event:
        case OrderPlaced():
            order.id = event.order_id
            order.status = OrderStatus.PENDING_PAYMENT
            order.kind = event.kind
            order.buyer = event.buyer
            order.campaign_id = event.campaign_id
            order.pool_id = event.pool_id
            order.group_id = event.group_id
            order.fulfilment = event.fulfilment
            order.quantity = event.quantity
            order.amount = event.amount
            order.pay_deadline = event.pay_deadline
        case OrderPaymentStarted():
            order.payment_id = event.payment_id
        case OrderPaid():
            order.status = OrderStatus.GROUPING
            order.transaction_id = event.transaction_id
        case OrderReadied():
            order.status = OrderStatus.READY
        case OrderClosing():
            order.status = OrderStatus.CLOSING
            order.closing = event.why
        case OrderClosed():
            order.status = OrderStatus.CLOSED
            order.closing = event.why
        case OrderLatePaid():
            if event.why != "paid_twice":  # a second payment leaves the order where it is
                order.status = OrderStatus.LATE_PAID
                order.transaction_id = event.transaction_id
        case RefundOwed():
            order.owed[event.refund_id] = Owed(
                event.payment_id, event.transaction_id, event.amount, event.why
            )
            if event.ends:
                order.status = OrderStatus.REFUNDING
        case OrderRefunded():
            order.refunded.add(event.refund_id)
            if order.status in BEING_REFUNDED and len(order.refunded) == len(order.owed):
                order.status = OrderStatus.REFUNDED
        case OrderRefundEscalated():
            order.escalated.add(event.refund_id)
            if order.status is OrderStatus.REFUNDING:
                order.status = OrderStatus.REFUND_ATTENTION
        case _:
            assert_never(event)
    return order


ORDER: Decider[Order, OrderEvent] = Decider("order", Order, OrderEvent, evolve)
