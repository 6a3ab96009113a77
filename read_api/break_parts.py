"""Parts of a break as the API shows them: its two sides, its open proposal, its entries."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel


class SideView(BaseModel):
    """What one of the two says."""

    amount_fen: int
    fee_fen: int
    status: str
    currency: str
    merchant: str
    at: datetime | None


class BreakProposalView(BaseModel):
    """The entry that somebody wants. Who approves it sends `shown` back, and is another person."""

    id: UUID
    resolution: str
    amount_fen: int
    order_id: UUID | None
    refund_id: UUID | None
    evidence: str
    note: str
    by: str
    shown: str
    at: datetime


class PostedView(BaseModel):
    """One entry that took money out of suspense."""

    resolution: str
    suspense: str
    amount_fen: int
    reference: str
    at: datetime


def side_of(said: dict[str, Any] | None) -> SideView | None:
    if said is None:
        return None
    sums = {"amount_fen": said["amount"]["fen"], "fee_fen": said["fee"]["fen"]}
    return SideView(
        **sums, **{name: said[name] for name in ("status", "currency", "merchant", "at")}
    )


def posted(entry: dict[str, Any]) -> PostedView:
    names = ("resolution", "suspense", "reference", "at")
    return PostedView(amount_fen=entry["amount"]["fen"], **{name: entry[name] for name in names})


def proposal_of(row: dict[str, Any]) -> BreakProposalView | None:
    if row["proposal_id"] is None:
        return None
    return BreakProposalView(
        id=row["proposal_id"],
        resolution=row["proposal_resolution"],
        amount_fen=row["proposal_fen"],
        order_id=row["proposal_order_id"],
        refund_id=row["proposal_refund_id"],
        evidence=row["proposal_evidence"],
        note=row["proposal_note"],
        by=row["proposed_by"],
        shown=row["proposal_shown"],
        at=row["proposed_at"],
    )
