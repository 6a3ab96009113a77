"""Answers that several use cases share."""

from collections.abc import Sequence
from datetime import datetime

from commands.use_case import Reply
from domain.display import OrderStatus, display_status
from domain.events.order import OrderEvent
from domain.ids import GroupId, OrderId
from domain.order import Order, status_after


class PlacedOrder(Reply, frozen=True):
    """Seat, stock and quota are held until `pay_deadline`; start a payment to keep them."""

    order_id: OrderId
    group_id: GroupId | None
    amount_fen: int
    pay_deadline: datetime
    status: OrderStatus
    display_status: str


class OrderState(Reply, frozen=True):
    """Where the order stands after the command."""

    order_id: OrderId
    status: OrderStatus
    display_status: str


def order_state(order: Order, events: Sequence[OrderEvent] = ()) -> OrderState:
    """The order as it will be once `events` are recorded."""
    status = status_after(order, events)
    return OrderState(order.id, status, display_status(status, order.fulfilment))
