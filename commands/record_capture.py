"""Record money that arrived: the one place where seats are filled. Asked by: the channel workers."""

from commands.fields import Fen, Instant, Name
from commands.refunding import begin_refunds
from commands.replies import OrderState, order_state
from commands.settle import fill, let_go, record_group, take_quota, whole_payment
from commands.use_case import Command, Lane, Tx, UseCase
from domain import group as groups
from domain import order as orders
from domain import payment as payments
from domain import quota as quotas
from domain import stock
from domain.group import GROUP
from domain.ids import PaymentId
from domain.money import Money
from domain.order import ORDER, Order
from domain.payment import PAYMENT
from domain.quota import QUOTA, quota_id
from domain.reservation import stock_change
from domain.stock import STOCK


class RecordCapture(Command, frozen=True):
    """The channel says this was paid. Repeat it freely: a transaction counts once."""

    payment_id: PaymentId  # the out_trade_no, read as a UUID
    transaction_id: Name
    amount_fen: Fen
    paid_at: Instant  # the channel's time, which alone decides lateness
    asked: bool = True  # the channel was asked; False: it told us unasked


def handle(cmd: RecordCapture, tx: Tx) -> OrderState:
    payment = tx.read(PAYMENT, cmd.payment_id)
    amount, transaction, paid_at = Money(cmd.amount_fen), cmd.transaction_id, cmd.paid_at
    captured = payments.capture(
        payment,
        transaction_id=transaction,
        amount=amount,
        paid_at=paid_at,
        asked=cmd.asked,
        at=tx.at,
    )
    order = tx.read(ORDER, payment.order_id)
    if not captured:
        return order_state(order)

    seat = None
    if order.group_id is not None:
        group = tx.read(GROUP, order.group_id)
        seat = groups.lateness(group, order_id=order.id, paid_at=paid_at)
    late = orders.late_reason(order, transaction_id=transaction, amount=amount, seat=seat)
    reseated = False
    if late is None:
        fill(tx, order, paid_at)
    elif order.status in orders.UNPAID:
        let_go(tx, order, why="late")
    elif late == "order_closed":
        reseated = take_again(cmd, tx, order)

    events = orders.capture(
        order,
        payment_id=cmd.payment_id,
        transaction_id=transaction,
        amount=amount,
        paid_at=paid_at,
        late=late,
        reseated=reseated,
        at=tx.at,
    )
    begin_refunds(tx, order, payment, events, paid=amount)
    tx.append(PAYMENT, cmd.payment_id, captured)
    tx.append(ORDER, order.id, events)
    return order_state(order, events)


def take_again(cmd: RecordCapture, tx: Tx, order: Order) -> bool:
    """Hold and fill a seat of the same group again, if seat, stock and quota all allow it."""
    if order.group_id is None or not orders.may_be_reseated(order):
        return False
    group = tx.read(GROUP, order.group_id)
    events = groups.reseat(
        group,
        order_id=order.id,
        user_id=order.buyer,
        quantity=order.quantity,
        paid_at=cmd.paid_at,
        at=tx.at,
    )
    limit = groups.promised(group).terms.per_user_limit
    quota = tx.read(QUOTA, quota_id(order.campaign_id, order.buyer))
    units = stock_change(group, events).hold
    if not events or order.quantity > quotas.room(quota, limit):
        return False
    if units > stock.available(tx.read(STOCK, order.pool_id)):
        return False
    take_quota(tx, order.campaign_id, order.buyer, order.id, order.quantity, limit)
    record_group(tx, group, events)
    return True


USE_CASE = UseCase(
    "record_capture",
    RecordCapture,
    OrderState,
    handle,
    scope="payment:record",
    streams=lambda cmd, tx: whole_payment(tx, cmd.payment_id),
    lane=Lane.MONEY,
)
