"""GET /v1/orders/{id}/timeline: everything that happened to an order, in plain words and in full."""

from datetime import datetime
from typing import Annotated, Any, LiteralString
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from projections import order_status
from projections import timeline as lines
from read_api.access import ALL, OWN
from read_api.asked import Asked
from read_api.orders import as_uuid
from read_api.snapshot import Reading, Snapshot
from read_api.words import INSIDE, LOOKED_AFTER, in_words

router = APIRouter(prefix="/v1/orders", tags=["orders"])

READING = Reading(lines.NAME, order_status.NAME, needs=frozenset({OWN, ALL}))

# A buyer reads what happened; how our machinery went about it is for those who look after it.
WHOSE: LiteralString = """
select buyer, group_id from read.order_status_v2 where tenant = %(tenant)s and order_id = %(id)s"""
LINES: LiteralString = """
select position, at, kind, data from read.timeline_v1
where tenant = %(tenant)s and order_id = %(id)s and position > %(after)s order by position"""

# The order's own stream, its group's, and those of its payments and refunds as far as they are known.
DEGRADED: LiteralString = """
select from read.parked p where p.handler = %(handler)s and p.tenant = %(tenant)s and p.stream_id in (
  select %(id)s::uuid union all select %(group)s::uuid
  union all select (t.data ->> name)::uuid from read.timeline_v1 t, unnest(array['payment_id', 'refund_id']) name
  where t.order_id = %(id)s and t.data ? name) limit 1"""


class Entry(BaseModel):
    """One thing that happened. `data` is the recorded event; a buyer is shown the words only."""

    position: int
    at: datetime
    kind: str
    zh: str
    en: str
    data: dict[str, Any] | None


class Timeline(BaseModel):
    """In the order it happened."""

    order_id: UUID
    entries: list[Entry]
    degraded: Annotated[bool, Field(description="Some of it cannot be shown yet.")]


class After(Asked):
    """What is known already need not be sent again."""

    after: Annotated[int, Query(ge=0)] = 0


def entry(row: dict[str, Any], *, everything: bool) -> Entry:
    """One row. Of what only the merchant's people decide, a buyer is not told who said what to whom."""
    inside = row["kind"] in INSIDE and not everything
    zh, en = LOOKED_AFTER if inside else in_words(row["kind"], row["data"])
    data = row["data"] if everything else None
    return Entry(position=row["position"], at=row["at"], kind=row["kind"], zh=zh, en=en, data=data)


@router.get("/{order_id}/timeline")
async def timeline(
    order_id: UUID,
    snapshot: Annotated[Snapshot, Depends(READING)],
    asked: Annotated[After, Query()],
) -> Timeline:
    """The whole story of one order: seat, payment, group, and every refund attempt."""
    values = {"tenant": snapshot.tenant, "id": order_id}
    everything = ALL in snapshot.principal.scopes
    whose = await snapshot.rows(WHOSE, **values)
    mine = whose and (everything or whose[0]["buyer"] == as_uuid(snapshot.principal.subject))
    if not mine:
        raise await snapshot.absent(lines.NAME, order_id)
    rows = await snapshot.rows(LINES, **values, after=asked.after)
    parked = await snapshot.rows(DEGRADED, **values, handler=lines.NAME, group=whose[0]["group_id"])
    return Timeline(
        order_id=order_id,
        entries=[entry(row, everything=everything) for row in rows],
        degraded=bool(parked),
    )
