"""Advance a payout by one step: say what its worker has to do now. Asked by: the process that pays out."""

from uuid import UUID

from commands.paying_out import (
    PayoutStep,
    known_payout,
    payout_dice,
    payout_digest,
    record_payout,
    the_payout,
)
from commands.use_case import Command, Lane, Tx, UseCase
from domain import payout as payouts
from domain import payout_calls as calls
from domain.events.payout import PayoutEscalated
from domain.ids import PayoutId
from domain.payout import Payout, Status


class AdvancePayout(Command, frozen=True):
    """`worker` is a fresh mark of who asks: an attempt belongs to it alone, until its deadline."""

    payout_id: PayoutId
    worker: UUID


def handle(cmd: AdvancePayout, tx: Tx) -> PayoutStep:
    payout = known_payout(tx, cmd.payout_id)
    match payouts.next_step(payout, tx.at):
        case "call":
            return call(cmd, tx, payout)
        case "query":
            number = payout.asking.number
            return PayoutStep("query", payout.id, payout.status, number, payout.channel)
        case "give_up_on_worker":
            doubted = calls.give_up_on_worker(payout, at=tx.at, dice=payout_dice(tx))
            record_payout(tx, payout, doubted)
            return PayoutStep("wait", payout.id, Status.IN_DOUBT, until=doubted[0].next_at)
        case "bank_silent":
            record_payout(tx, payout, calls.miss_the_bank(payout, at=tx.at))
            return PayoutStep("people", payout.id, payout.status)
        case "reissue":
            events = calls.reissue(payout, at=tx.at)
            state = record_payout(tx, payout, events)
            stuck = any(isinstance(event, PayoutEscalated) for event in events)
            return PayoutStep("people" if stuck else "wait", payout.id, state.status, until=tx.at)
        case "wait":
            asking = payout.asking
            until = asking.deadline if payout.status is Status.ATTEMPTING else asking.next_at
            return PayoutStep("wait", payout.id, payout.status, until=until)
        case ("people" | "over") as nothing:
            return PayoutStep(nothing, payout.id, payout.status)


def call(cmd: AdvancePayout, tx: Tx, payout: Payout) -> PayoutStep:
    (attempt,) = calls.start_attempt(
        payout, worker=cmd.worker, request_sha256=payout_digest(payout), at=tx.at
    )
    record_payout(tx, payout, (attempt,))
    return PayoutStep(
        do="call",
        payout_id=payout.id,
        status=Status.ATTEMPTING,
        number=attempt.number,
        channel=payout.channel,
        amount_fen=payout.amount.fen,
        payee=payout.payee,
        attempt=attempt.attempt,
        worker=cmd.worker,
        deadline=attempt.deadline,
    )


USE_CASE = UseCase(
    "advance_payout",
    AdvancePayout,
    PayoutStep,
    handle,
    scope="process:act",
    streams=lambda cmd, tx: the_payout(cmd.payout_id),
    lane=Lane.MONEY,
)
