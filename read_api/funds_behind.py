"""GET /v1/funds/calendar/{day}/{number}: what one number of the calendar is made of."""

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from domain.problem import NOT_FOUND
from projections import earnings, merchant_statements, payout_desk
from projections.group_odds import LEFT
from read_api.access import FINANCE
from read_api.asked import Day
from read_api.calendar import DUE, calendar, shanghai
from read_api.forecast import GROUPS, ODDS, WAITING, Odds
from read_api.funds import DAYS_MAX, MODELS
from read_api.funds_parts import PARTS, REFUNDS
from read_api.pages import Page, Paged, next_key, read_key
from read_api.problems import CURSOR_INVALID, Refused
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/funds", tags=["finance"])

READING = Reading(
    *MODELS, payout_desk.NAME, merchant_statements.NAME, earnings.NAME, needs=frozenset({FINANCE})
)
Number = Literal[
    "refunds", "maturing", "statements", "payouts", "payouts_by_bank", "unfreezing"
]  # each is `<number>_fen` of the calendar
KINDS: Final = {"maturing": "earning", "statements": "statement", "payouts": "payout",
                "payouts_by_bank": "payout", "unfreezing": "split"}  # fmt: skip


class Part(BaseModel):
    """One thing that money is needed for. Of a group `fen` is what its members paid, weighed with the odds."""

    kind: Literal["refund", "group", "earning", "statement", "payout", "split"]
    id: UUID
    due_at: datetime
    fen: int = Field(description="What it adds to the number; rounded by itself.")
    worst_fen: int
    order_id: UUID | None = None
    merchant_id: UUID | None = None


class Behind(Page[Part]):
    """One page of the parts; `fen` is the number of the calendar, of all of them."""

    day: date
    number: Number
    fen: int


@router.get("/calendar/{day}/{number}")
async def get_behind(
    day: Day,
    number: Number,
    request: Request,
    snapshot: Annotated[Snapshot, Depends(READING)],
    asked: Annotated[Paged, Query()],
) -> Behind:
    """What one number of one day is made of, in the order of their ids."""
    now: datetime = request.app.state.clock.now()
    today, list_ = shanghai(now), f"funds {day} {number}"
    ahead = (day - today).days
    if not 0 <= ahead < DAYS_MAX:
        raise Refused(NOT_FOUND)
    of: dict[str, Any] = {"tenant": snapshot.tenant, "today": today, "now": now, "left": list(LEFT)}
    odds = Odds(await snapshot.rows(ODDS, tenant=snapshot.tenant))
    due = await snapshot.rows(DUE, **of, last=day)
    groups = await snapshot.rows(GROUPS, **of, hours=24 * (ahead + 1))
    (waiting,) = await snapshot.rows(WAITING, tenant=snapshot.tenant)
    whole = calendar(now, ahead + 1, due, groups, odds, waiting["fen"], None)[-1]
    rows = await snapshot.rows(
        REFUNDS if number == "refunds" else PARTS,
        **of,
        day=day,
        kind=KINDS.get(number),
        by_bank=number == "payouts_by_bank",
        after=place(read_key(asked.cursor, list_, str)),
        limit=asked.limit + 1,
    )
    return Behind(
        day=day,
        number=number,
        fen=getattr(whole, f"{number}_fen"),
        items=[part(row, odds) for row in rows[: asked.limit]],
        next=next_key(list_, [str(row["id"]) for row in rows], asked.limit),
    )


def place(key: str | None) -> UUID | None:
    """Where a page ended. Raises: Refused."""
    try:
        return UUID(key) if key is not None else None
    except ValueError:
        raise Refused(CURSOR_INVALID) from None


def part(row: dict[str, Any], odds: Odds) -> Part:
    if row["kind"] != "group":
        return Part(**row, worst_fen=row["fen"])
    fails = odds.fails(row["missing"], row["left_minutes"])
    return Part(**row | {"fen": round(row["fen"] * fails), "worst_fen": row["fen"]})
