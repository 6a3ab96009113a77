"""Give up on an order at its pay deadline. Issued by: its timer."""

from commands.replies import OrderState, order_state
from commands.settle import record_closing, whole_order
from commands.timers import ExpireOrder
from commands.use_case import Lane, Tx, UseCase
from domain import order as orders
from domain.display import OrderStatus
from domain.order import ORDER


def handle(cmd: ExpireOrder, tx: Tx) -> OrderState:
    order = tx.read(ORDER, cmd.order_id)
    given_up = orders.run_out(order, at=tx.at)
    record_closing(tx, order, given_up)
    if not given_up:
        rearm(cmd, tx, order)
    return order_state(order, given_up)


def rearm(cmd: ExpireOrder, tx: Tx, order: orders.Order) -> None:
    """Early: ask again at the deadline. Moot: never again."""
    if order.status is OrderStatus.PENDING_PAYMENT and order.pay_deadline is not None:
        tx.set_timer(order.pay_deadline, cmd, of=cmd.order_id)
    else:
        tx.drop_timer(ExpireOrder, of=cmd.order_id)


USE_CASE = UseCase(
    "expire_order",
    ExpireOrder,
    OrderState,
    handle,
    scope="",
    streams=lambda cmd, tx: whole_order(tx, cmd.order_id),
    lane=Lane.TIMER,
)
