"""What is different between our books and the channels' bills, how old is it, who looks after it, what became of it?"""

from collections.abc import Sequence
from typing import Final, LiteralString, TypeAlias

from domain.events.recon import BreakEvent, BreakOpened
from projections.break_rows import Row, fold, opened
from projections.recorded import Projection, Recorded, Tx, load, save

NAME: Final = "breaks_v1"

TABLE: LiteralString = """
create table breaks_v1 (
  break_id           uuid        primary key,
  tenant             text        not null,
  code               text        not null,
  failing            jsonb       not null,         -- all tests that failed, the first of them first
  channel            text        not null,
  mchid              text        not null,
  bill_date          date        not null,
  booked             date        not null,         -- the sub-key of clearing
  bill_id            uuid,
  side               text        not null,
  line               integer,
  kind               text        not null,
  number             text        not null,
  channel_number     text        not null,
  order_id           uuid,
  refund_id          uuid,
  ours               jsonb,
  theirs             jsonb,
  suggested          jsonb       not null,
  opened_long_fen    bigint      not null,
  opened_short_fen   bigint      not null,
  long_fen           bigint      not null,         -- still in suspense
  short_fen          bigint      not null,
  detail             text        not null,
  opened_at          timestamptz not null,
  owner              text,
  rules              jsonb       not null,         -- that acted on it
  proposal_id        uuid,                         -- the open one, with the eight after it
  proposal_resolution text,
  proposal_fen       bigint,
  proposal_order_id  uuid,
  proposal_refund_id uuid,
  proposal_evidence  text,
  proposal_note      text,
  proposed_by        text,
  proposal_shown     text,
  proposed_at        timestamptz,
  decided            text,                         -- the latest decision of two people
  decided_by         text,
  postings           jsonb       not null,         -- the entries that took money out of suspense
  closed             text,                         -- entry, match
  closed_by          text,                         -- names the entry or the match
  closed_at          timestamptz,
  position           bigint      not null
) with (fillfactor = 60);
create index on breaks_v1 (tenant, opened_at, break_id);
create index on breaks_v1 (tenant, bill_date) where closed is null;
create index on breaks_v1 (tenant, order_id) where order_id is not null;
select read.tenants_apart('breaks_v1')"""

LOAD: LiteralString = "select * from breaks_v1 where break_id = any(%s)"
UPDATE: LiteralString = """
insert into breaks_v1 select * from json_populate_recordset(null::breaks_v1, %s::json)
on conflict (break_id) do update set
  (long_fen, short_fen, owner, rules, proposal_id, proposal_resolution, proposal_fen, proposal_order_id,
   proposal_refund_id, proposal_evidence, proposal_note, proposed_by, proposal_shown, proposed_at, decided,
   decided_by, postings, closed, closed_by, closed_at, position) = (
  select n.long_fen, n.short_fen, n.owner, n.rules, n.proposal_id, n.proposal_resolution, n.proposal_fen,
   n.proposal_order_id, n.proposal_refund_id, n.proposal_evidence, n.proposal_note, n.proposed_by,
   n.proposal_shown, n.proposed_at, n.decided, n.decided_by, n.postings, n.closed, n.closed_by, n.closed_at,
   n.position from (select excluded.*) n)"""
Interest: TypeAlias = BreakEvent


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Load the breaks these events are about, fold, write them back."""
    fresh = {one.stream for one in batch if isinstance(one.event, BreakOpened)}
    rows = await load(tx, LOAD, Row, {one.stream for one in batch} - fresh)
    for one in batch:
        if isinstance(one.event, BreakOpened):
            rows[one.stream] = opened(one.event, one.tenant)
        row = rows[one.stream]
        fold(row, one.event)
        row.position = one.position
    await save(tx, UPDATE, rows.values())


PROJECTION = Projection(NAME, ("breaks_v1",), TABLE, Interest, project, parks=True)
