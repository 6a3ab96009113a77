"""What became of every refund, what is to be decided about it, and each call that was made for it."""

from collections.abc import Sequence
from typing import Final, LiteralString, TypeAlias
from uuid import UUID

from domain.events.refund import (
    RefundEvent,
    RefundProposed,
    RefundRequested,
)
from projections.recorded import Projection, Recorded, Tx, load, save
from projections.refund_attempts import ATTEMPTS_TABLE, LATEST, SAVE_ATTEMPTS, Attempt, attempted
from projections.refund_fold import fold
from projections.refund_rows import Refund, begin

NAME: Final = "refund_desk_v1"

TABLE: LiteralString = """
create table refund_desk_v1 (
  refund_id          uuid        primary key,
  tenant             text        not null,
  order_id           uuid        not null,
  payment_id         uuid        not null,
  buyer              uuid        not null,
  channel            text        not null,
  transaction_id     text        not null,
  amount_fen         bigint      not null,
  paid_fen           bigint      not null,         -- what the whole transaction was
  why                text        not null,         -- group_failed, withdrawn, late_payment, paid_twice, operator
  status             text        not null,         -- domain.display.RefundStatus
  requested_at       timestamptz not null,
  next_at            timestamptz,                  -- when it is looked at again by itself
  number             text,                         -- the live one at the channel; null before the first call
  generation         integer     not null,         -- numbers before this one
  attempts           integer     not null,
  call               text,                         -- of the latest attempt: refund, return
  deadline           timestamptz,                  -- of the latest attempt
  channel_refund_id  text,
  last_code          text,                         -- the latest no or doubt, in the channel's words or ours
  trouble            text,                         -- while people look after it
  detail             text,
  escalated_at       timestamptz,                  -- while people look after it
  proposal_id        uuid,                         -- the open one, with the five after it
  proposal_action    text,
  proposal_reference text,
  proposal_note      text,
  proposed_by        text,
  proposal_shown     text,
  proposed_at        timestamptz,
  decided            text,                         -- the latest decision: what was agreed on, or declined
  decided_by         text,
  decided_at         timestamptz,
  reference          text,                         -- of a payment by another route
  received_by        text,
  evidence           text,                         -- whose word it was that the money arrived
  ended_at           timestamptz,
  succeeded_at       timestamptz,                  -- by the channel's clock
  differing          text,                         -- the latest contradiction
  bill_sha256        text,                         -- the file of the last witness, and the line in it
  bill_line          integer,
  position           bigint      not null
) with (fillfactor = 50);
create index on refund_desk_v1 (tenant, requested_at, refund_id);
create index on refund_desk_v1 (tenant, escalated_at, refund_id) where escalated_at is not null;
create index on refund_desk_v1 (order_id);
create index on refund_desk_v1 (tenant) include (amount_fen) where ended_at is null;
select read.tenants_apart('refund_desk_v1');"""

LOAD: LiteralString = "select * from refund_desk_v1 where refund_id = any(%s)"
SAVE: LiteralString = """
insert into refund_desk_v1 select * from json_populate_recordset(null::refund_desk_v1, %s::json)
on conflict (refund_id) do update set
  (status, next_at, number, generation, attempts, call, deadline, channel_refund_id, last_code, trouble, detail,
   escalated_at, proposal_id, proposal_action, proposal_reference, proposal_note, proposed_by, proposal_shown,
   proposed_at, decided, decided_by, decided_at, reference, received_by, evidence, ended_at, succeeded_at,
   differing, bill_sha256, bill_line, position) = (
  select n.status, n.next_at, n.number, n.generation, n.attempts, n.call, n.deadline, n.channel_refund_id,
   n.last_code, n.trouble, n.detail, n.escalated_at, n.proposal_id, n.proposal_action, n.proposal_reference,
   n.proposal_note, n.proposed_by, n.proposal_shown, n.proposed_at, n.decided, n.decided_by, n.decided_at,
   n.reference, n.received_by, n.evidence, n.ended_at, n.succeeded_at, n.differing, n.bill_sha256, n.bill_line,
   n.position from (select excluded.*) n)"""
Interest: TypeAlias = RefundEvent


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Load the refunds these events are about with their latest attempts, fold, write them back."""
    streams = {one.stream for one in batch}
    fresh = {one.stream for one in batch if isinstance(one.event, RefundRequested | RefundProposed)}
    refunds = await load(tx, LOAD, Refund, streams - fresh)
    latest = await load(tx, LATEST, Attempt, streams - fresh)
    touched: dict[tuple[UUID, int], Attempt] = {}
    for one in batch:
        if isinstance(one.event, RefundRequested | RefundProposed):
            refunds[one.stream] = begin(one.event, one.tenant)
        refund = refunds[one.stream]
        fold(refund, one.event)
        refund.position = one.position
        attempt = attempted(one, latest.get(one.stream))
        if attempt is not None:
            latest[one.stream] = touched[one.stream, attempt.attempt] = attempt
    await save(tx, SAVE, refunds.values())
    await save(tx, SAVE_ATTEMPTS, touched.values())


PROJECTION = Projection(
    NAME,
    ("refund_desk_v1", "refund_attempts_v1"),
    TABLE + ATTEMPTS_TABLE,
    Interest,
    project,
    parks=True,
)
