"""Owe back the payment of an order whose group failed. Asked by: the process that follows group outcomes."""

from commands.replies import OrderState, order_state
from commands.settle import order_of_group, return_quota
from commands.use_case import Command, Lane, Stream, Tx, UseCase
from domain import order as orders
from domain.display import GroupStatus
from domain.group import GROUP
from domain.ids import GroupId, OrderId
from domain.order import ORDER


class OweRefund(Command, frozen=True):
    """The group failed, so this order's buyer gets the money back. Repeat it freely: it is one debt."""

    order_id: OrderId
    group_id: GroupId


def handle(cmd: OweRefund, tx: Tx) -> OrderState:
    order = order_of_group(tx, cmd.order_id, cmd.group_id, GroupStatus.FAILED)
    owed = orders.owe(order, why="group_failed", at=tx.at)
    if owed:
        return_quota(tx, order)
    tx.append(ORDER, cmd.order_id, owed)
    return order_state(order, owed)


USE_CASE = UseCase(
    "owe_refund",
    OweRefund,
    OrderState,
    handle,
    scope="process:act",
    streams=lambda cmd, tx: (Stream(ORDER, cmd.order_id), Stream(GROUP, cmd.group_id)),
    lane=Lane.MONEY,
)
