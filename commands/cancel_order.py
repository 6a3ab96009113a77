"""Cancel an unpaid order. Asked by: its buyer."""

from commands.replies import OrderState, order_state
from commands.settle import own_order, record_closing, whole_order
from commands.use_case import Command, Lane, Tx, UseCase
from domain import order as orders
from domain.ids import OrderId


class CancelOrder(Command, frozen=True):
    """Give up an unpaid order. If a payment is out at the channel, the channel's word closes it."""

    order_id: OrderId


def handle(cmd: CancelOrder, tx: Tx) -> OrderState:
    order = own_order(tx, cmd.order_id)
    stopped = orders.cancel(order, at=tx.at)
    record_closing(tx, order, stopped)
    return order_state(order, stopped)


USE_CASE = UseCase(
    "cancel_order",
    CancelOrder,
    OrderState,
    handle,
    scope="shop",
    streams=lambda cmd, tx: whole_order(tx, cmd.order_id),
    lane=Lane.MONEY,
)
