"""GET /v1/lookup/{id}: whose is this? Any id or number that an order, its money or its buyer is known by."""

from typing import Annotated, LiteralString
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from projections import order_status, timeline
from read_api.access import ALL
from read_api.asked import Asked
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/lookup", tags=["orders"])

READING = Reading(timeline.NAME, order_status.NAME, needs=frozenset({ALL}))
MOST = 100  # orders of one buyer or group; the newest

FIND: LiteralString = """
select l.kind, l.order_id, o.status, o.buyer, o.amount_fen, o.placed_at
from read.lookup_v1 l join read.order_status_v2 o on o.order_id = l.order_id
where l.tenant = %(tenant)s and l.id = %(id)s
order by o.placed_at desc, l.order_id limit %(most)s"""

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
    rows = await snapshot.rows(FIND, tenant=snapshot.tenant, id=timeline.plain(id), most=MOST)
    return Lookup(
        found=[Found(**{k: v for k, v in row.items() if k != "placed_at"}) for row in rows]
    )
