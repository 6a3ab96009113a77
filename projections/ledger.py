"""Where is every fen, and by which entry did it get there? Lines for ever, and what they add up to.

Lines never change; balances per sub-key and sums per day only ever have something added: effects commute.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, LiteralString, TypeAlias
from uuid import UUID

import msgspec

from domain.ledger import Entry, Posted, entry_id, postings
from projections.recorded import Projection, Recorded, Tx, save

NAME: Final = "ledger_v1"

TABLE: LiteralString = """
create table ledger_lines_v1 (
  tenant       text        not null,
  position     bigint      not null,               -- of the event, in the log of the tenant's cell
  line         smallint    not null,               -- from 1, in its entry
  entry_id     uuid        not null,
  event        text        not null,               -- its stored name
  order_id     uuid        not null,
  refund_id    uuid,
  reference    text        not null,               -- the other side's number
  account      text        not null,               -- domain.accounts.CHART
  sub_key      text        not null,
  debit_fen    bigint      not null,
  credit_fen   bigint      not null,
  value_date   date        not null,               -- Asia/Shanghai, by the channel's clock where it tells
  recorded_at  timestamptz not null,
  rule_version integer     not null,
  primary key (tenant, position, line),
  check (least(debit_fen, credit_fen) = 0 and greatest(debit_fen, credit_fen) > 0)
);
create index on ledger_lines_v1 (tenant, order_id, position);
create index on ledger_lines_v1 (tenant, refund_id, position) where refund_id is not null;
create index on ledger_lines_v1 (tenant, account, sub_key, position);
create index on ledger_lines_v1 (tenant, value_date, position);
create table ledger_balances_v1 (
  tenant     text   not null,
  account    text   not null,
  sub_key    text   not null,
  debit_fen  bigint not null,                      -- of all lines
  credit_fen bigint not null,
  position   bigint not null,                      -- of the last line
  primary key (tenant, account, sub_key)
) with (fillfactor = 80);
create index on ledger_balances_v1 (tenant, account, sub_key) where debit_fen <> credit_fen;
create table ledger_days_v1 (
  tenant     text   not null,
  value_date date   not null, account text not null,
  debit_fen  bigint not null,
  credit_fen bigint not null,
  position   bigint not null,
  primary key (tenant, value_date, account)
) with (fillfactor = 50);
select read.tenants_apart('ledger_lines_v1'), read.tenants_apart('ledger_balances_v1'),
  read.tenants_apart('ledger_days_v1')"""

ADD_LINES: LiteralString = """
insert into ledger_lines_v1 select * from json_populate_recordset(null::ledger_lines_v1, %s::json)"""
ADD_UP: LiteralString = """ do update set debit_fen = old.debit_fen + excluded.debit_fen,
  credit_fen = old.credit_fen + excluded.credit_fen, position = greatest(old.position, excluded.position)"""
ADD_BALANCES: LiteralString = (
    """insert into ledger_balances_v1 as old
select * from json_populate_recordset(null::ledger_balances_v1, %s::json)
on conflict (tenant, account, sub_key)"""
    + ADD_UP
)
ADD_DAYS: LiteralString = (
    """insert into ledger_days_v1 as old
select * from json_populate_recordset(null::ledger_days_v1, %s::json)
on conflict (tenant, value_date, account)"""
    + ADD_UP
)

Interest: TypeAlias = Posted


class Line(msgspec.Struct):
    """The columns, in order."""

    tenant: str
    position: int
    line: int
    entry_id: UUID
    event: str
    order_id: UUID
    refund_id: UUID | None
    reference: str
    account: str
    sub_key: str
    debit_fen: int
    credit_fen: int
    value_date: date
    recorded_at: datetime
    rule_version: int


class Balance(msgspec.Struct):
    """What a batch adds to one account under one sub-key. The columns, in order."""

    tenant: str
    account: str
    sub_key: str
    debit_fen: int = 0
    credit_fen: int = 0
    position: int = 0


class Day(msgspec.Struct):
    """What a batch adds to one account on one day. The columns, in order."""

    tenant: str
    value_date: date
    account: str
    debit_fen: int = 0
    credit_fen: int = 0
    position: int = 0


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Write the lines, and add up what they add."""
    entries = ((one, entry) for one in batch if (entry := postings(one.event)))
    lines = [line for one, entry in entries for line in lines_of(one, entry)]
    balances: dict[tuple[str, str, str], Balance] = {}
    days: dict[tuple[str, date, str], Day] = {}
    for line in lines:
        of_key = line.tenant, line.account, line.sub_key
        of_day = line.tenant, line.value_date, line.account
        add(balances.setdefault(of_key, Balance(*of_key)), line)
        add(days.setdefault(of_day, Day(*of_day)), line)
    await save(tx, ADD_LINES, lines)
    await save(tx, ADD_BALANCES, balances.values())
    await save(tx, ADD_DAYS, days.values())


def lines_of(one: Recorded, entry: Entry) -> list[Line]:
    id, tag = entry_id(one.stream, one.position), one.event.__struct_config__.tag
    return [
        Line(
            one.tenant, one.position, number, id, tag, entry.order_id, entry.refund_id,
            entry.reference, line.account, line.sub_key, line.debit_fen, line.credit_fen,
            entry.value_date, one.at, entry.rule_version,
        )
        for number, line in enumerate(entry.lines, 1)
    ]  # fmt: skip


def add(sums: Balance | Day, line: Line) -> None:
    sums.debit_fen += line.debit_fen
    sums.credit_fen += line.credit_fen
    sums.position = line.position


TABLES: Final = ("ledger_lines_v1", "ledger_balances_v1", "ledger_days_v1")
PROJECTION = Projection(NAME, TABLES, TABLE, Interest, project, parks=True)
