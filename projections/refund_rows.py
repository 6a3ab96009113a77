"""One row of the refund desk, and how one begins and ends. The tables are in `refund_desk.py`."""

from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec

from domain.display import RefundStatus
from domain.events.refund import RefundProposed, RefundRequested, RefundResolutionProposed

Begun: TypeAlias = RefundRequested | RefundProposed


class Refund(msgspec.Struct):
    """The columns, in order."""

    refund_id: UUID
    tenant: str
    order_id: UUID
    payment_id: UUID
    buyer: UUID
    channel: str
    transaction_id: str
    amount_fen: int
    paid_fen: int
    why: str
    status: str
    requested_at: datetime
    next_at: datetime | None = None
    number: str | None = None
    generation: int = 0
    attempts: int = 0
    call: str | None = None
    deadline: datetime | None = None
    channel_refund_id: str | None = None
    last_code: str | None = None
    trouble: str | None = None
    detail: str | None = None
    escalated_at: datetime | None = None
    proposal_id: UUID | None = None
    proposal_action: str | None = None
    proposal_reference: str | None = None
    proposal_note: str | None = None
    proposed_by: str | None = None
    proposal_shown: str | None = None
    proposed_at: datetime | None = None
    decided: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    reference: str | None = None
    received_by: str | None = None
    evidence: str | None = None
    ended_at: datetime | None = None
    succeeded_at: datetime | None = None
    differing: str | None = None
    bill_sha256: str | None = None
    bill_line: int | None = None
    position: int = 0


def begin(event: Begun, tenant: str) -> Refund:
    wish = isinstance(event, RefundProposed)
    refund = Refund(
        refund_id=event.refund_id,
        tenant=tenant,
        order_id=event.order_id,
        payment_id=event.payment_id,
        buyer=event.buyer,
        channel=event.channel,
        transaction_id=event.transaction_id,
        amount_fen=event.amount.fen,
        paid_fen=event.paid.fen,
        why="operator" if isinstance(event, RefundProposed) else event.why,
        status=RefundStatus.PROPOSED if wish else RefundStatus.WAITING,
        requested_at=event.at,
    )
    if isinstance(event, RefundProposed):
        propose(refund, event, "pay", "")
    else:
        refund.next_at = event.next_at
    return refund


def propose(
    refund: Refund, event: RefundProposed | RefundResolutionProposed, action: str, reference: str
) -> None:
    refund.proposal_id, refund.proposal_action = event.proposal_id, action
    refund.proposal_reference, refund.proposal_note = reference, event.note
    refund.proposed_by, refund.proposal_shown, refund.proposed_at = event.by, event.shown, event.at


def settle_proposal(refund: Refund) -> None:
    """None is open any more; who proposed stays visible in the stream."""
    refund.proposal_id = refund.proposal_action = refund.proposal_reference = None
    refund.proposal_note = refund.proposed_by = refund.proposal_shown = refund.proposed_at = None


def end(refund: Refund, status: RefundStatus, at: datetime) -> None:
    refund.status, refund.ended_at = status, at
    refund.trouble = refund.escalated_at = refund.next_at = None
