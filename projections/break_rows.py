"""One row of a break, and what each event of it changes there."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.events.recon import (
    BreakApproved,
    BreakAssigned,
    BreakAutoResolved,
    BreakClosed,
    BreakDeclined,
    BreakEvent,
    BreakOpened,
    BreakPosted,
    BreakProposed,
    BreakReopened,
    Side,
)


class Row(msgspec.Struct):
    """The columns, in order."""

    break_id: UUID
    tenant: str
    code: str
    failing: list[str]
    channel: str
    mchid: str
    bill_date: date
    booked: date
    bill_id: UUID | None
    side: str
    line: int | None
    kind: str
    number: str
    channel_number: str
    order_id: UUID | None
    refund_id: UUID | None
    ours: dict[str, Any] | None
    theirs: dict[str, Any] | None
    suggested: list[str]
    opened_long_fen: int
    opened_short_fen: int
    long_fen: int
    short_fen: int
    detail: str
    opened_at: datetime
    owner: str | None = None
    rules: list[str] = []
    proposal_id: UUID | None = None
    proposal_resolution: str | None = None
    proposal_fen: int | None = None
    proposal_order_id: UUID | None = None
    proposal_refund_id: UUID | None = None
    proposal_evidence: str | None = None
    proposal_note: str | None = None
    proposed_by: str | None = None
    proposal_shown: str | None = None
    proposed_at: datetime | None = None
    decided: str | None = None
    decided_by: str | None = None
    postings: list[dict[str, Any]] = []
    closed: str | None = None
    closed_by: str | None = None
    closed_at: datetime | None = None
    position: int = 0


def opened(event: BreakOpened, tenant: str) -> Row:
    return Row(
        event.break_id, tenant, event.code, list(event.failing), event.channel, event.mchid,
        event.bill_date, event.booked, event.bill_id, event.side, event.line, event.kind, event.number,
        event.channel_number, event.order_id, event.refund_id, said(event.ours), said(event.theirs), list(event.suggested),
        event.long.fen, event.short.fen, event.long.fen, event.short.fen, event.detail, event.at,
    )  # fmt: skip


def said(side: Side | None) -> dict[str, Any] | None:
    return None if side is None else msgspec.to_builtins(side)


def fold(row: Row, event: BreakEvent) -> None:
    match event:
        case BreakAssigned():
            row.owner = event.owner
        case BreakProposed():
            row.proposal_id, row.proposal_resolution = event.proposal_id, event.resolution
            row.proposal_fen, row.proposal_order_id = event.amount.fen, event.order_id
            row.proposal_refund_id, row.proposal_evidence = event.refund_id, event.evidence
            row.proposal_note, row.proposed_by = event.note, event.by
            row.proposal_shown, row.proposed_at = event.shown, event.at
        case BreakApproved():
            row.decided, row.decided_by = f"approved: {row.proposal_resolution}", event.by
            forget(row)
        case BreakDeclined():
            row.decided, row.decided_by = f"declined: {row.proposal_resolution}", event.by
            forget(row)
        case BreakAutoResolved():
            row.rules = [*row.rules, f"{event.rule} v{event.version}: {event.detail}"]
        case BreakPosted():
            row.long_fen -= event.amount.fen if event.suspense != "short" else 0
            row.short_fen -= event.amount.fen if event.suspense != "long" else 0
            row.postings = [*row.postings, msgspec.to_builtins(event)]
        case BreakClosed():
            row.closed, row.closed_by, row.closed_at = event.how, event.reference, event.at
            forget(row)
        case BreakReopened():
            row.closed = row.closed_by = row.closed_at = None
            row.long_fen += event.long.fen
            row.short_fen += event.short.fen


def forget(row: Row) -> None:
    """No proposal is open any more."""
    row.proposal_id = row.proposal_resolution = row.proposal_fen = row.proposal_order_id = None
    row.proposal_refund_id = row.proposal_evidence = row.proposal_note = row.proposed_by = None
    row.proposal_shown = row.proposed_at = None
