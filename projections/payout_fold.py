"""A payout's row on the desk, and how each fact changes it."""

from datetime import datetime
from typing import TypeAlias, assert_never
from uuid import UUID

import msgspec

from domain.display import PayoutStatus
from domain.events import payout as facts
from domain.events.payout import PayoutEvent, PayoutInitiated

Status: TypeAlias = PayoutStatus


class Payout(msgspec.Struct):
    """The columns, in order."""

    payout_id: UUID
    tenant: str
    merchant_id: UUID
    statement_id: UUID
    amount_fen: int
    route: str
    channel: str
    status: str
    initiated_at: datetime
    next_at: datetime | None = None
    number: str | None = None
    generation: int = 0
    attempts: int = 0
    channel_payout_id: str | None = None
    package: str | None = None
    last_code: str | None = None
    trouble: str | None = None
    detail: str | None = None
    escalated_at: datetime | None = None
    proposal_id: UUID | None = None
    proposal_action: str | None = None
    proposal_note: str | None = None
    proposed_by: str | None = None
    proposal_shown: str | None = None
    fee_fen: int | None = None
    evidence: str | None = None
    confirmed_at: datetime | None = None
    position: int = 0


def begin(event: PayoutInitiated, tenant: str) -> Payout:
    return Payout(
        payout_id=event.payout_id,
        tenant=tenant,
        merchant_id=event.merchant_id,
        statement_id=event.statement_id,
        amount_fen=event.amount.fen,
        route=event.route,
        channel=event.channel,
        status=Status.WAITING,
        initiated_at=event.at,
        next_at=event.next_at,
    )


def fold(row: Payout, event: PayoutEvent) -> None:
    match event:
        case facts.PayoutInitiated():
            pass
        case (
            facts.PayoutAttemptStarted()
            | facts.PayoutAttemptRejected()
            | facts.PayoutAttemptInDoubt()
        ):
            tried(row, event)
        case facts.PayoutAccepted():
            row.status, row.next_at = Status.IN_TRANSIT, event.next_at
            row.channel_payout_id = event.channel_payout_id or row.channel_payout_id
        case facts.PayoutAwaitingConfirmation():
            row.status, row.next_at = Status.AWAITING_PAYEE, event.next_at
            row.package = event.package
        case facts.PayoutQueried():
            row.next_at = event.next_at
            if event.seen != "not_found" and row.status in (Status.ATTEMPTING, Status.IN_DOUBT):
                waits = event.seen == "awaiting_payee"
                row.status = Status.AWAITING_PAYEE if waits else Status.IN_TRANSIT
        case facts.PayoutRetried():
            row.status, row.next_at = Status.WAITING, event.next_at
        case facts.PayoutConfirmed() | facts.PayoutFailed() | facts.PayoutReturned():
            ended(row, event)
        case facts.PayoutReissued():
            row.route, row.channel, row.status = event.route, event.channel, Status.WAITING
            row.number, row.generation, row.next_at = event.number, event.generation, event.next_at
            row.package = row.channel_payout_id = None
        case facts.PayoutEscalated():
            row.trouble, row.detail, row.escalated_at = event.trouble, event.detail, event.at
            settle_proposal(row)
        case facts.PayoutResolutionProposed():
            row.proposal_id, row.proposal_action = event.proposal_id, event.action
            row.proposal_note, row.proposed_by = event.note, event.by
            row.proposal_shown = event.shown
        case facts.PayoutResolutionApproved():
            row.trouble = row.detail = row.escalated_at = None
            row.next_at = event.next_at
            settle_proposal(row)
        case facts.PayoutResolutionDeclined():
            settle_proposal(row)
        case facts.PayoutWitnessesDiffer():
            row.last_code = f"{event.known} / {event.told}"
        case _:
            assert_never(event)


Tried: TypeAlias = (
    facts.PayoutAttemptStarted | facts.PayoutAttemptRejected | facts.PayoutAttemptInDoubt
)
Ended: TypeAlias = facts.PayoutConfirmed | facts.PayoutFailed | facts.PayoutReturned


def tried(row: Payout, event: Tried) -> None:
    row.number, row.attempts = event.number, event.attempt
    match event:
        case facts.PayoutAttemptStarted():
            row.status, row.next_at = Status.ATTEMPTING, event.deadline
        case facts.PayoutAttemptRejected():
            short = event.retry == "needs_funds"
            row.status = Status.NO_FUNDS if short else Status.WAITING
            row.next_at, row.last_code = event.next_at, event.code
        case facts.PayoutAttemptInDoubt():
            row.status, row.next_at = Status.IN_DOUBT, event.next_at
            row.last_code = event.cause


def ended(row: Payout, event: Ended) -> None:
    row.next_at = row.package = None
    match event:
        case facts.PayoutConfirmed():
            row.status, row.fee_fen = Status.CONFIRMED, event.fee.fen
            row.confirmed_at, row.evidence = event.confirmed_at, event.evidence
            row.trouble = row.detail = row.escalated_at = None
            row.channel_payout_id = event.channel_payout_id or row.channel_payout_id
            settle_proposal(row)
        case facts.PayoutFailed():
            row.status, row.last_code = Status.FAILED, event.code
        case facts.PayoutReturned():
            row.status, row.last_code = Status.RETURNED, event.code
            row.confirmed_at = None


def settle_proposal(row: Payout) -> None:
    row.proposal_id = row.proposal_action = row.proposal_note = None
    row.proposed_by = row.proposal_shown = None
