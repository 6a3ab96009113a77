"""Debts: what an order owes back to its buyer, once for each cause, and what became of it."""

from datetime import datetime

from domain.display import OrderStatus
from domain.errors import Rejected
from domain.events.order import (
    HeldAs,
    OrderEvent,
    OrderRefunded,
    OrderRefundEscalated,
    RefundOwed,
    RefundReason,
)
from domain.ids import RefundId
from domain.money import ZERO, Money
from domain.order import BEING_REFUNDED, Order, refund_id


class OrderNotWithdrawable(Rejected, code="order_not_withdrawable", zh="该订单不能退出拼团"):
    """Only a paid order that waits for its group can be withdrawn; an unpaid one is cancelled."""


class OrderNotRefundable(Rejected, code="order_not_refundable", zh="该订单当前不能退款"):
    """Only an order that is ready and neither shipped nor used is refunded by an operator."""


class RefundOverPaid(Rejected, code="refund_over_paid", zh="退款金额超过可退金额"):
    """Less than that is left of what the buyer paid; `left_fen` may be refunded."""


# --- decisions ------------------------------------------------------------------------------


def withdraw(order: Order, *, at: datetime) -> tuple[OrderEvent, ...]:
    """Its buyer leaves the open group: the money is owed back."""
    if order.status in BEING_REFUNDED or order.status is OrderStatus.REFUNDED:
        return ()
    if order.status is not OrderStatus.GROUPING:
        raise OrderNotWithdrawable(status=order.status.value)
    return owe(order, why="withdrawn", at=at)


def owe(order: Order, *, why: RefundReason, at: datetime) -> tuple[OrderEvent, ...]:
    """Owe back what bought an order that its group will not deliver."""
    if order.status is not OrderStatus.GROUPING or order.payment_id is None:
        return ()
    refund = refund_id(order.payment_id, order.transaction_id)
    return (debt(order, refund, order.amount, why=why, ends=True, held_as="escrow", at=at),)


def refundable(order: Order) -> Money:
    """What an operator may still give back of what bought the order. Raises: OrderNotRefundable."""
    if order.status is not OrderStatus.READY or order.payment_id is None:
        raise OrderNotRefundable(status=order.status.value)
    debts = (owed for owed in order.owed.values() if owed.transaction_id == order.transaction_id)
    return order.amount - sum((owed.amount for owed in debts), ZERO)


def owe_by_hand(
    order: Order, *, refund: RefundId, amount: Money, at: datetime
) -> tuple[OrderEvent, ...]:
    """Owe back what two people agreed on; all of it ends the order. Raises: as `refundable`, RefundOverPaid."""
    if refund in order.owed:
        return ()
    left = refundable(order)
    if amount > left:
        raise RefundOverPaid(left_fen=left.fen)
    ends = amount == left
    return (debt(order, refund, amount, why="operator", ends=ends, held_as="voucher", at=at),)


def refunded(order: Order, *, refund: RefundId, at: datetime) -> tuple[OrderEvent, ...]:
    """The money of one debt has arrived with the buyer."""
    owed = order.owed.get(refund)
    if owed is None or refund in order.refunded:
        return ()
    return (OrderRefunded(order.id, refund, owed.amount, at),)


def escalate(order: Order, *, refund: RefundId, at: datetime) -> tuple[OrderEvent, ...]:
    """Tell that people look after a debt of this order."""
    if refund not in order.owed or refund in order.refunded | order.escalated:
        return ()
    return (OrderRefundEscalated(order.id, refund, at),)


def debt(
    order: Order,
    refund: RefundId,
    amount: Money,
    *,
    why: RefundReason,
    ends: bool,
    held_as: HeldAs,
    at: datetime,
) -> OrderEvent:
    """A debt out of the transaction that bought the order."""
    assert order.payment_id is not None
    return RefundOwed(
        order_id=order.id,
        refund_id=refund,
        payment_id=order.payment_id,
        transaction_id=order.transaction_id,
        amount=amount,
        why=why,
        ends=ends,
        held_as=held_as,
        at=at,
    )
