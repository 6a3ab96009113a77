"""GET /v1/funds/calendar: what must be available on each day ahead, and on which day it will not be."""

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from projections import funds_due, group_board, group_odds, order_status, refund_desk
from projections.group_odds import LEFT
from read_api.access import FINANCE
from read_api.asked import Asked
from read_api.calendar import DUE, calendar, shanghai
from read_api.forecast import BALANCE, GROUPS, ODDS, WAITING, Odds
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/funds", tags=["finance"])

MODELS = (funds_due.NAME, group_board.NAME, order_status.NAME, refund_desk.NAME, group_odds.NAME)
READING = Reading(*MODELS, needs=frozenset({FINANCE}))
DAYS_MAX = 62
USUAL_DAYS = 14


class DayView(BaseModel):
    """One business day (Asia/Shanghai)."""

    day: date
    groups: int = Field(description="Open groups whose deadline falls on it.")
    refunds_fen: int = Field(
        description="Those groups by their odds of failing; waiting refunds today."
    )
    refunds_worst_fen: int = Field(description="The same if every one of them fails.")
    maturing_fen: int = Field(description="Earnings of merchants that mature.")
    statements_fen: int = Field(description="What statements that close leave to merchants so far.")
    payouts_fen: int = Field(
        description="Payouts by the channel that are not confirmed; all of them today."
    )
    payouts_by_bank_fen: int = Field(description="Payouts by the bank; not out of the balance.")
    unfreezing_fen: int = Field(description="Frozen money that goes to merchants by itself.")
    needed_fen: int
    needed_so_far_fen: int
    red: bool | None = Field(
        description="More is needed by its end than is there; null: not known."
    )


class FundsCalendar(BaseModel):
    """Days ahead against what the channel said last that it holds for us."""

    at: datetime
    channel: str | None
    available_fen: int | None
    told_at: datetime | None
    red_day: date | None = Field(description="The first day on which the balance will not do.")
    days: list[DayView]


class Ahead(Asked):
    """How far to look."""

    days: int = Field(USUAL_DAYS, ge=1, le=DAYS_MAX)


@router.get("/calendar")
async def get_calendar(
    request: Request,
    snapshot: Annotated[Snapshot, Depends(READING)],
    asked: Annotated[Ahead, Query()],
) -> FundsCalendar:
    """Refunds if open groups fail, what falls due to merchants, and what unfreezes, day by day."""
    now: datetime = request.app.state.clock.now()
    of, today = {"tenant": snapshot.tenant}, shanghai(now)
    last = today + timedelta(days=asked.days - 1)
    due = await snapshot.rows(DUE, **of, today=today, last=last)
    groups = await snapshot.rows(GROUPS, **of, now=now, left=list(LEFT), hours=24 * asked.days)
    odds = Odds(await snapshot.rows(ODDS, **of))
    waiting = (await snapshot.rows(WAITING, **of))[0]
    told = next(iter(await snapshot.rows(BALANCE, **of)), None)
    available: int | None = told["available_fen"] if told else None
    days = calendar(now, asked.days, due, groups, odds, waiting["fen"], available)
    return FundsCalendar(
        at=now,
        channel=told["channel"] if told else None,
        available_fen=available,
        told_at=told["told_at"] if told else None,
        red_day=next((day.day for day in days if day.red), None),
        days=[DayView(**day._asdict()) for day in days],
    )
