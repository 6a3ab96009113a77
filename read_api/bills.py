"""GET /v1/bills: what the channels say happened, day by day, and which file of theirs is in force."""

import re
from typing import Annotated, Final, Literal, LiteralString
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from projections import bills
from read_api.access import FINANCE
from read_api.asked import Asked, Day, Word
from read_api.bills_view import BillView
from read_api.pages import Page, Paged, next_key, read_key
from read_api.problems import CURSOR_INVALID, Refused
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/bills", tags=["bills"])

READING = Reading(bills.NAME, needs=frozenset({FINANCE}))
LIST: Final = "bills"
PLACE: Final = re.compile(r"(\d{4}-\d{2}-\d{2})\.([0-9a-f-]{36})")

SELECT: LiteralString = """
select b.*, exists (select from read.parked p where p.handler = %(handler)s and p.stream_id = b.bill_id) as degraded
from read.bills_v1 b where b.tenant = %(tenant)s and """
ONE: LiteralString = SELECT + "b.bill_id = %(id)s"
PAGE: LiteralString = (
    SELECT
    + """(%(channel)s::text is null or b.channel = %(channel)s)
  and (%(mchid)s::text is null or b.mchid = %(mchid)s)
  and (%(kind)s::text is null or b.kind = %(kind)s)
  and (%(state)s::text is null or b.state = %(state)s)
  and (%(since)s::date is null or b.bill_date >= %(since)s)
  and (%(through)s::date is null or b.bill_date <= %(through)s)
  and (%(before)s::date is null or (b.bill_date, b.bill_id) < (%(before)s::date, %(before_id)s::uuid))
order by b.bill_date desc, b.bill_id desc limit %(limit)s"""
)


class Bills(Paged):
    """Filters; all of them apply. Days are of the bills, both ends included."""

    channel: Word | None = None
    mchid: Word | None = None
    kind: Literal["trade", "fundflow"] | None = None
    state: Literal["in_force", "rejected", "absent"] | None = None
    since: Day | None = None
    through: Day | None = None


@router.get("")
async def list_bills(
    snapshot: Annotated[Snapshot, Depends(READING)], asked: Annotated[Bills, Query()]
) -> Page[BillView]:
    """Bills, those of the latest days first."""
    before, before_id = place(read_key(asked.cursor, LIST, str))
    rows = await snapshot.rows(
        PAGE,
        tenant=snapshot.tenant,
        handler=bills.NAME,
        before=before,
        before_id=before_id,
        limit=asked.limit + 1,
        **asked.model_dump(exclude=set(Paged.model_fields)),
    )
    keys = [f"{row['bill_date']}.{row['bill_id']}" for row in rows]
    items = [BillView(**row) for row in rows[: asked.limit]]
    return Page(items=items, next=next_key(LIST, keys, asked.limit))


@router.get("/{bill_id}")
async def get_bill(
    bill_id: UUID, snapshot: Annotated[Snapshot, Depends(READING)], _: Annotated[Asked, Query()]
) -> BillView:
    """One bill, with every file that came."""
    return await bill_of(snapshot, bill_id)


async def bill_of(snapshot: Snapshot, bill_id: UUID) -> BillView:
    """Raises: Refused."""
    rows = await snapshot.rows(ONE, tenant=snapshot.tenant, handler=bills.NAME, id=bill_id)
    if not rows:
        raise await snapshot.absent(bills.NAME, bill_id)
    return BillView(**rows[0])


def place(key: str | None) -> tuple[str | None, str | None]:
    """Where a page ended: a day, and the bill. Raises: Refused when it says neither."""
    if key is None:
        return None, None
    found = PLACE.fullmatch(key)
    if found is None:
        raise Refused(CURSOR_INVALID)
    day, id = found.groups()
    return day, id
