"""What a debt, or a word about a refund, entails at once for order, payment and refund, in the same commit."""

from collections.abc import Iterator, Sequence

from commands.settle import give_back_units, return_quota
from commands.settling import take_back
from commands.use_case import Reply, Stream, Tx
from domain import debts
from domain import payment as payments
from domain import refund as refunds
from domain.events.order import OrderEvent, RefundOwed
from domain.events.payment import PaymentEvent
from domain.events.refund import (
    RefundClosed,
    RefundEscalated,
    RefundEvent,
    RefundPaidElsewhere,
    RefundReissued,
    RefundSucceeded,
)
from domain.ids import RefundId
from domain.money import Money
from domain.order import ORDER, Order
from domain.payment import PAYMENT, Payment
from domain.refund import REFUND, Refund, RefundNotFound, Status


class RefundState(Reply, frozen=True):
    """Where the refund stands after the command; `trouble` while people look after it."""

    refund_id: RefundId
    status: Status
    trouble: str | None


def refund_state(refund: Refund, events: Sequence[RefundEvent] = ()) -> RefundState:
    """The refund as it will be once `events` are recorded."""
    after = refunds.after(refund, events)
    return RefundState(after.id, after.status, after.trouble)


def whole_refund(tx: Tx, refund_id: RefundId) -> Iterator[Stream]:
    """A refund with its order and its payment."""
    yield Stream(REFUND, refund_id)
    refund = tx.read(REFUND, refund_id)
    if refund.status is not Status.NEW:
        yield Stream(ORDER, refund.order_id)
        yield Stream(PAYMENT, refund.payment_id)


def known_refund(tx: Tx, refund_id: RefundId) -> Refund:
    """Raises: RefundNotFound."""
    refund = tx.read(REFUND, refund_id)
    if refund.status is Status.NEW:
        raise RefundNotFound
    return refund


def dice(tx: Tx) -> int:
    """Chance that comes with the command: the same command always throws the same."""
    return tx.id("dice").int


def begin_refunds(
    tx: Tx,
    order: Order,
    payment: Payment,
    events: Sequence[OrderEvent],
    *,
    paid: Money | None = None,
) -> None:
    """A debt and the refund that pays it are born together, so that none is ever forgotten.

    `paid` is what the transaction was, when it is recorded by this very command.
    """
    for event in events:
        if isinstance(event, RefundOwed):
            total = paid or payment.transactions[event.transaction_id].amount
            requested = refunds.request(
                tx.create(REFUND, event.refund_id),
                event,
                buyer=order.buyer,
                channel=payment.channel,
                paid=total,
                at=tx.at,
            )
            tx.append(REFUND, event.refund_id, requested)


def owe_by_hand(tx: Tx, order: Order, refund: Refund) -> tuple[OrderEvent, ...]:
    """The debt that two people agreed on; when it is all that was paid, quota and units come back too.

    What a merchant earned with it is taken back first, so that the debt is made of what is held for the buyer.

    Raises: OrderNotRefundable, RefundOverPaid.
    """
    owed = debts.owe_by_hand(order, refund=refund.id, amount=refund.amount, at=tx.at)
    if any(isinstance(event, RefundOwed) and event.ends for event in owed):
        return_quota(tx, order)
        give_back_units(tx, order)
    if owed:
        take_back(tx, order, owed)
    return owed


def record_refund(
    tx: Tx,
    refund: Refund,
    events: Sequence[RefundEvent],
    *,
    owed: Sequence[OrderEvent] = (),
    started: Sequence[PaymentEvent] = (),
) -> RefundState:
    """Append what happened to a refund, with what follows for its order and its payment."""
    order, payment = tx.read(ORDER, refund.order_id), tx.read(PAYMENT, refund.payment_id)
    of_order, of_payment = list(owed), list(started)
    for event in events:
        match event:
            case RefundSucceeded() | RefundPaidElsewhere():
                of_order += debts.refunded(order, refund=refund.id, at=tx.at)
            case RefundEscalated():
                of_order += debts.escalate(order, refund=refund.id, at=tx.at)
        match event:
            case RefundClosed():
                of_payment += payments.end_refund(payment, number=event.number, at=tx.at)
            case RefundReissued():
                of_payment += payments.end_refund(payment, number=event.of, at=tx.at)
            case RefundPaidElsewhere():
                of_payment += payments.end_refund(payment, number=refund.number, at=tx.at)
    tx.append(REFUND, refund.id, events)
    tx.append(ORDER, order.id, of_order)
    tx.append(PAYMENT, payment.id, of_payment)
    return refund_state(refund, events)
