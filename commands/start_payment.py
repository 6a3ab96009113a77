"""Start paying an order: record it before the channel is asked. Asked by: the payment gateway."""

from datetime import datetime

from commands.fields import Name, Sealed
from commands.settle import own_order
from commands.use_case import Command, Lane, Reply, Stream, Tx, UseCase
from domain import order as orders
from domain import payment as payments
from domain.campaign import CAMPAIGN
from domain.display import GroupStatus
from domain.group import GROUP
from domain.ids import OrderId, PaymentId
from domain.order import ORDER, OrderNotPayable
from domain.payment import PAYMENT


class StartPayment(Command, frozen=True):
    """Pay an order through a channel. `payer` is the channel's id of the buyer, sealed."""

    order_id: OrderId
    channel: Name
    payer: Sealed


class StartedPayment(Reply, frozen=True):
    """What to tell the channel; the same again when the same payment is started again."""

    payment_id: PaymentId
    out_trade_no: str
    amount_fen: int
    description: str
    expires_at: datetime


def handle(cmd: StartPayment, tx: Tx) -> StartedPayment:
    order = own_order(tx, cmd.order_id)
    payment_id = order.payment_id or PaymentId(tx.id("payment"))
    started = orders.start_payment(order, payment_id=payment_id, at=tx.at)
    if order.group_id and tx.read(GROUP, order.group_id).status is GroupStatus.FAILED:
        raise OrderNotPayable(group_status=GroupStatus.FAILED.value)
    assert order.pay_deadline is not None
    title = tx.read(CAMPAIGN, order.campaign_id).title
    requested = payments.request(
        tx.read(PAYMENT, payment_id) if order.payment_id else tx.create(PAYMENT, payment_id),
        payment_id=payment_id,
        order_id=order.id,
        channel=cmd.channel,
        amount=order.amount,
        payer=cmd.payer,
        description=title,
        expires_at=order.pay_deadline,
        at=tx.at,
    )
    tx.append(ORDER, order.id, started)
    tx.append(PAYMENT, payment_id, requested)
    return StartedPayment(
        payment_id=payment_id,
        out_trade_no=payments.out_trade_no(payment_id),
        amount_fen=order.amount.fen,
        description=title,
        expires_at=order.pay_deadline,
    )


USE_CASE = UseCase(
    "start_payment",
    StartPayment,
    StartedPayment,
    handle,
    scope="payment:start",
    streams=lambda cmd, tx: (Stream(ORDER, cmd.order_id),),
    lane=Lane.MONEY,
)
