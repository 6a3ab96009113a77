"""Propose to give an order's money back, in whole or part. Asked by: operators; another one approves."""

from commands.fields import Fen, Note
from commands.use_case import Command, Lane, Reply, Stream, Tx, UseCase
from domain import debts
from domain import refund_desk as desk
from domain.display import OrderStatus
from domain.events.refund import RefundEvent
from domain.ids import OrderId, ProposalId, RefundId
from domain.money import Money
from domain.order import ORDER, OrderNotFound
from domain.payment import PAYMENT
from domain.refund import REFUND


class ProposeRefund(Command, frozen=True):
    """Nothing is owed, and nothing moves, before another person approves."""

    order_id: OrderId
    amount_fen: Fen
    note: Note


class ProposedResolution(Reply, frozen=True):
    """`shown` is the digest of what was proposed: who approves sends it back."""

    refund_id: RefundId
    proposal_id: ProposalId
    shown: str


def handle(cmd: ProposeRefund, tx: Tx) -> ProposedResolution:
    order, amount = tx.read(ORDER, cmd.order_id), Money(cmd.amount_fen)
    if order.status is OrderStatus.NEW:
        raise OrderNotFound
    if amount > (left := debts.refundable(order)):
        raise debts.RefundOverPaid(left_fen=left.fen)
    assert order.payment_id is not None
    payment = tx.read(PAYMENT, order.payment_id)
    refund_id = RefundId(tx.id("refund"))
    proposed = desk.propose_refund(
        tx.create(REFUND, refund_id),
        order,
        refund_id=refund_id,
        payment_id=payment.id,
        channel=payment.channel,
        amount=amount,
        paid=payment.transactions[order.transaction_id].amount,
        proposal_id=ProposalId(tx.id("proposal")),
        note=cmd.note,
        by=tx.principal,
        at=tx.at,
    )
    events: tuple[RefundEvent, ...] = proposed
    tx.append(REFUND, refund_id, events)
    return ProposedResolution(refund_id, proposed[0].proposal_id, proposed[0].shown)


USE_CASE = UseCase(
    "propose_refund",
    ProposeRefund,
    ProposedResolution,
    handle,
    scope="refund:propose",
    streams=lambda cmd, tx: (Stream(ORDER, cmd.order_id),),
    lane=Lane.MONEY,
)
