"""What became of every payout, and what is to be decided about it? One row each."""

from collections.abc import Sequence
from typing import Final, LiteralString, TypeAlias

from domain.events.payout import PayoutEvent, PayoutInitiated
from projections.payout_fold import Payout, begin, fold
from projections.recorded import Projection, Recorded, Tx, load, save

NAME: Final = "payout_desk_v1"

TABLE: LiteralString = """
create table payout_desk_v1 (
  payout_id         uuid        primary key,
  tenant            text        not null,
  merchant_id       uuid        not null,
  statement_id      uuid        not null,
  amount_fen        bigint      not null,
  route             text        not null,          -- channel_transfer, bank_file
  channel           text        not null,
  status            text        not null,          -- domain.display.PayoutStatus
  initiated_at      timestamptz not null,
  next_at           timestamptz,                   -- when it is looked at again by itself
  number            text,                          -- the live one; null before the first call
  generation        integer     not null,          -- numbers before this one
  attempts          integer     not null,
  channel_payout_id text,
  package           text,                          -- what the payee's client opens to take the money
  last_code         text,                          -- the latest no, doubt or failure
  trouble           text,                          -- while people look after it
  detail            text,
  escalated_at      timestamptz,                   -- while people look after it
  proposal_id       uuid,                          -- the open one, with the four after it
  proposal_action   text,
  proposal_note     text,
  proposed_by       text,
  proposal_shown    text,
  fee_fen           bigint,
  evidence          text,                          -- whose word it was that it was paid
  confirmed_at      timestamptz,                   -- by the channel's or the bank's clock
  position          bigint      not null
) with (fillfactor = 50);
create index on payout_desk_v1 (tenant, initiated_at, payout_id);
create index on payout_desk_v1 (tenant, escalated_at, payout_id) where escalated_at is not null;
create index on payout_desk_v1 (tenant, merchant_id, initiated_at);
select read.tenants_apart('payout_desk_v1')"""

LOAD: LiteralString = "select * from payout_desk_v1 where payout_id = any(%s)"
SAVE: LiteralString = """
insert into payout_desk_v1 select * from json_populate_recordset(null::payout_desk_v1, %s::json)
on conflict (payout_id) do update set
  (route, channel, status, next_at, number, generation, attempts, channel_payout_id, package, last_code, trouble,
   detail, escalated_at, proposal_id, proposal_action, proposal_note, proposed_by, proposal_shown, fee_fen,
   evidence, confirmed_at, position) = (
  select n.route, n.channel, n.status, n.next_at, n.number, n.generation, n.attempts, n.channel_payout_id,
   n.package, n.last_code, n.trouble, n.detail, n.escalated_at, n.proposal_id, n.proposal_action,
   n.proposal_note, n.proposed_by, n.proposal_shown, n.fee_fen, n.evidence, n.confirmed_at, n.position
   from (select excluded.*) n)"""

Interest: TypeAlias = PayoutEvent


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Load the payouts these events are about, fold, write them back."""
    fresh = {one.stream for one in batch if isinstance(one.event, PayoutInitiated)}
    payouts = await load(tx, LOAD, Payout, {one.stream for one in batch} - fresh)
    for one in batch:
        if isinstance(one.event, PayoutInitiated):
            payouts[one.stream] = begin(one.event, one.tenant)
        else:
            fold(payouts[one.stream], one.event)
        payouts[one.stream].position = one.position
    await save(tx, SAVE, payouts.values())


PROJECTION = Projection(NAME, ("payout_desk_v1",), TABLE, Interest, project, parks=True)
