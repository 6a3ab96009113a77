"""One refund as the API shows it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from domain.display import RefundStatus


class ProposalView(BaseModel):
    """What somebody wants done. Who approves it sends `shown` back, and is another person."""

    id: UUID
    action: str
    reference: str
    note: str
    by: str
    shown: str
    at: datetime


class AttemptView(BaseModel):
    """One call to the channel. `outcome` is null while it is under way: accepted, rejected, in_doubt."""

    attempt: int
    number: str
    call: str
    worker: UUID
    request_sha256: str
    started_at: datetime
    deadline: datetime
    outcome: str | None
    code: str | None
    message: str | None
    evidence: str | None
    ended_at: datetime | None


class RefundView(BaseModel):
    """One refund. Amounts are fen; `trouble` says why people look after it, null while nobody has to."""

    refund_id: UUID
    order_id: UUID
    payment_id: UUID
    buyer: UUID
    channel: str
    transaction_id: str
    amount_fen: int
    paid_fen: int
    why: str
    status: RefundStatus
    requested_at: datetime
    next_at: datetime | None
    number: str | None
    generation: int
    attempts: int
    channel_refund_id: str | None
    last_code: str | None
    trouble: str | None
    detail: str | None
    escalated_at: datetime | None
    proposal: ProposalView | None
    decided: str | None
    decided_by: str | None
    decided_at: datetime | None
    reference: str | None
    received_by: str | None
    evidence: str | None
    ended_at: datetime | None
    succeeded_at: datetime | None
    differing: str | None
    bill_sha256: str | None
    bill_line: int | None
    position: int
    degraded: bool


class RefundFile(RefundView):
    """One refund with every call that was made for it, the first first."""

    calls: list[AttemptView]


def proposal_of(row: dict[str, Any]) -> ProposalView | None:
    """The open one, if there is one."""
    if row["proposal_id"] is None:
        return None
    return ProposalView(
        id=row["proposal_id"],
        action=row["proposal_action"],
        reference=row["proposal_reference"],
        note=row["proposal_note"],
        by=row["proposed_by"],
        shown=row["proposal_shown"],
        at=row["proposed_at"],
    )


def shown(row: dict[str, Any]) -> RefundView:
    return RefundView(**row, proposal=proposal_of(row))


def file_of(row: dict[str, Any], calls: list[dict[str, Any]]) -> RefundFile:
    attempts = [AttemptView(**call) for call in calls]
    return RefundFile(**row, proposal=proposal_of(row), calls=attempts)
