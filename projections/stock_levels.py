"""How much of every SKU can still be promised, and where? One row per stock pool, in units."""

from collections.abc import Sequence
from typing import Final, LiteralString, TypeAlias, assert_never
from uuid import UUID

import msgspec

from domain.events.stock import (
    HoldReleased,
    PoolOpened,
    StockCommitted,
    StockEvent,
    StockHeld,
    StockMovedIn,
    StockMovedOut,
    StockReceived,
    StockReturned,
)
from projections.recorded import Projection, Recorded, Tx, load, save

NAME: Final = "stock_levels_v1"

TABLE: LiteralString = """
create table stock_levels_v1 (
  pool_id      uuid   primary key,
  tenant       text   not null,
  sku_id       uuid   not null,
  kind         text   not null,                    -- warehouse, store, virtual, allotment
  location     text   not null,
  oversell_cap bigint not null,                    -- may be promised beyond what was received
  received     bigint not null,                    -- came in, and did not move on to another pool
  held         bigint not null,
  sold         bigint not null,
  position     bigint not null
) with (fillfactor = 50);
create index on stock_levels_v1 (tenant, pool_id);
select read.tenants_apart('stock_levels_v1')"""

LOAD: LiteralString = "select * from stock_levels_v1 where pool_id = any(%s)"
SAVE: LiteralString = """
insert into stock_levels_v1
select * from json_populate_recordset(null::stock_levels_v1, %s::json)
on conflict (pool_id) do update set
  received = excluded.received, held = excluded.held, sold = excluded.sold, position = excluded.position"""

Interest: TypeAlias = StockEvent


class Pool(msgspec.Struct):
    """The columns, in order."""

    pool_id: UUID
    tenant: str
    sku_id: UUID
    kind: str
    location: str
    oversell_cap: int
    received: int = 0
    held: int = 0
    sold: int = 0
    position: int = 0


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Load the pools these events are about, fold, write them back."""
    fresh = {one.stream for one in batch if isinstance(one.event, PoolOpened)}
    pools = await load(tx, LOAD, Pool, {one.stream for one in batch} - fresh)
    for one in batch:
        event = one.event
        if isinstance(event, PoolOpened):
            pools[one.stream] = Pool(
                event.pool_id,
                one.tenant,
                event.sku_id,
                event.kind,
                event.location,
                event.oversell_cap,
            )
        fold(pools[one.stream], event)
        pools[one.stream].position = one.position
    await save(tx, SAVE, pools.values())


def fold(pool: Pool, event: StockEvent) -> None:
    match event:
        case StockHeld():
            pool.held += event.quantity
        case HoldReleased():
            pool.held -= event.quantity
        case StockCommitted():
            pool.held -= event.quantity
            pool.sold += event.quantity
        case StockReturned():
            pool.sold -= event.quantity
        case StockReceived() | StockMovedIn():
            pool.received += event.quantity
        case StockMovedOut():
            pool.received -= event.quantity
        case PoolOpened():
            pass
        case _:
            assert_never(event)


PROJECTION = Projection(NAME, ("stock_levels_v1",), TABLE, Interest, project, parks=True)
