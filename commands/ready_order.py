"""Ready an order of a group that succeeded. Asked by: the process that follows group outcomes."""

from commands.replies import OrderState, order_state
from commands.settle import order_of_group
from commands.use_case import Command, Lane, Stream, Tx, UseCase
from domain import order as orders
from domain.display import GroupStatus
from domain.group import GROUP
from domain.ids import GroupId, OrderId
from domain.order import ORDER


class ReadyOrder(Command, frozen=True):
    """The group succeeded, so this order is to be shipped or verified."""

    order_id: OrderId
    group_id: GroupId


def handle(cmd: ReadyOrder, tx: Tx) -> OrderState:
    order = order_of_group(tx, cmd.order_id, cmd.group_id, GroupStatus.SUCCEEDED)
    events = orders.ready(order, at=tx.at)
    tx.append(ORDER, cmd.order_id, events)
    return order_state(order, events)


USE_CASE = UseCase(
    "ready_order",
    ReadyOrder,
    OrderState,
    handle,
    scope="process:act",
    streams=lambda cmd, tx: (Stream(ORDER, cmd.order_id), Stream(GROUP, cmd.group_id)),
    lane=Lane.MONEY,
)
