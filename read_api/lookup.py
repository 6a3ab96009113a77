"""GET /v1/lookup/{id}: whose is this? Any id or number that an order, its money or its buyer is known by."""

from typing import Annotated, LiteralString
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from projections import order_status, timeline
from projections.timeline_book import normal
from read_api.access import ALL
from read_api.asked import Asked
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/lookup", tags=["orders"])

READING = Reading(timeline.NAME, order_status.NAME, needs=frozenset({ALL}))
MOST = 100  # orders of one buyer or group; the newest

# Orders, groups and buyers are found in the orders themselves, which are indexed by them already; numbers of
# payments and refunds, ours and the channel's, in the index that the timeline keeps.
FIND: LiteralString = """
select l.kind, o.order_id, o.status, o.buyer, o.amount_fen from (
  select 'order' as kind, order_id from read.order_status_v2 where order_id = %(uuid)s
  union all select 'group', order_id from read.order_status_v2 where group_id = %(uuid)s
  union all select 'buyer', order_id from read.order_status_v2 where tenant = %(tenant)s and buyer = %(uuid)s
  union all select kind, order_id from read.lookup_v1 where id = %(id)s
) l join read.order_status_v2 o using (order_id)
where o.tenant = %(tenant)s order by o.placed_at desc, o.order_id, l.kind limit %(most)s"""

Wanted = Annotated[str, Path(min_length=1, max_length=80, pattern=r"^[0-9A-Za-z_|*-]+$")]


class Found(BaseModel):
    """An order that this id leads to, and what the id is to it."""

    kind: str
    order_id: UUID
    status: str
    buyer: UUID
    amount_fen: int


class Lookup(BaseModel):
    """Every order that the id leads to, the newest first; empty when nobody knows it."""

    found: list[Found]


@router.get("/{id}")
async def look_up(
    id: Wanted, snapshot: Annotated[Snapshot, Depends(READING)], _: Annotated[Asked, Query()]
) -> Lookup:
    """Find orders by order, group, payment, refund or buyer id, or any number at the channel."""
    known = normal(id)
    values = {"tenant": snapshot.tenant, "id": known, "uuid": as_uuid(known)}
    return Lookup(found=[Found(**row) for row in await snapshot.rows(FIND, **values, most=MOST)])


def as_uuid(id: str) -> UUID | None:
    try:
        return UUID(id) if len(id) == 32 else None
    except ValueError:
        return None
