"""GET /v1/dashboard/sales: the five GMV figures with their definitions, orders, and the success rate."""

from datetime import timedelta
from typing import Annotated, Final, Literal, LiteralString
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from projections import sales_dashboard
from projections.figures import FIGURES
from read_api.access import ALL
from read_api.asked import Asked, Range
from read_api.sales_view import Dashboard, Definition, Sales, decided, total
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/dashboard/sales", tags=["dashboard"])

READING = Reading(sales_dashboard.NAME, needs=frozenset({ALL}))
MINUTES_MAX: Final = timedelta(days=3)  # of a range that is shown minute by minute

KEYS: Final[dict[str, LiteralString]] = {
    "minute": """to_char(m.minute at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"')""",
    "campaign": "m.campaign_id::text",
    "province": "m.province",
}
ORDERS: LiteralString = """ as key, sum(placed_fen)::bigint as placed_fen, sum(paid_fen)::bigint as paid_fen,
  sum(formed_fen)::bigint as formed_fen, sum(paid_fen - owed_fen)::bigint as net_fen,
  sum(orders_placed)::bigint as orders_placed, sum(orders_paid)::bigint as orders_paid,
  sum(orders_closed)::bigint as orders_closed
from read.sales_minutes_v1 m
where m.tenant = %(tenant)s and m.minute >= %(since)s and m.minute < %(until)s
  and (%(campaign)s::uuid is null or m.campaign_id = %(campaign)s)
  and (%(province)s::text is null or m.province = %(province)s)
group by 1 order by 1"""
GROUPS: LiteralString = """ as key, sum(succeeded)::bigint as succeeded, sum(failed)::bigint as failed
from read.sales_groups_v1 m
where m.tenant = %(tenant)s and m.minute >= %(since)s and m.minute < %(until)s
  and (%(campaign)s::uuid is null or m.campaign_id = %(campaign)s)
group by 1"""
PARKED: LiteralString = (
    "select from read.parked where handler = %(handler)s and tenant = %(tenant)s limit 1"
)


class Asking(Asked, Range):
    """What is shown, and how it is put together."""

    by: Literal["minute", "campaign", "province"] = "minute"
    campaign: UUID | None = None
    province: Annotated[str, Field(pattern=r"^\d{2}$")] | None = None


@router.get("")
async def sales(
    request: Request,
    snapshot: Annotated[Snapshot, Depends(READING)],
    asked: Annotated[Asking, Query()],
) -> Dashboard:
    """The five GMV figures, orders and groups, over the minutes that begin in the range."""
    since, until = asked.bounds(
        request.app.state.clock.now(), MINUTES_MAX if asked.by == "minute" else None
    )
    values = {
        "tenant": snapshot.tenant,
        "handler": sales_dashboard.NAME,
        "since": since,
        "until": until,
        "campaign": asked.campaign,
        "province": asked.province,
    }
    key = KEYS[asked.by]
    lines = {
        row["key"]: Sales(**row) for row in await snapshot.rows("select " + key + ORDERS, **values)
    }
    if asked.by != "province" and asked.province is None:
        for row in await snapshot.rows("select " + key + GROUPS, **values):
            decided(
                lines.setdefault(row["key"], Sales(key=row["key"])), row["succeeded"], row["failed"]
            )
    return Dashboard(
        since=since,
        until=until,
        by=asked.by,
        definitions={name: Definition(zh=it.zh, en=it.en) for name, it in FIGURES.items()},
        lines=[lines[key] for key in sorted(lines)],
        total=total(list(lines.values())),
        degraded=bool(await snapshot.rows(PARKED, **values)),
    )
