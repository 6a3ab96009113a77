"""GET /v1/dashboard/now: orders a second, the funnel, how long groups take to fill, and which are about to fail."""

from datetime import timedelta
from typing import Annotated, LiteralString

from fastapi import APIRouter, Depends, Query, Request

from projections import group_board, order_status, pulse, sales_dashboard
from read_api.access import ALL
from read_api.asked import Asked
from read_api.now_view import Fills, Funnel, Nearly, Now, Speed
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/dashboard/now", tags=["dashboard"])

READING = Reading(
    pulse.NAME, order_status.NAME, group_board.NAME, sales_dashboard.NAME, needs=frozenset({ALL})
)
SOON, SHOWN = timedelta(hours=2), 20

SPEED: LiteralString = """
select count(*) filter (where placed_at > %(now)s - interval '10 seconds') / 10.0::float8 as last_10s,
  count(*) / 60.0::float8 as last_60s
from read.order_status_v2
where tenant = %(tenant)s and placed_at > %(now)s - interval '60 seconds' and placed_at <= %(now)s"""
FUNNEL: LiteralString = """
select s.*, p.* from
  (select coalesce(sum(orders_placed), 0)::bigint as placed, coalesce(sum(orders_paid), 0)::bigint as paid
   from read.sales_minutes_v1 where tenant = %(tenant)s and minute >= %(since)s) s,
  (select coalesce(sum(payments_started), 0)::bigint as payment_started,
     coalesce(sum(orders_formed), 0)::bigint as formed,
     coalesce(sum(orders_readied), 0)::bigint as readied
   from read.pulse_minutes_v1 where tenant = %(tenant)s and minute >= %(since)s) p"""
FILLS: LiteralString = """
select count(*) as groups,
  percentile_cont(0.5) within group (order by extract(epoch from filled_at - started_at)) as p50_seconds,
  percentile_cont(0.9) within group (order by extract(epoch from filled_at - started_at)) as p90_seconds
from read.pulse_fills_v1
where tenant = %(tenant)s and filled_at >= %(since)s and started_at is not null"""
NEARLY: LiteralString = """
select group_id, campaign_id, seats, closes_at, count(*) over () as every
from read.group_board_v1
where tenant = %(tenant)s and status = 'OPEN' and seats - filled = 1
  and closes_at between %(now)s and %(soon)s
order by closes_at, group_id limit %(shown)s"""


class Asking(Asked):
    """How far back the funnel and the fills look."""

    minutes: Annotated[int, Query(ge=1, le=1440)] = 60


@router.get("")
async def now(
    request: Request,
    snapshot: Annotated[Snapshot, Depends(READING)],
    asked: Annotated[Asking, Query()],
) -> Now:
    """Orders a second, the funnel, time to fill, and groups one short that close within two hours."""
    at = request.app.state.clock.now()
    since = at - timedelta(minutes=asked.minutes)
    when = {"tenant": snapshot.tenant, "now": at, "since": since, "soon": at + SOON}
    [speed] = await snapshot.rows(SPEED, **when)
    [funnel] = await snapshot.rows(FUNNEL, **when)
    [fills] = await snapshot.rows(FILLS, **when)
    soon = await snapshot.rows(NEARLY, **when, shown=SHOWN)
    return Now(
        at=at,
        since=since,
        orders_per_second=Speed(**speed),
        funnel=Funnel(**funnel),
        time_to_fill=Fills(**fills),
        one_short=soon[0].pop("every") if soon else 0,
        one_short_soon=[Nearly.model_validate(row) for row in soon],
    )
