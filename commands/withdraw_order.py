"""Withdraw a paid order from an open group: the money is owed back. Asked by: its buyer."""

from commands.replies import OrderState, order_state
from commands.settle import own_order, record_group, return_quota, whole_order
from commands.use_case import Command, Lane, Tx, UseCase
from domain import group as groups
from domain import order as orders
from domain.group import GROUP
from domain.ids import OrderId
from domain.order import ORDER


class WithdrawOrder(Command, frozen=True):
    """Leave a group while it is still open; leadership passes to the earliest paid member."""

    order_id: OrderId


def handle(cmd: WithdrawOrder, tx: Tx) -> OrderState:
    order = own_order(tx, cmd.order_id)
    owed = orders.withdraw(order, at=tx.at)
    if not owed or order.group_id is None:
        return order_state(order)
    group = tx.read(GROUP, order.group_id)
    left = groups.withdraw(group, order_id=order.id, at=tx.at)
    return_quota(tx, order)
    record_group(tx, group, left)
    tx.append(ORDER, order.id, owed)
    return order_state(order, owed)


USE_CASE = UseCase(
    "withdraw_order",
    WithdrawOrder,
    OrderState,
    handle,
    scope="shop",
    streams=lambda cmd, tx: whole_order(tx, cmd.order_id),
    lane=Lane.MONEY,
)
