"""One break as the API shows it."""

from datetime import date, datetime, timedelta, timezone
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

from read_api.break_parts import (
    BreakProposalView,
    PostedView,
    SideView,
    posted,
    proposal_of,
    side_of,
)

BEIJING: Final = timezone(timedelta(hours=8))
BUCKETS: Final = ((1, "T+1"), (3, "T+3"), (7, "T+7"))
OLDEST: Final = "T+30"


class BreakView(BaseModel):
    """One break. Amounts are fen; `long_fen` and `short_fen` are in suspense still, `age_days` since its bill date."""

    break_id: UUID
    code: str
    failing: list[str]
    channel: str
    mchid: str
    bill_date: date
    booked: date
    side: str
    bill_id: UUID | None
    line: int | None
    kind: str
    number: str
    channel_number: str
    order_id: UUID | None
    refund_id: UUID | None
    ours: SideView | None
    theirs: SideView | None
    suggested: list[str]
    opened_long_fen: int
    opened_short_fen: int
    long_fen: int
    short_fen: int
    detail: str
    opened_at: datetime
    age_days: int
    bucket: str
    owner: str | None
    rules: list[str]
    proposal: BreakProposalView | None
    decided: str | None
    decided_by: str | None
    postings: list[PostedView]
    closed: str | None
    closed_by: str | None
    closed_at: datetime | None
    position: int
    degraded: bool


def shown(row: dict[str, Any], now: datetime) -> BreakView:
    until = row["closed_at"] or now
    age = (until.astimezone(BEIJING).date() - row["bill_date"]).days
    return BreakView(
        **row
        | {
            "ours": side_of(row["ours"]),
            "theirs": side_of(row["theirs"]),
            "postings": [posted(each) for each in row["postings"]],
        },
        age_days=age,
        bucket=next((name for days, name in BUCKETS if age <= days), OLDEST),
        proposal=proposal_of(row),
    )
