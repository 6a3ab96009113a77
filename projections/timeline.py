"""What happened to one order, step by step? A row for each event that concerns it, and every id it is known by.

An order's own events, its payments', its refunds', its seat's, and what became of its group. Each row comes from
one stream, so a stream may be left out for a while. Limits of buyers and stock have their own read models.
"""

from collections.abc import Collection, Sequence
from typing import Final, LiteralString, TypeAlias
from uuid import UUID

from domain.events.group import (
    GroupDeciding,
    GroupEvent,
    GroupFailed,
    GroupStarted,
    GroupSucceeded,
    GroupVoided,
    LeadershipPassed,
)
from domain.events.order import OrderEvent
from domain.events.payment import PaymentEvent
from domain.events.refund import RefundEvent
from projections.recorded import Projection, Recorded, Tx, save
from projections.timeline_book import Book, Seat, order_of

NAME: Final = "timeline_v1"
TABLES: Final = ("timeline_v1", "lookup_v1", "timeline_seats_v1")

TABLE: LiteralString = """
create table timeline_v1 (
  tenant   text        not null,
  order_id uuid        not null,
  position bigint      not null,
  at       timestamptz not null,                   -- when it was recorded
  kind     text        not null,                   -- the event's stored name
  data     jsonb       not null,                   -- its fields; a list of orders as their number
  primary key (order_id, position)
);
create table lookup_v1 (
  tenant   text   not null,
  id       text   not null,                        -- in small letters; of a UUID the digits alone
  kind     text   not null,                        -- payment, out_trade_no, transaction, refund, ...
  order_id uuid   not null,
  position bigint not null,
  primary key (id, kind, order_id)
);
create table timeline_seats_v1 (
  tenant   text    not null,
  group_id uuid    not null,
  order_id uuid    not null,
  taken    boolean not null,                       -- held or paid, and not given back
  position bigint  not null,
  primary key (group_id, order_id)
) with (fillfactor = 80);
select read.tenants_apart('timeline_v1'), read.tenants_apart('lookup_v1'),
  read.tenants_apart('timeline_seats_v1')"""

OWNERS: LiteralString = """
select id::uuid, order_id from lookup_v1 where id = any(%s) and kind in ('payment', 'refund')"""
SEATS: LiteralString = "select * from timeline_seats_v1 where group_id = any(%s)"
ADD_ENTRIES: LiteralString = """
insert into timeline_v1 select tenant, order_id, position, at, kind, data - 'type'
from json_populate_recordset(null::timeline_v1, %s::json)"""
ADD_IDS: LiteralString = """
insert into lookup_v1 select * from json_populate_recordset(null::lookup_v1, %s::json)
on conflict do nothing"""
SAVE_SEATS: LiteralString = """
insert into timeline_seats_v1
select * from json_populate_recordset(null::timeline_seats_v1, %s::json)
on conflict (group_id, order_id) do update set taken = excluded.taken, position = excluded.position"""

Interest: TypeAlias = OrderEvent | PaymentEvent | RefundEvent | GroupEvent
ForMembers: TypeAlias = (
    GroupStarted | GroupDeciding | GroupSucceeded | GroupFailed | LeadershipPassed | GroupVoided
)


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Learn whose payments, refunds and groups these are, and write one row for each order concerned."""
    # A payment's or refund's first event names its order; the later ones are found by it.
    nameless = {one.stream for one in batch if order_of(one.event) is None}
    decided = {one.stream for one in batch if isinstance(one.event, ForMembers)}
    book = Book(await owners(tx, nameless - decided), await seats(tx, decided))
    for one in batch:
        book.add(one)
    await save(tx, ADD_ENTRIES, book.entries)
    await save(tx, ADD_IDS, book.ids)
    await save(tx, SAVE_SEATS, book.changed.values())


async def owners(tx: Tx, streams: Collection[UUID]) -> dict[UUID, UUID]:
    """Payment or refund -> order, so far as an earlier batch told."""
    if not streams:
        return {}
    cursor = await tx.execute(OWNERS, ([stream.hex for stream in streams],), binary=True)
    return dict(await cursor.fetchall())


async def seats(tx: Tx, groups: Collection[UUID]) -> list[Seat]:
    if not groups:
        return []
    cursor = await tx.execute(SEATS, (list(groups),), binary=True)
    return [Seat(*row) for row in await cursor.fetchall()]


PROJECTION = Projection(NAME, TABLES, TABLE, Interest, project, parks=True)
