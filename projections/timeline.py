"""What happened to an order, in one line of time: its own events, its seat, its payment, its refunds.

`lookup_v1` answers whose any id is: an order may be asked for by its group, its payment, a number at the channel,
a refund, or its buyer. An event that does not name its order is found by its stream, which named it before.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString, TypeAlias
from uuid import UUID

import msgspec

from domain.events.group import (
    GroupFailed,
    GroupOpened,
    GroupSucceeded,
    LeadershipPassed,
    SeatFilled,
    SeatHeld,
    SeatReleased,
)
from domain.events.order import OrderEvent, OrderPlaced
from domain.events.payment import PaymentCaptured, PaymentEvent, PaymentRequested
from domain.events.refund import (
    RefundAttemptAccepted,
    RefundAttemptStarted,
    RefundEvent,
    RefundProposed,
    RefundRequested,
)
from projections.recorded import Projection, Recorded, Tx, save

NAME: Final = "timeline_v1"

TABLE: LiteralString = """
create table timeline_v1 (
  tenant   text        not null,
  order_id uuid        not null,
  position bigint      not null,
  at       timestamptz not null,                   -- when it was recorded
  kind     text        not null,                   -- the event's stored name
  data     jsonb       not null,                   -- the event
  primary key (order_id, position)
);
create table lookup_v1 (
  tenant   text   not null,
  id       text   not null,                        -- lower case, without dashes
  kind     text   not null,
  order_id uuid   not null,
  position bigint not null,
  primary key (tenant, id, order_id)
);
select read.tenants_apart('timeline_v1'), read.tenants_apart('lookup_v1')"""

ADD_LINES: LiteralString = """
insert into timeline_v1 select * from json_populate_recordset(null::timeline_v1, %s::json)"""
ADD_IDS: LiteralString = """
insert into lookup_v1 select * from json_populate_recordset(null::lookup_v1, %s::json)
on conflict do nothing"""
ORDERS_OF: LiteralString = """
select id, order_id from lookup_v1 where (tenant, id) in (select * from unnest(%s::text[], %s::text[]))"""

OfGroup: TypeAlias = (
    GroupOpened | SeatHeld | SeatFilled | SeatReleased | LeadershipPassed | GroupSucceeded | GroupFailed
)  # fmt: skip
Interest: TypeAlias = OrderEvent | PaymentEvent | RefundEvent | OfGroup


class Line(msgspec.Struct):
    """The columns, in order."""

    tenant: str
    order_id: UUID
    position: int
    at: datetime
    kind: str
    data: Any


class Id(msgspec.Struct):
    """The columns, in order."""

    tenant: str
    id: str
    kind: str
    order_id: UUID
    position: int


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Write down the ids that these events name, then a line for each order that each is about."""
    known = {
        (one.tenant, one.stream.hex): order for one in batch for order in orders_named(one.event)
    }
    silent = {(one.tenant, one.stream.hex) for one in batch if not orders_named(one.event)}
    known |= await orders_of(tx, silent - known.keys())
    ids = [id for one in batch for id in named(one, known[one.tenant, one.stream.hex])]
    await save(tx, ADD_IDS, unique(ids))
    lines = []
    for one in batch:
        orders = orders_named(one.event) or [known[one.tenant, one.stream.hex]]
        data = msgspec.to_builtins(one.event)
        kind = data.pop("type")
        lines += [Line(one.tenant, it, one.position, one.at, kind, data) for it in orders]
    await save(tx, ADD_LINES, lines)


def orders_named(event: Any) -> list[UUID]:
    """The orders that an event is about, as far as it says so itself."""
    if isinstance(event, GroupSucceeded | GroupFailed):
        return list(event.orders)
    order: UUID | None = getattr(event, "order_id", None)
    return [] if order is None else [order]


def named(one: Recorded, order: UUID) -> Iterator[Id]:
    """The ids by which an order can be asked for from this event on."""
    event = one.event
    ids: dict[str, str] = {}
    match event:
        case OrderPlaced():
            ids = {event.order_id.hex: "order", event.buyer.hex: "buyer"}
            if event.group_id is not None:
                ids[event.group_id.hex] = "group"
        case PaymentRequested():
            ids = {plain(event.out_trade_no): "out_trade_no", event.payment_id.hex: "payment"}
        case PaymentCaptured():
            ids = {plain(event.transaction_id): "transaction"}
        case RefundRequested() | RefundProposed():
            ids = {event.refund_id.hex: "refund"}
        case RefundAttemptStarted():
            ids = {plain(event.number): "out_refund_no"}
        case RefundAttemptAccepted() if event.channel_refund_id:
            ids = {plain(event.channel_refund_id): "channel_refund"}
    for id, kind in ids.items():
        yield Id(one.tenant, id, kind, order, one.position)


def plain(id: str) -> str:
    """As ids are kept and asked for: lower case, without dashes."""
    return id.lower().replace("-", "")


def unique(ids: Iterable[Id]) -> list[Id]:
    """One of each: a statement may meet a row only once."""
    return list({(id.tenant, id.id, id.order_id): id for id in reversed(list(ids))}.values())


async def orders_of(tx: Tx, streams: set[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
    """The orders of payments and refunds that were named in earlier batches."""
    if not streams:
        return {}
    tenants, ids = zip(*sorted(streams), strict=True)
    cursor = await tx.execute(ORDERS_OF, (list(tenants), list(ids)))
    found = {row[0]: row[1] for row in await cursor.fetchall()}
    return {(tenant, id): found[id] for tenant, id in streams}


PROJECTION = Projection(NAME, ("timeline_v1", "lookup_v1"), TABLE, Interest, project, parks=True)
