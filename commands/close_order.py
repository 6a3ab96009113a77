"""Close an order whose payment the channel has closed. Asked by: the worker that closes payments."""

from commands.replies import OrderState, order_state
from commands.settle import record_closing, whole_payment
from commands.use_case import Command, Lane, Tx, UseCase
from domain import order as orders
from domain import payment as payments
from domain.ids import OrderId, PaymentId
from domain.order import ORDER
from domain.payment import PAYMENT


class CloseOrder(Command, frozen=True):
    """The channel says that this payment can never be made. A paid order stays as it is."""

    order_id: OrderId
    payment_id: PaymentId


def handle(cmd: CloseOrder, tx: Tx) -> OrderState:
    order = tx.read(ORDER, cmd.order_id)
    payment = tx.read(PAYMENT, cmd.payment_id)
    if not payments.known(payment) or payment.order_id != cmd.order_id:
        raise payments.PaymentNotFound
    closed = orders.close(order, at=tx.at)
    record_closing(tx, order, closed)
    tx.append(PAYMENT, cmd.payment_id, payments.close(payment, at=tx.at))
    return order_state(order, closed)


USE_CASE = UseCase(
    "close_order",
    CloseOrder,
    OrderState,
    handle,
    scope="payment:record",
    streams=lambda cmd, tx: whole_payment(tx, cmd.payment_id),
    lane=Lane.MONEY,
)
