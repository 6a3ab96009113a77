"""GET /v1/refunds/liquidity: will the channel's account hold what refunds need in the coming hours?"""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from projections import group_board, group_odds, order_status, refund_desk
from projections.group_odds import LEFT
from read_api.access import ALL
from read_api.asked import Asked
from read_api.forecast import BALANCE, GROUPS, HOURS, ODDS, WAITING, Odds, forecast
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/refunds/liquidity", tags=["refunds"])

READING = Reading(
    *(group_board.NAME, order_status.NAME, refund_desk.NAME, group_odds.NAME),
    needs=frozenset({ALL}),
)


class HourView(BaseModel):
    """Open groups whose deadline falls into one hour, and what of their money is expected to go back."""

    since: datetime
    until: datetime
    groups: int
    paid_fen: int
    expected_fen: int


class BalanceView(BaseModel):
    """What the channel last said. `error` is why the latest question was not answered."""

    channel: str
    available_fen: int | None
    pending_fen: int | None
    told_at: datetime | None
    age_seconds: float | None
    error: str | None
    asked_at: datetime
    short_since: datetime | None


class Liquidity(BaseModel):
    """Need against balance. `enough` is `unknown` while the channel never said what it holds."""

    at: datetime
    hours_ahead: int
    enough: Literal["yes", "no", "unknown"]
    short_at: datetime | None = Field(
        description="When the balance will not do any more, by the odds."
    )
    balance: BalanceView | None
    waiting_refunds: int
    waiting_fen: int
    expected_fen: int = Field(
        description="Waiting refunds, and open groups by their odds of failing."
    )
    worst_fen: int = Field(description="The same if every open group fails.")
    usual_odds: float = Field(description="How likely a group of this tenant fails, over all.")
    hours: list[HourView]


@router.get("")
async def get_liquidity(
    request: Request, snapshot: Annotated[Snapshot, Depends(READING)], _: Annotated[Asked, Query()]
) -> Liquidity:
    """Refunds that wait, and open groups by deadline and odds, against the channel's balance."""
    now: datetime = request.app.state.clock.now()
    of = {"tenant": snapshot.tenant}
    groups = await snapshot.rows(GROUPS, **of, now=now, left=list(LEFT), hours=HOURS)
    odds = Odds(await snapshot.rows(ODDS, **of))
    waiting = (await snapshot.rows(WAITING, **of))[0]
    told = next(iter(await snapshot.rows(BALANCE, **of)), None)
    available: int | None = told["available_fen"] if told else None
    coming = forecast(now, groups, odds, waiting, available)
    return Liquidity(
        at=now,
        hours_ahead=HOURS,
        enough="unknown" if available is None else "yes" if coming.short_at is None else "no",
        short_at=coming.short_at,
        balance=BalanceView(**told, age_seconds=age(told["told_at"], now)) if told else None,
        waiting_refunds=coming.waiting_refunds,
        waiting_fen=coming.waiting_fen,
        expected_fen=coming.expected_fen,
        worst_fen=coming.worst_fen,
        usual_odds=round(odds.usual, 4),
        hours=[HourView(**hour._asdict()) for hour in coming.hours],
    )


def age(told_at: datetime | None, now: datetime) -> float | None:
    return None if told_at is None else max((now - told_at).total_seconds(), 0)
