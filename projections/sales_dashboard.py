"""What sells, where, and how often do groups succeed? Per minute, campaign and province; groups per minute
and campaign.

The five GMV figures are defined in `figures.py`. Each amount stands in the minute in which it came about and
is never moved: a refund lowers the minute it was owed in.

Effects commute: minutes only ever have something added, and a group's success meets its orders in
`sales_orders_v1`, where whichever comes second counts.
"""

from collections.abc import Sequence
from typing import Final, LiteralString, TypeAlias

from domain.events.group import GroupSucceeded
from projections.recorded import Projection, Recorded, Tx, load, save
from projections.sales_book import Book, GroupFact, Order, OrderFact

NAME: Final = "sales_dashboard_v1"


TABLE: LiteralString = """
create table sales_minutes_v1 (
  tenant        text        not null,
  minute        timestamptz not null,
  campaign_id   uuid        not null,
  province      text        not null,
  placed_fen    bigint      not null,
  paid_fen      bigint      not null,
  formed_fen    bigint      not null,
  owed_fen      bigint      not null,
  orders_placed bigint      not null,
  orders_paid   bigint      not null,
  orders_closed bigint      not null,
  position      bigint      not null,
  primary key (tenant, minute, campaign_id, province)
) with (fillfactor = 80);
create table sales_groups_v1 (
  tenant      text        not null,
  minute      timestamptz not null,
  campaign_id uuid        not null,
  succeeded   bigint      not null,
  failed      bigint      not null,
  position    bigint      not null,
  primary key (tenant, minute, campaign_id)
) with (fillfactor = 80);
create table sales_orders_v1 (
  order_id        uuid primary key,
  tenant          text not null,
  campaign_id     uuid,                            -- null until the order is known here
  province        text,
  amount_fen      bigint,
  formed_at       timestamptz,                     -- null until its group succeeded
  formed_position bigint
) with (fillfactor = 80);
select read.tenants_apart('sales_minutes_v1'), read.tenants_apart('sales_groups_v1'),
  read.tenants_apart('sales_orders_v1')"""

LOAD: LiteralString = "select * from sales_orders_v1 where order_id = any(%s)"
SAVE: LiteralString = """
insert into sales_orders_v1
select * from json_populate_recordset(null::sales_orders_v1, %s::json)
on conflict (order_id) do update set campaign_id = excluded.campaign_id, province = excluded.province,
  amount_fen = excluded.amount_fen, formed_at = excluded.formed_at,
  formed_position = excluded.formed_position"""
ADD_MINUTES: LiteralString = """
insert into sales_minutes_v1 as old
select * from json_populate_recordset(null::sales_minutes_v1, %s::json)
on conflict (tenant, minute, campaign_id, province) do update set
  placed_fen = old.placed_fen + excluded.placed_fen, paid_fen = old.paid_fen + excluded.paid_fen,
  formed_fen = old.formed_fen + excluded.formed_fen, owed_fen = old.owed_fen + excluded.owed_fen,
  orders_placed = old.orders_placed + excluded.orders_placed,
  orders_paid = old.orders_paid + excluded.orders_paid,
  orders_closed = old.orders_closed + excluded.orders_closed,
  position = greatest(old.position, excluded.position)"""
ADD_GROUPS: LiteralString = """
insert into sales_groups_v1 as old
select * from json_populate_recordset(null::sales_groups_v1, %s::json)
on conflict (tenant, minute, campaign_id) do update set
  succeeded = old.succeeded + excluded.succeeded, failed = old.failed + excluded.failed,
  position = greatest(old.position, excluded.position)"""

Interest: TypeAlias = OrderFact | GroupFact


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Load the orders this batch meets, add up, and write what was added."""
    met = {one.stream for one in batch if not isinstance(one.event, GroupFact)}
    for one in batch:
        if isinstance(one.event, GroupSucceeded):
            met.update(one.event.orders)
    book = Book(await load(tx, LOAD, Order, met))
    for one in batch:
        if isinstance(one.event, GroupFact):
            book.add_group(one, one.event)
        else:
            book.add_order(one, one.event)
    await save(tx, SAVE, book.changed.values())
    await save(tx, ADD_MINUTES, book.minutes.values())
    await save(tx, ADD_GROUPS, book.groups.values())


TABLES: Final = ("sales_minutes_v1", "sales_groups_v1", "sales_orders_v1")
PROJECTION = Projection(NAME, TABLES, TABLE, Interest, project, parks=True)
