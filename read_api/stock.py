"""GET /v1/stock-pools: what can still be promised, and where."""

from typing import Annotated, Final, LiteralString
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from projections import stock_levels
from read_api.access import ALL
from read_api.asked import Asked
from read_api.pages import Page, Paged, page, read
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/stock-pools", tags=["stock"])

READING = Reading(stock_levels.NAME, needs=frozenset({ALL}))
LIST: Final = "stock-pools"

SELECT: LiteralString = """
select s.*, s.received - s.held - s.sold + s.oversell_cap as available,
  exists (select from read.parked p where p.handler = %(handler)s and p.stream_id = s.pool_id) as degraded
from read.stock_levels_v1 s where s.tenant = %(tenant)s and """
ONE: LiteralString = SELECT + "s.pool_id = %(id)s"
PAGE: LiteralString = (
    SELECT
    + """(%(sku)s::uuid is null or s.sku_id = %(sku)s)
  and (%(after_id)s::uuid is null or s.pool_id > %(after_id)s)
order by s.pool_id limit %(limit)s"""
)


class PoolView(BaseModel):
    """One stock pool, in units. `available` may still be promised, the oversell cap included."""

    pool_id: UUID
    sku_id: UUID
    kind: str
    location: str
    oversell_cap: int
    received: int
    held: int
    sold: int
    available: int
    position: int
    degraded: bool


class Pools(Paged):
    """Filters; all of them apply."""

    sku: UUID | None = None


@router.get("")
async def list_pools(
    snapshot: Annotated[Snapshot, Depends(READING)], asked: Annotated[Pools, Query()]
) -> Page[PoolView]:
    """Stock pools, in the order of their ids."""
    after = read(asked.cursor, LIST)
    rows = await snapshot.rows(
        PAGE,
        tenant=snapshot.tenant,
        handler=stock_levels.NAME,
        sku=asked.sku,
        after_id=after and after.id,
        limit=asked.limit + 1,
    )
    return page([PoolView(**row) for row in rows], rows, asked.limit, of=LIST, at="", id="pool_id")


@router.get("/{pool_id}")
async def get_pool(
    pool_id: UUID, snapshot: Annotated[Snapshot, Depends(READING)], _: Annotated[Asked, Query()]
) -> PoolView:
    """One stock pool."""
    rows = await snapshot.rows(ONE, tenant=snapshot.tenant, handler=stock_levels.NAME, id=pool_id)
    if not rows:
        raise await snapshot.absent(stock_levels.NAME, pool_id)
    return PoolView(**rows[0])
