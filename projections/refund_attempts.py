"""Each call that was made to pay a refund: announced before it, its outcome after it. Part of the refund desk."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from domain.events.refund import (
    RefundAttemptAccepted,
    RefundAttemptInDoubt,
    RefundAttemptRejected,
    RefundAttemptStarted,
)
from projections.recorded import Recorded

ATTEMPTS_TABLE: LiteralString = """
create table refund_attempts_v1 (
  refund_id      uuid        not null,
  attempt        integer     not null,             -- from 1, over all numbers
  tenant         text        not null,
  number         text        not null,
  call           text        not null,             -- refund, return
  worker         uuid        not null,
  request_sha256 text        not null,
  started_at     timestamptz not null,
  deadline       timestamptz not null,
  outcome        text,                             -- accepted, rejected, in_doubt; null while it is under way
  code           text,                             -- of a no, or the cause of the doubt
  message        text,
  evidence       text,                             -- whose word it was that it is accepted
  ended_at       timestamptz,
  position       bigint      not null,
  primary key (refund_id, attempt)
) with (fillfactor = 50);
select read.tenants_apart('refund_attempts_v1')"""

SAVE_ATTEMPTS: LiteralString = """
insert into refund_attempts_v1 select * from json_populate_recordset(null::refund_attempts_v1, %s::json)
on conflict (refund_id, attempt) do update set outcome = excluded.outcome, code = excluded.code,
  message = excluded.message, evidence = excluded.evidence, ended_at = excluded.ended_at,
  position = excluded.position"""
LATEST: LiteralString = """
select a.* from refund_attempts_v1 a join refund_desk_v1 r
on r.refund_id = a.refund_id and r.attempts = a.attempt where a.refund_id = any(%s)"""


class Attempt(msgspec.Struct):
    """One call to the channel. The columns, in order."""

    refund_id: UUID
    attempt: int
    tenant: str
    number: str
    call: str
    worker: UUID
    request_sha256: str
    started_at: datetime
    deadline: datetime
    outcome: str | None = None
    code: str | None = None
    message: str | None = None
    evidence: str | None = None
    ended_at: datetime | None = None
    position: int = 0


def attempted(one: Recorded, latest: Attempt | None) -> Attempt | None:
    """The attempt that this event is about, with what it says; only ever a refund's latest one."""
    event = one.event
    match event:
        case RefundAttemptStarted():
            latest = Attempt(
                refund_id=event.refund_id,
                attempt=event.attempt,
                tenant=one.tenant,
                number=event.number,
                call=event.call,
                worker=event.worker,
                request_sha256=event.request_sha256,
                started_at=event.at,
                deadline=event.deadline,
            )
        case RefundAttemptAccepted():
            assert latest is not None
            latest.outcome, latest.evidence = "accepted", event.evidence
        case RefundAttemptRejected():
            assert latest is not None
            latest.outcome, latest.code, latest.message = "rejected", event.code, event.message
        case RefundAttemptInDoubt():
            assert latest is not None
            latest.outcome, latest.code = "in_doubt", event.cause
        case _:
            return None
    if not isinstance(event, RefundAttemptStarted):
        latest.ended_at = event.at
    latest.position = one.position
    return latest
