"""The rows of statements and their lines. Filled by `merchant_statements.py`."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

TABLE: LiteralString = """
create table statements_v1 (
  statement_id    uuid        primary key,
  tenant          text        not null,
  merchant_id     uuid        not null,
  kind            text        not null,            -- day, week, month
  period          text        not null,
  starts_at       timestamptz not null,
  ends_at         timestamptz not null,
  closes_at       timestamptz not null,
  lines           bigint      not null,
  net_fen         bigint      not null,            -- of all lines so far
  closed_at       timestamptz,                     -- the rest is null until then
  root            text,                            -- RFC 6962 over the lines, hexadecimal
  carried_in_fen  bigint,                          -- owed by the merchant from before: zero or negative
  payable_fen     bigint,
  carried_out_fen bigint,                          -- owed by the merchant afterwards
  position        bigint      not null
) with (fillfactor = 50);
create index on statements_v1 (tenant, merchant_id, starts_at, statement_id);
create index on statements_v1 (tenant, closes_at) where closed_at is null;
select read.tenants_apart('statements_v1');
create table statement_lines_v1 (
  statement_id        uuid        not null,
  line                bigint      not null,        -- from 1
  tenant              text        not null,
  merchant_id         uuid        not null,
  kind                text        not null,        -- earning, reversal, adjustment
  order_id            uuid        not null,
  source_id           uuid        not null,        -- the earning, the refund, or the proposal
  lot                 integer     not null,
  gross_fen           bigint      not null,        -- amounts are negative where money goes back
  merchant_coupon_fen bigint      not null,
  platform_coupon_fen bigint      not null,
  subsidy_fen         bigint      not null,
  points_fen          bigint      not null,
  cash_fen            bigint      not null,
  commission_fen      bigint      not null,        -- without its VAT
  commission_vat_fen  bigint      not null,
  cost_fen            bigint      not null,
  goods_vat_fen       bigint      not null,
  net_fen             bigint      not null,        -- what the line adds to what we pay
  net_to              text        not null,        -- payable, receivable, channel
  added_at            timestamptz not null,
  position            bigint      not null,
  primary key (statement_id, line)
);
create index on statement_lines_v1 (tenant, order_id);
select read.tenants_apart('statement_lines_v1');"""

LOAD: LiteralString = "select * from statements_v1 where statement_id = any(%s)"
SAVE: LiteralString = """
insert into statements_v1 select * from json_populate_recordset(null::statements_v1, %s::json)
on conflict (statement_id) do update set
  (lines, net_fen, closed_at, root, carried_in_fen, payable_fen, carried_out_fen, position) = (
  select n.lines, n.net_fen, n.closed_at, n.root, n.carried_in_fen, n.payable_fen, n.carried_out_fen, n.position
  from (select excluded.*) n)"""
ADD_LINES: LiteralString = """
insert into statement_lines_v1 select * from json_populate_recordset(null::statement_lines_v1, %s::json)"""


class Statement(msgspec.Struct):
    """The columns, in order."""

    statement_id: UUID
    tenant: str
    merchant_id: UUID
    kind: str
    period: str
    starts_at: datetime
    ends_at: datetime
    closes_at: datetime
    lines: int = 0
    net_fen: int = 0
    closed_at: datetime | None = None
    root: str | None = None
    carried_in_fen: int | None = None
    payable_fen: int | None = None
    carried_out_fen: int | None = None
    position: int = 0
