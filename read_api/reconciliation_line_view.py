"""One line of a bill date as the API shows it: both sides, and what became of it."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel


class LineView(BaseModel):
    """One line of a bill, or one row of ours that it lacks. Null on a side that has nothing."""

    code: str
    side: str
    line: int | None
    kind: str
    number: str
    channel_number: str
    theirs_fen: int | None
    theirs_fee_fen: int | None
    ours_fen: int | None
    ours_fee_fen: int | None
    net_fen: int
    booked: date | None
    waits_until: date | None
    order_id: UUID | None
    refund_id: UUID | None
    bill_id: UUID | None
    break_id: UUID | None
    break_closed: str | None
    break_owner: str | None
    position: int
    nth: int


def line_view(row: dict[str, Any]) -> LineView:
    return LineView(**row)
