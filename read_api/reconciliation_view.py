"""Bill dates as the API shows them: totals, lights, and lines with both sides."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

Light = Literal["green", "amber", "red"]


class BillDayView(BaseModel):
    """One bill date. Amounts are fen, signed as the channel's account saw them. `light`: amber waits, red is wrong."""

    channel: str
    mchid: str
    bill_date: date
    light: Light
    trade_lines: int
    fund_lines: int
    matched: int
    moved_lines: int
    void: int
    waiting: int
    waiting_ours_fen: int
    waiting_theirs_fen: int
    broken: int
    open_breaks: int
    suspense_long_fen: int
    suspense_short_fen: int
    oldest_break_at: datetime | None
    pays_fen: int
    refunds_fen: int
    fees_fen: int
    moved_fen: int
    opening_fen: int | None
    closing_fen: int | None
    late_facts: int
    begun_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    root: str | None
    ledger_position: int | None
    position: int


class Check(BaseModel):
    """One thing that must be in order before the date closes. Figures where there are any: fen, or lines."""

    name: str
    zh: str
    en: str
    light: Light
    expected: int | None = None
    found: int | None = None


class CodeSum(BaseModel):
    """So many lines and rows came to this code."""

    code: str
    lines: int
    net_fen: int


class BillFileView(BaseModel):
    """One bill of the date. `state`: in_force, rejected, absent."""

    bill_id: UUID
    kind: str
    account: str
    state: str


class BillDayFile(BillDayView):
    """One bill date with its checklist, in the order in which things are to be looked at."""

    clearing_fen: int
    balance_fen: int
    checklist: list[Check]
    codes: list[CodeSum]
    bills: list[BillFileView]


def day_view(row: dict[str, Any]) -> BillDayView:
    return BillDayView(**fields(row))


def fields(row: dict[str, Any]) -> dict[str, Any]:
    named = {
        "light": light(row),
        "open_breaks": row["open_now"],
        "suspense_long_fen": row["long_fen"],
        "suspense_short_fen": row["short_fen"],
        "oldest_break_at": row["oldest"],
        "waiting_ours_fen": row["waiting_ours"],
        "waiting_theirs_fen": row["waiting_theirs"],
    }
    return row | named


def light(row: dict[str, Any]) -> Light:
    """Red: a gap, or something that people must resolve. Amber: it waits, or is not closed yet."""
    if row["gap"] or (row["open_now"] and row["closed_at"] is None):
        return "red"
    return "amber" if row["closed_at"] is None or row["open_now"] or row["waiting"] else "green"
