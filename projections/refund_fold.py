"""What each event changes about a refund, as the desk sees it. The row is in `refund_rows.py`."""

from typing import TypeAlias, assert_never

from domain.display import RefundStatus
from domain.events import refund as facts
from projections.refund_rows import Refund, end, propose, settle_proposal

TO_TRY = (RefundStatus.WAITING, RefundStatus.NO_FUNDS)
UNCLEAR = (RefundStatus.ATTEMPTING, RefundStatus.IN_DOUBT)

OfAttempt: TypeAlias = (
    facts.RefundAttemptStarted
    | facts.RefundAttemptAccepted
    | facts.RefundAttemptRejected
    | facts.RefundAttemptInDoubt
)
OfPeople: TypeAlias = (
    facts.RefundEscalated
    | facts.RefundProposed
    | facts.RefundResolutionProposed
    | facts.RefundResolutionApproved
    | facts.RefundResolutionDeclined
    | facts.RefundWitnessesDiffer
)
OfChannel: TypeAlias = (
    facts.RefundQueried
    | facts.RefundRetried
    | facts.RefundSucceeded
    | facts.RefundClosed
    | facts.RefundAbnormal
    | facts.RefundReturned
    | facts.RefundReissued
    | facts.RefundPaidElsewhere
)


def fold(refund: Refund, event: facts.RefundEvent) -> None:
    match event:
        case facts.RefundRequested():
            pass  # made by `begin`
        case (
            facts.RefundAttemptStarted()
            | facts.RefundAttemptAccepted()
            | facts.RefundAttemptRejected()
            | facts.RefundAttemptInDoubt()
        ):
            of_attempt(refund, event)
        case (
            facts.RefundEscalated()
            | facts.RefundProposed()
            | facts.RefundResolutionProposed()
            | facts.RefundResolutionApproved()
            | facts.RefundResolutionDeclined()
            | facts.RefundWitnessesDiffer()
        ):
            of_people(refund, event)
        case facts.RefundConfirmedByBill():
            refund.bill_sha256, refund.bill_line = event.file_sha256, event.line
        case _:
            of_channel(refund, event)


def of_attempt(refund: Refund, event: OfAttempt) -> None:
    match event:
        case facts.RefundAttemptStarted():
            refund.status, refund.attempts = RefundStatus.ATTEMPTING, event.attempt
            refund.call = event.call
            refund.number, refund.deadline, refund.next_at = event.number, event.deadline, None
        case facts.RefundAttemptAccepted():
            refund.status, refund.next_at = RefundStatus.PROCESSING, event.next_at
            refund.channel_refund_id = event.channel_refund_id
        case facts.RefundAttemptRejected():
            short = event.retry == "needs_funds"
            refund.status = RefundStatus.NO_FUNDS if short else RefundStatus.WAITING
            refund.last_code, refund.next_at = event.code, event.next_at
        case facts.RefundAttemptInDoubt():
            refund.status = RefundStatus.IN_DOUBT
            refund.last_code, refund.next_at = event.cause, event.next_at
        case _:
            assert_never(event)


def of_people(refund: Refund, event: OfPeople) -> None:
    match event:
        case facts.RefundEscalated():
            refund.trouble, refund.detail = event.trouble, event.detail
            refund.escalated_at = event.at
            settle_proposal(refund)
        case facts.RefundProposed():
            pass  # by `begin`
        case facts.RefundResolutionProposed():
            propose(refund, event, event.action, event.reference)
        case facts.RefundResolutionApproved():
            refund.decided, refund.decided_by = event.action, event.by
            refund.decided_at, refund.next_at = event.at, event.next_at
            refund.trouble = refund.escalated_at = None
            settle_proposal(refund)
            refund.status = status_agreed(refund.status, event.action)
        case facts.RefundResolutionDeclined():
            refund.decided, refund.decided_by, refund.decided_at = "declined", event.by, event.at
            settle_proposal(refund)
            if refund.status == RefundStatus.PROPOSED:
                refund.status, refund.ended_at = RefundStatus.DECLINED, event.at
        case facts.RefundWitnessesDiffer():
            refund.differing = (
                f"{event.number}: {event.known}; the {event.evidence} says {event.told}"
            )
        case _:
            assert_never(event)


def status_agreed(status: str, action: str) -> str:
    """Where a refund stands once two people agreed on `action`."""
    if action in ("pay", "return") or (action == "retry" and status in TO_TRY):
        return RefundStatus.WAITING
    return RefundStatus.CLOSED if action == "reissue" else status


def of_channel(refund: Refund, event: OfChannel) -> None:
    match event:
        case facts.RefundQueried():
            refund.next_at = event.next_at
            if event.seen != "not_found" and refund.status in UNCLEAR:
                refund.status = RefundStatus.PROCESSING
        case facts.RefundRetried():
            refund.status, refund.next_at = RefundStatus.WAITING, event.next_at
        case facts.RefundSucceeded():
            end(refund, RefundStatus.SUCCEEDED, event.at)
            refund.succeeded_at, refund.evidence = event.succeeded_at, event.evidence
            refund.received_by, refund.channel_refund_id = (
                event.received_by,
                event.channel_refund_id,
            )
        case facts.RefundClosed():
            refund.status, refund.next_at, refund.last_code = (
                RefundStatus.CLOSED,
                event.at,
                "CLOSED",
            )
        case facts.RefundAbnormal():
            refund.status, refund.next_at = RefundStatus.ABNORMAL, None
            refund.last_code = "ABNORMAL"
        case facts.RefundReturned():
            refund.status, refund.next_at = RefundStatus.RETURNED, None
        case facts.RefundReissued():
            refund.status, refund.next_at = RefundStatus.WAITING, event.next_at
            refund.number, refund.generation = event.number, event.generation
            refund.call, refund.channel_refund_id = "refund", None
        case facts.RefundPaidElsewhere():
            end(refund, RefundStatus.PAID_ELSEWHERE, event.at)
            refund.reference = event.reference
        case _:
            assert_never(event)
