"""The rows of what was earned: a lot of units, and what people wish to adjust. Filled by `earnings.py`."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID, uuid5

import msgspec

TABLE: LiteralString = """
create table earning_lots_v1 (
  lot_id            uuid        primary key,
  tenant            text        not null,
  earning_id        uuid        not null,
  order_id          uuid        not null,
  merchant_id       uuid        not null,
  lot               integer     not null,          -- recognitions of one order, from 1
  cause             text        not null,          -- sale, verification
  first             integer     not null,          -- unit, from 0
  count             integer     not null,
  amounts           jsonb       not null,          -- as recognised, in fen
  reversed          jsonb       not null,          -- what refunds took back since
  net_fen           bigint      not null,          -- the merchant's share of what is left
  due_fen           bigint      not null,          -- what of it the platform pays out itself
  rate_bp           integer     not null,          -- why this commission: the tier, the VAT, the agreement
  vat_rate_bp       integer     not null,
  agreement_version integer     not null,
  books             jsonb       not null,
  recognised_at     timestamptz not null,
  matures_at        timestamptz not null,
  statement_id      uuid,                          -- since it has matured
  position          bigint      not null
) with (fillfactor = 50);
create index on earning_lots_v1 (tenant, order_id);
create index on earning_lots_v1 (tenant, merchant_id, matures_at) where statement_id is null;
select read.tenants_apart('earning_lots_v1');
create table earning_adjustments_v1 (
  proposal_id  uuid        primary key,
  tenant       text        not null,
  earning_id   uuid        not null,
  order_id     uuid        not null,
  merchant_id  uuid        not null,
  amount_fen   bigint      not null,               -- to the merchant; negative: from it
  note         text        not null,
  by           text        not null,
  shown        text        not null,
  proposed_at  timestamptz not null,
  decided      text,                               -- approved, declined; null while it is open
  decided_by   text,
  decided_at   timestamptz,
  statement_id uuid,
  position     bigint      not null
);
create index on earning_adjustments_v1 (tenant, order_id);
select read.tenants_apart('earning_adjustments_v1');"""

LOAD: LiteralString = "select * from earning_lots_v1 where lot_id = any(%s)"
SAVE: LiteralString = """
insert into earning_lots_v1 select * from json_populate_recordset(null::earning_lots_v1, %s::json)
on conflict (lot_id) do update set
  (reversed, net_fen, due_fen, statement_id, position) = (
  select n.reversed, n.net_fen, n.due_fen, n.statement_id, n.position from (select excluded.*) n)"""
LOAD_WISHES: LiteralString = "select * from earning_adjustments_v1 where proposal_id = any(%s)"
SAVE_WISHES: LiteralString = """
insert into earning_adjustments_v1 select * from json_populate_recordset(null::earning_adjustments_v1, %s::json)
on conflict (proposal_id) do update set
  (decided, decided_by, decided_at, statement_id, position) = (
  select n.decided, n.decided_by, n.decided_at, n.statement_id, n.position from (select excluded.*) n)"""


class Lot(msgspec.Struct):
    """The columns, in order."""

    lot_id: UUID
    tenant: str
    earning_id: UUID
    order_id: UUID
    merchant_id: UUID
    lot: int
    cause: str
    first: int
    count: int
    amounts: dict[str, int]
    reversed: dict[str, int]
    net_fen: int
    due_fen: int
    rate_bp: int
    vat_rate_bp: int
    agreement_version: int
    books: dict[str, Any]
    recognised_at: datetime
    matures_at: datetime
    statement_id: UUID | None = None
    position: int = 0


def lot_id(earning: UUID, lot: int) -> UUID:
    return uuid5(earning, f"lot {lot}")


class Wish(msgspec.Struct):
    """The columns of an adjustment, in order."""

    proposal_id: UUID
    tenant: str
    earning_id: UUID
    order_id: UUID
    merchant_id: UUID
    amount_fen: int
    note: str
    by: str
    shown: str
    proposed_at: datetime
    decided: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    statement_id: UUID | None = None
    position: int = 0
