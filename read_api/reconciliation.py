"""GET /v1/reconciliation: how far each bill date is, what keeps it open, and every line of it with both sides."""

from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query

from projections import bill_days, bills, breaks, ledger
from read_api import reconciliation_queries as queries
from read_api.asked import Asked, Day, Word
from read_api.pages import Page, Paged, next_key, read_key
from read_api.problems import CURSOR_INVALID, Refused
from read_api.reconciliation_asked import NEEDS, Channel, Merchant, the_day
from read_api.reconciliation_checks import day_file
from read_api.reconciliation_view import (
    BillDayFile,
    BillDayView,
    day_view,
)
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/reconciliation", tags=["reconciliation"])

DAYS: Final = Reading(bill_days.NAME, breaks.NAME, needs=NEEDS)
DAY: Final = Reading(bill_days.NAME, breaks.NAME, bills.NAME, ledger.NAME, needs=NEEDS)
LIST: Final = "bill-days"


class Days(Paged):
    """Filters; all of them apply. Dates are of the bills, both ends included."""

    channel: Word | None = None
    state: Literal["open", "closed"] | None = None
    since: Day | None = None
    through: Day | None = None


class OneDay(Asked):
    """Of several accounts of a channel, the one named."""

    mchid: Merchant = None


@router.get("/days")
async def list_days(
    snapshot: Annotated[Snapshot, Depends(DAYS)], asked: Annotated[Days, Query()]
) -> Page[BillDayView]:
    """Bill dates, the latest first."""
    before = day_key(read_key(asked.cursor, LIST, str))
    rows = await snapshot.rows(
        queries.DAYS,
        tenant=snapshot.tenant,
        channel=asked.channel,
        state=asked.state,
        since=asked.since,
        through=asked.through,
        before=before[0],
        before_channel=before[1],
        before_mchid=before[2],
        limit=asked.limit + 1,
    )
    keys = [f"{row['bill_date']}/{row['channel']}/{row['mchid']}" for row in rows]
    return Page(
        items=[day_view(row) for row in rows[: asked.limit]],
        next=next_key(LIST, keys, asked.limit),
    )


@router.get("/days/{channel}/{bill_date}")
async def get_day(
    channel: Channel,
    bill_date: Day,
    snapshot: Annotated[Snapshot, Depends(DAY)],
    asked: Annotated[OneDay, Query()],
) -> BillDayFile:
    """One bill date: its totals, and the list of what must be in order before it closes."""
    row = await the_day(snapshot, channel, bill_date, asked.mchid)
    of: dict[str, Any] = {
        "tenant": snapshot.tenant,
        "channel": channel,
        "mchid": row["mchid"],
        "date": bill_date,
    }
    (sums,) = await snapshot.rows(
        queries.SUMS,
        **of,
        clearing=f"{channel} {bill_date}",
        places=[f"{channel} available", f"{channel} frozen"],
        handler=ledger.NAME,
    )
    files = await snapshot.rows(queries.FILES, **of)
    counts = await snapshot.rows(queries.COUNTS, **of)
    return day_file(row, sums, files, counts)


def day_key(key: str | None) -> tuple[date | None, str | None, str | None]:
    if key is None:
        return None, None, None
    on, channel, mchid = (*key.split("/"), "", "")[:3]
    try:
        return date.fromisoformat(on), channel, mchid
    except ValueError:
        raise Refused(CURSOR_INVALID) from None
