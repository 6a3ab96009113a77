"""GET /v1/reconciliation/days/{channel}/{date}/lines: our side against the channel's, a row a line."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query

from projections import bill_days, breaks
from read_api import reconciliation_queries as queries
from read_api.asked import Day, Word
from read_api.pages import Page, Paged, next_key, read_key
from read_api.problems import CURSOR_INVALID, Refused
from read_api.reconciliation_asked import NEEDS, Channel, Merchant, the_day
from read_api.reconciliation_line_view import LineView, line_view
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/reconciliation", tags=["reconciliation"])

LINES: Final = Reading(bill_days.NAME, breaks.NAME, needs=NEEDS)


class Lines(Paged):
    """Filters; all of them apply. `code=different`: everything but what matched."""

    mchid: Merchant = None
    code: Word | None = None
    side: Literal["trade", "fund", "bank", "ledger"] | None = None


@router.get("/days/{channel}/{bill_date}/lines")
async def list_lines(
    channel: Channel,
    bill_date: Day,
    snapshot: Annotated[Snapshot, Depends(LINES)],
    asked: Annotated[Lines, Query()],
) -> Page[LineView]:
    """A row for each line of the bills, and for each of ours that they lack: both sides, and what became of it."""
    row = await the_day(snapshot, channel, bill_date, asked.mchid)
    of = f"bill-lines {channel} {bill_date}"
    after = line_key(read_key(asked.cursor, of, str))
    rows = await snapshot.rows(
        queries.LINES,
        tenant=snapshot.tenant,
        channel=channel,
        mchid=row["mchid"],
        date=bill_date,
        code=asked.code,
        side=asked.side,
        after=after[0],
        after_nth=after[1],
        limit=asked.limit + 1,
    )
    keys = [f"{each['position']}.{each['nth']}" for each in rows]
    return Page(
        items=[line_view(each) for each in rows[: asked.limit]],
        next=next_key(of, keys, asked.limit),
    )


def line_key(key: str | None) -> tuple[int | None, int | None]:
    if key is None:
        return None, None
    position, _, nth = key.partition(".")
    if not (position.isdecimal() and nth.isdecimal() and len(position) < 19 and len(nth) < 10):
        raise Refused(CURSOR_INVALID)
    return int(position), int(nth)
