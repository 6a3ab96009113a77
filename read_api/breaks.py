"""GET /v1/breaks: what differs between our books and the channels' bills, by age, code and owner."""

from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal, LiteralString
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from projections import breaks
from read_api.access import FINANCE
from read_api.asked import Asked, Day, Word
from read_api.breaks_view import BEIJING, BreakView, shown
from read_api.pages import Page, Paged, page, read
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/breaks", tags=["breaks"])

READING: Final = Reading(breaks.NAME, needs=frozenset({FINANCE}))
LIST: Final = "breaks"
AGES: Final = {"T+1": (0, 1), "T+3": (2, 3), "T+7": (4, 7), "T+30": (8, 100_000)}  # days, both ends

SELECT: LiteralString = """
select b.*, exists (select from read.parked p where p.handler = %(handler)s and p.stream_id = b.break_id) as degraded
from read.breaks_v1 b where b.tenant = %(tenant)s and """
ONE: LiteralString = SELECT + "b.break_id = %(id)s"
PAGE: LiteralString = (
    SELECT
    + """(%(code)s::text is null or b.code = %(code)s)
  and (%(channel)s::text is null or b.channel = %(channel)s)
  and (%(owner)s::text is null or b.owner = %(owner)s or (%(owner)s = 'nobody' and b.owner is null))
  and (%(state)s::text is null or (b.closed is null) = (%(state)s <> 'closed'))
  and (%(state)s is distinct from 'proposed' or b.proposal_id is not null)
  and (%(suspense)s::boolean is null or (b.long_fen + b.short_fen > 0) = %(suspense)s)
  and (%(bill_date)s::date is null or b.bill_date = %(bill_date)s)
  and (%(order)s::uuid is null or b.order_id = %(order)s)
  and (%(oldest)s::date is null or b.bill_date between %(oldest)s::date and %(youngest)s::date)
  and (%(after)s::timestamptz is null or (b.opened_at, b.break_id) > (%(after)s, %(after_id)s))
order by b.opened_at, b.break_id limit %(limit)s"""
)


class Breaks(Paged):
    """Filters; all of them apply. `owner=nobody`: not assigned; `age` counts days since the bill date."""

    code: Word | None = None
    channel: Word | None = None
    owner: Word | None = None
    state: Literal["open", "proposed", "closed"] | None = None
    suspense: bool | None = None
    bill_date: Day | None = None
    order: UUID | None = None
    age: Literal["T+1", "T+3", "T+7", "T+30"] | None = None


@router.get("")
async def list_breaks(
    request: Request,
    snapshot: Annotated[Snapshot, Depends(READING)],
    asked: Annotated[Breaks, Query()],
) -> Page[BreakView]:
    """Breaks, the oldest first."""
    now: datetime = request.app.state.clock.now()
    after = read(asked.cursor, LIST)
    oldest, youngest = bounds(asked.age, now)
    rows = await snapshot.rows(
        PAGE,
        tenant=snapshot.tenant,
        handler=breaks.NAME,
        code=asked.code,
        channel=asked.channel,
        owner=asked.owner,
        state=asked.state,
        suspense=asked.suspense,
        bill_date=asked.bill_date,
        order=asked.order,
        oldest=oldest,
        youngest=youngest,
        after=after and after.at,
        after_id=after and after.id,
        limit=asked.limit + 1,
    )
    items = [shown(row, now) for row in rows]
    return page(items, rows, asked.limit, of=LIST, at="opened_at", id="break_id")


@router.get("/{break_id}")
async def get_break(
    break_id: UUID,
    request: Request,
    snapshot: Annotated[Snapshot, Depends(READING)],
    _: Annotated[Asked, Query()],
) -> BreakView:
    """One break: both sides, what is in suspense, and the open proposal as a second person has to see it."""
    rows = await snapshot.rows(ONE, tenant=snapshot.tenant, handler=breaks.NAME, id=break_id)
    if not rows:
        raise await snapshot.absent(breaks.NAME, break_id)
    return shown(rows[0], request.app.state.clock.now())


def bounds(age: str | None, now: datetime) -> tuple[date | None, date | None]:
    """Bill dates of this age, by the calendar of the channel."""
    if age is None:
        return None, None
    today, (least, most) = now.astimezone(BEIJING).date(), AGES[age]
    return today - timedelta(days=min(most, 36_500)), today - timedelta(days=least)
