"""Advance a refund by one step: say what its worker has to do now. Asked by: the process that refunds buyers."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from commands.refund_step import REASONS, RefundStep, digest
from commands.refunding import dice, known_refund, record_refund, whole_refund
from commands.splitting import shares_first
from commands.use_case import Command, Lane, Stream, Tx, UseCase
from domain import payment as payments
from domain import refund as refunds
from domain import refund_calls as calls
from domain.events.refund import RefundEscalated
from domain.ids import NIL, RefundId, split_id
from domain.payment import PAYMENT, Payment
from domain.refund import REFUND, Refund, Status
from domain.split import SPLIT

SHARES_TAKE = timedelta(seconds=30)  # to come back to an order that was shared out


class AdvanceRefund(Command, frozen=True):
    """`worker` is a fresh mark of who asks: an attempt belongs to it alone, until its deadline."""

    refund_id: RefundId
    worker: UUID


def handle(cmd: AdvanceRefund, tx: Tx) -> RefundStep:
    refund = known_refund(tx, cmd.refund_id)
    match refunds.next_step(refund, tx.at):
        case "call":
            if shares_first(tx, refund.order_id, refund.id, refund.amount):
                return RefundStep("wait", refund.id, refund.status, until=tx.at + SHARES_TAKE)
            return call(cmd, tx, refund)
        case "query":
            return RefundStep("query", refund.id, refund.status, refund.number, refund.channel)
        case "give_up_on_worker":
            doubted = calls.give_up_on_worker(refund, at=tx.at, dice=dice(tx))
            record_refund(tx, refund, doubted)
            return RefundStep("wait", refund.id, Status.IN_DOUBT, until=doubted[0].next_at)
        case "reissue":
            events = calls.reissue(refund, at=tx.at)
            after = record_refund(tx, refund, events)
            stuck = any(isinstance(event, RefundEscalated) for event in events)
            return RefundStep("people" if stuck else "wait", refund.id, after.status, until=tx.at)
        case "wait":
            until = refund.deadline if refund.status is Status.ATTEMPTING else refund.next_at
            return RefundStep("wait", refund.id, refund.status, until=until)
        case ("people" | "over") as nothing:
            return RefundStep(nothing, refund.id, refund.status)


def call(cmd: AdvanceRefund, tx: Tx, refund: Refund) -> RefundStep:
    """Start an attempt, if the payment allows another number; else wait, or call people."""
    payment = tx.read(PAYMENT, refund.payment_id)
    bar = None if refund.number in payment.refunds else bar_of(payment, refund, tx.at)
    if bar == "too_soon":
        until = payments.next_refund_at(payment, tx.at)
        return RefundStep("wait", refund.id, refund.status, until=until)
    if bar is not None:
        people = refunds.trouble(refund, bar, f"{len(payment.refunds)} numbers so far", tx.at)
        record_refund(tx, refund, people)
        return RefundStep("people", refund.id, refund.status)
    started = payments.start_refund(
        payment,
        refund_id=refund.id,
        transaction_id=refund.transaction_id,
        number=refund.number,
        amount=refund.amount,
        at=tx.at,
    )
    (attempt,) = calls.start_attempt(
        refund,
        worker=cmd.worker,
        request_sha256=digest(refund),
        fee_back=(started[0] if started else payment.refunds[refund.number]).fee_back,
        at=tx.at,
    )
    record_refund(tx, refund, (attempt,), started=started)
    return RefundStep(
        do=attempt.call,
        refund_id=refund.id,
        status=Status.ATTEMPTING,
        number=attempt.number,
        channel=refund.channel,
        transaction_id=refund.transaction_id,
        channel_refund_id=refund.channel_refund_id,
        amount_fen=refund.amount.fen,
        total_fen=refund.paid.fen,
        reason=REASONS[refund.why],
        attempt=attempt.attempt,
        worker=cmd.worker,
        deadline=attempt.deadline,
    )


def bar_of(payment: Payment, refund: Refund, at: datetime) -> payments.RefundBar | None:
    return payments.refund_bar(
        payment, transaction_id=refund.transaction_id, amount=refund.amount, at=at
    )


def streams(cmd: AdvanceRefund, tx: Tx) -> Iterator[Stream]:
    yield from whole_refund(tx, cmd.refund_id)
    order_id = tx.read(REFUND, cmd.refund_id).order_id
    if order_id != NIL:
        yield Stream(SPLIT, split_id(order_id))


USE_CASE = UseCase(
    "advance_refund",
    AdvanceRefund,
    RefundStep,
    handle,
    scope="process:act",
    streams=streams,
    lane=Lane.MONEY,
)
