"""How alive is the business right now? Payments begun, orders formed and readied per minute, and how long
groups took to fill. Effects commute."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString, TypeAlias
from uuid import UUID

import msgspec

from domain.events.group import GroupStarted, GroupSucceeded
from domain.events.order import OrderPaymentStarted, OrderReadied
from projections.recorded import Projection, Recorded, Tx, save

NAME: Final = "pulse_v1"

TABLE: LiteralString = """
create table pulse_minutes_v1 (
  tenant           text        not null,
  minute           timestamptz not null,
  payments_started bigint      not null,
  orders_formed    bigint      not null,           -- their group succeeded
  orders_readied   bigint      not null,
  position         bigint      not null,
  primary key (tenant, minute)
) with (fillfactor = 80);
create table pulse_fills_v1 (
  group_id    uuid        primary key,
  tenant      text        not null,
  campaign_id uuid        not null,
  started_at  timestamptz,                         -- its leader has paid
  filled_at   timestamptz,                         -- it succeeded
  position    bigint      not null
) with (fillfactor = 80);
create index on pulse_fills_v1 (tenant, filled_at);
select read.tenants_apart('pulse_minutes_v1'), read.tenants_apart('pulse_fills_v1')"""

ADD_MINUTES: LiteralString = """
insert into pulse_minutes_v1 as old
select * from json_populate_recordset(null::pulse_minutes_v1, %s::json)
on conflict (tenant, minute) do update set
  payments_started = old.payments_started + excluded.payments_started,
  orders_formed = old.orders_formed + excluded.orders_formed,
  orders_readied = old.orders_readied + excluded.orders_readied,
  position = greatest(old.position, excluded.position)"""
SAVE_FILLS: LiteralString = """
insert into pulse_fills_v1 as old
select * from json_populate_recordset(null::pulse_fills_v1, %s::json)
on conflict (group_id) do update set
  started_at = coalesce(excluded.started_at, old.started_at),
  filled_at = coalesce(excluded.filled_at, old.filled_at),
  position = greatest(old.position, excluded.position)"""

Interest: TypeAlias = OrderPaymentStarted | OrderReadied | GroupStarted | GroupSucceeded


class Minute(msgspec.Struct):
    """The columns, in order."""

    tenant: str
    minute: datetime
    payments_started: int = 0
    orders_formed: int = 0
    orders_readied: int = 0
    position: int = 0


class Fill(msgspec.Struct):
    """The columns, in order."""

    group_id: UUID
    tenant: str
    campaign_id: UUID
    started_at: datetime | None = None
    filled_at: datetime | None = None
    position: int = 0


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Add up the minutes; note when groups began and were full."""
    minutes: dict[tuple[str, datetime], Minute] = {}
    fills: dict[UUID, Fill] = {}
    for one in batch:
        event = one.event
        if isinstance(event, GroupStarted | GroupSucceeded):
            fill = fills.setdefault(one.stream, Fill(one.stream, one.tenant, event.campaign_id))
            fill.position = one.position
            if isinstance(event, GroupStarted):
                fill.started_at = event.at
                continue
            fill.filled_at = event.at
        key = one.tenant, event.at.replace(second=0, microsecond=0)
        row = minutes.setdefault(key, Minute(*key))
        row.orders_formed += len(event.orders) if isinstance(event, GroupSucceeded) else 0
        row.payments_started += isinstance(event, OrderPaymentStarted)
        row.orders_readied += isinstance(event, OrderReadied)
        row.position = one.position
    await save(tx, ADD_MINUTES, minutes.values())
    await save(tx, SAVE_FILLS, fills.values())


TABLES: Final = ("pulse_minutes_v1", "pulse_fills_v1")
PROJECTION = Projection(NAME, TABLES, TABLE, Interest, project, parks=True)
