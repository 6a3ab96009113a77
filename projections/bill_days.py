"""How far is each bill date, what does it come to, and what has become of each of its lines?

Sums only ever have something added and lines are never changed, so effects commute.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final, LiteralString, TypeAlias

from domain.events.recon import BreakOpened, DayEvent
from projections.bill_day_rows import Day, changes
from projections.bill_lines import LINES_TABLE, SAVE_LINES, lines_of
from projections.recorded import Projection, Recorded, Tx, save

NAME: Final = "bill_days_v1"

TABLE: LiteralString = """
create table bill_days_v1 (
  tenant          text    not null,
  channel         text    not null,
  mchid           text    not null,
  bill_date       date    not null,
  trade_bill      uuid,
  fund_bill       uuid,
  trade_lines     integer not null,
  fund_lines      integer not null,
  opening_fen     bigint,                          -- null until it has begun, as the next
  closing_fen     bigint,                          -- 账户结余
  begun_at        timestamptz,
  matched         integer not null,
  moved_lines     integer not null,
  void            integer not null,
  pending         integer not null,                -- ever; what still waits is among its lines
  broken          integer not null,
  pays_fen        bigint  not null,
  refunds_fen     bigint  not null,
  fees_fen        bigint  not null,
  moved_fen       bigint  not null,
  late_facts      integer not null,
  closed_at       timestamptz,
  closed_by       text,
  root            text,
  ledger_position bigint,
  counts          jsonb,                           -- when it was closed, as the four after it
  open_breaks     integer,
  pending_ours_fen   bigint,
  pending_theirs_fen bigint,
  agreed          integer,
  position        bigint  not null,
  primary key (tenant, channel, mchid, bill_date)
) with (fillfactor = 50);
select read.tenants_apart('bill_days_v1');"""

SAVE: LiteralString = """
insert into bill_days_v1 as old
select * from json_populate_recordset(null::bill_days_v1, %s::json)
on conflict (tenant, channel, mchid, bill_date) do update set
  trade_bill = coalesce(excluded.trade_bill, old.trade_bill), fund_bill = coalesce(excluded.fund_bill, old.fund_bill),
  trade_lines = case when excluded.begun_at is null then old.trade_lines else excluded.trade_lines end,
  fund_lines = case when excluded.begun_at is null then old.fund_lines else excluded.fund_lines end,
  opening_fen = coalesce(excluded.opening_fen, old.opening_fen),
  closing_fen = coalesce(excluded.closing_fen, old.closing_fen),
  begun_at = coalesce(excluded.begun_at, old.begun_at), matched = old.matched + excluded.matched,
  moved_lines = old.moved_lines + excluded.moved_lines, void = old.void + excluded.void,
  pending = old.pending + excluded.pending, broken = old.broken + excluded.broken,
  pays_fen = old.pays_fen + excluded.pays_fen, refunds_fen = old.refunds_fen + excluded.refunds_fen,
  fees_fen = old.fees_fen + excluded.fees_fen, moved_fen = old.moved_fen + excluded.moved_fen,
  late_facts = old.late_facts + excluded.late_facts, closed_at = coalesce(excluded.closed_at, old.closed_at),
  closed_by = coalesce(excluded.closed_by, old.closed_by), root = coalesce(excluded.root, old.root),
  ledger_position = coalesce(excluded.ledger_position, old.ledger_position),
  counts = coalesce(excluded.counts, old.counts), open_breaks = coalesce(excluded.open_breaks, old.open_breaks),
  pending_ours_fen = coalesce(excluded.pending_ours_fen, old.pending_ours_fen),
  pending_theirs_fen = coalesce(excluded.pending_theirs_fen, old.pending_theirs_fen),
  agreed = coalesce(excluded.agreed, old.agreed), position = greatest(old.position, excluded.position)"""
Interest: TypeAlias = DayEvent | BreakOpened


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Add up what the batch adds to each date, and add its lines."""
    days: dict[tuple[str, str, str, date], Day] = {}
    for one in batch:
        if isinstance(one.event, BreakOpened):
            continue
        of = one.tenant, one.event.channel, one.event.mchid, one.event.bill_date
        changes(days.setdefault(of, Day(*of)), one)
    await save(tx, SAVE, days.values())
    await save(tx, SAVE_LINES, [line for one in batch for line in lines_of(one)])


PROJECTION = Projection(
    NAME, ("bill_days_v1", "bill_day_lines_v1"), TABLE + LINES_TABLE, Interest, project, parks=True
)
