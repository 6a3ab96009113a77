"""What one event adds to the row of its bill date."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.events.recon import (
    BillDayBegun,
    DayClosed,
    DayEvent,
    FundMoved,
    LateFact,
    LineBroken,
    LinesMatched,
    LinesPending,
)
from projections.recorded import Recorded


class Day(msgspec.Struct):
    """What a batch adds to one date. The columns, in order."""

    tenant: str
    channel: str
    mchid: str
    bill_date: date
    trade_bill: UUID | None = None
    fund_bill: UUID | None = None
    trade_lines: int = 0
    fund_lines: int = 0
    opening_fen: int | None = None
    closing_fen: int | None = None
    begun_at: datetime | None = None
    matched: int = 0
    moved_lines: int = 0
    void: int = 0
    pending: int = 0
    broken: int = 0
    pays_fen: int = 0
    refunds_fen: int = 0
    fees_fen: int = 0
    moved_fen: int = 0
    late_facts: int = 0
    closed_at: datetime | None = None
    closed_by: str | None = None
    root: str | None = None
    ledger_position: int | None = None
    counts: Any = None
    open_breaks: int | None = None
    pending_ours_fen: int | None = None
    pending_theirs_fen: int | None = None
    agreed: int | None = None
    position: int = 0


def changes(day: Day, one: Recorded) -> None:
    event: DayEvent = one.event
    day.position = one.position
    match event:
        case BillDayBegun():
            day.trade_bill, day.fund_bill = event.trade_bill, event.fund_bill
            day.trade_lines, day.fund_lines = event.trade_lines, event.fund_lines
            day.opening_fen, day.closing_fen = event.opening.fen, event.closing.fen
            day.begun_at = event.at
        case LinesMatched():
            matched(day, event)
        case LinesPending():
            day.pending += len(event.pending)
        case FundMoved():
            day.moved_lines += 1
            day.moved_fen += event.amount.fen
        case LineBroken():
            day.broken += event.code != "MATCHED"
        case LateFact():
            day.late_facts += 1
        case DayClosed():
            closed(day, event)


def matched(day: Day, event: LinesMatched) -> None:
    day.matched += len(event.matches)
    day.void += len(event.void)
    for it in event.matches:
        if it.kind == "pay":
            day.pays_fen += it.amount.fen
        elif it.kind == "refund":
            day.refunds_fen -= it.amount.fen
        else:
            day.moved_fen += it.net.fen + it.fee.fen
        day.fees_fen += it.fee.fen


def closed(day: Day, event: DayClosed) -> None:
    day.closed_at, day.closed_by, day.root = event.at, event.by, event.root
    day.ledger_position, day.open_breaks, day.agreed = (
        event.ledger_position, event.open_breaks, event.agreed,
    )  # fmt: skip
    day.pending_ours_fen, day.pending_theirs_fen = event.pending_ours.fen, event.pending_theirs.fen
    day.counts = {it.code: it.lines for it in event.counts}
