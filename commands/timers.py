"""Promises the engine keeps by itself: what it issues when the time of an order, a group, an earning is up."""

from commands.use_case import Command
from domain.ids import EarningId, GroupId, OrderId, StatementId


class ExpireOrder(Command, frozen=True):
    """The pay deadline of an order has passed."""

    order_id: OrderId


class ExpireGroup(Command, frozen=True):
    """The deadline of a group has passed, or its ten minutes of deciding."""

    group_id: GroupId


class MatureEarning(Command, frozen=True):
    """T+N is over for a lot of what was earned with an order."""

    earning_id: EarningId
    lot: int


class CloseStatement(Command, frozen=True):
    """A statement's period is over, and what came late for it had its time."""

    statement_id: StatementId
