"""The tables of the ledger, and how rows are added to them."""

from typing import Final, LiteralString

TABLE: LiteralString = """
create table ledger_lines_v2 (
  tenant       text        not null,
  position     bigint      not null,               -- of the event, in the log of the tenant's cell
  nth          smallint    not null,               -- entry of that event, from 0
  line         smallint    not null,               -- from 1, in its entry
  entry_id     uuid        not null,
  event        text        not null,               -- its stored name
  rule         text        not null,               -- row of the table of postings
  order_id     uuid,
  refund_id    uuid,
  merchant_id  uuid,
  reference    text        not null,               -- the other side's number
  account      text        not null,               -- domain.accounts.CHART
  sub_key      text        not null,
  debit_fen    bigint      not null,
  credit_fen   bigint      not null,
  value_date   date        not null,               -- Asia/Shanghai, by the channel's clock where it tells
  recorded_at  timestamptz not null,
  rule_version integer     not null,
  corrects     uuid,                               -- the entry that this one puts right
  bill_id      uuid,                               -- with the line of it that proves this
  bill_line    integer,
  primary key (tenant, position, nth, line),
  check (least(debit_fen, credit_fen) = 0 and greatest(debit_fen, credit_fen) > 0)
);
create index on ledger_lines_v2 (tenant, order_id, position) where order_id is not null;
create index on ledger_lines_v2 (tenant, refund_id, position) where refund_id is not null;
create index on ledger_lines_v2 (tenant, merchant_id, position) where merchant_id is not null;
create index on ledger_lines_v2 (tenant, bill_id, bill_line) where bill_id is not null;
create index on ledger_lines_v2 (tenant, entry_id);
create index on ledger_lines_v2 (tenant, corrects) where corrects is not null;
create index on ledger_lines_v2 (tenant, account, sub_key, position);
create index on ledger_lines_v2 (tenant, value_date, position);
create table ledger_balances_v2 (
  tenant     text   not null,
  account    text   not null,
  sub_key    text   not null,
  debit_fen  bigint not null,                      -- of all lines
  credit_fen bigint not null,
  position   bigint not null,                      -- of the last line
  primary key (tenant, account, sub_key)
) with (fillfactor = 80);
create index on ledger_balances_v2 (tenant, account, sub_key) where debit_fen <> credit_fen;
create table ledger_days_v2 (
  tenant     text   not null,
  value_date date   not null, account text not null,
  debit_fen  bigint not null,
  credit_fen bigint not null,
  position   bigint not null,
  primary key (tenant, value_date, account)
) with (fillfactor = 50);
select read.tenants_apart('ledger_lines_v2'), read.tenants_apart('ledger_balances_v2'),
  read.tenants_apart('ledger_days_v2')"""

ADD_LINES: LiteralString = """
insert into ledger_lines_v2 select * from json_populate_recordset(null::ledger_lines_v2, %s::json)"""
ADD_UP: LiteralString = """ do update set debit_fen = old.debit_fen + excluded.debit_fen,
  credit_fen = old.credit_fen + excluded.credit_fen, position = greatest(old.position, excluded.position)"""
ADD_BALANCES: LiteralString = (
    """insert into ledger_balances_v2 as old
select * from json_populate_recordset(null::ledger_balances_v2, %s::json)
on conflict (tenant, account, sub_key)"""
    + ADD_UP
)
ADD_DAYS: LiteralString = (
    """insert into ledger_days_v2 as old
select * from json_populate_recordset(null::ledger_days_v2, %s::json)
on conflict (tenant, value_date, account)"""
    + ADD_UP
)

TABLES: Final = ("ledger_lines_v2", "ledger_balances_v2", "ledger_days_v2")
