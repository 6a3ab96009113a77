"""Promises the engine keeps by itself: what it issues when an order's or a group's time is up."""

from commands.use_case import Command
from domain.ids import GroupId, OrderId


class ExpireOrder(Command, frozen=True):
    """The pay deadline of an order has passed."""

    order_id: OrderId


class ExpireGroup(Command, frozen=True):
    """The deadline of a group has passed, or its ten minutes of deciding."""

    group_id: GroupId
