"""One row for each line of a bill, and for each row of ours that it lacks: both sides, and what became of it."""

from collections.abc import Iterator
from datetime import date
from typing import LiteralString
from uuid import UUID

import msgspec

from domain.events.recon import BreakOpened, FundMoved, LineBroken, LinesMatched, LinesPending
from projections.recorded import Recorded

LINES_TABLE: LiteralString = """
create table bill_day_lines_v1 (
  tenant         text    not null,
  channel        text    not null,
  mchid          text    not null,
  bill_date      date    not null,                 -- on which it found its place
  position       bigint  not null,                 -- of the event that says so
  nth            integer not null,                 -- in it
  code           text    not null,                 -- MATCHED, PENDING_CUTOFF, or a break's
  side           text    not null,                 -- where it stands: trade, fund, ledger
  line           integer,
  kind           text    not null,
  number         text    not null,                 -- ours
  channel_number text    not null,
  theirs_fen     bigint,                           -- null: that side has nothing
  theirs_fee_fen bigint,
  ours_fen       bigint,
  ours_fee_fen   bigint,
  net_fen        bigint  not null,                 -- signed: what it moves on the channel's account
  booked         date,
  waits_until    date,
  order_id       uuid,
  refund_id      uuid,
  bill_id        uuid,
  break_id       uuid,
  primary key (tenant, channel, mchid, bill_date, position, nth)
);
create index on bill_day_lines_v1 (tenant, bill_date, code) where code <> 'MATCHED';
select read.tenants_apart('bill_day_lines_v1')"""

SAVE_LINES: LiteralString = """
insert into bill_day_lines_v1
select * from json_populate_recordset(null::bill_day_lines_v1, %s::json)"""


class Line(msgspec.Struct):
    """The columns, in order."""

    tenant: str
    channel: str
    mchid: str
    bill_date: date
    position: int
    nth: int
    code: str
    side: str
    line: int | None
    kind: str
    number: str
    channel_number: str
    theirs_fen: int | None = None
    theirs_fee_fen: int | None = None
    ours_fen: int | None = None
    ours_fee_fen: int | None = None
    net_fen: int = 0
    booked: date | None = None
    waits_until: date | None = None
    order_id: UUID | None = None
    refund_id: UUID | None = None
    bill_id: UUID | None = None
    break_id: UUID | None = None


def lines_of(one: Recorded) -> Iterator[Line]:
    event = one.event
    if not isinstance(event, LinesMatched | LinesPending | FundMoved | BreakOpened | LineBroken):
        return
    of = one.tenant, event.channel, event.mchid, event.bill_date, one.position
    match event:
        case LinesMatched():
            for nth, it in enumerate(event.matches):
                fen, fee = it.amount.fen, it.fee.fen
                yield Line(
                    *of, nth, "MATCHED", event.side, it.line, it.kind, it.number, it.channel_number, fen,
                    fee, fen, fee, it.net.fen, it.booked, None, it.order_id, it.refund_id, event.bill_id,
                )  # fmt: skip
            for nth, line in enumerate(event.void, len(event.matches)):
                yield Line(
                    *of,
                    nth,
                    "MATCHED",
                    event.side,
                    line,
                    "pay",
                    "",
                    "",
                    0,
                    0,
                    bill_id=event.bill_id,
                )
        case LinesPending():
            for nth, wait in enumerate(event.pending):
                ours, theirs = (
                    (wait.net.fen, None) if wait.side == "ledger" else (None, wait.net.fen)
                )
                yield Line(
                    *of, nth, "PENDING_CUTOFF", wait.side, wait.line, wait.kind, wait.number,
                    wait.channel_number, theirs, None, ours, None, wait.net.fen, wait.booked, wait.until,
                )  # fmt: skip
        case FundMoved():
            fen = event.amount.fen
            yield Line(
                *of, 0, "MATCHED", "fund", event.line, event.kind, event.number, "", fen, 0, None, None,
                fen, bill_id=event.bill_id,
            )  # fmt: skip
        case BreakOpened():
            yield of_break(event, of)
        case LineBroken(code="MATCHED"):  # out of suspense
            yield Line(
                *of, 0, "MATCHED", event.side, event.line, "pay", event.key, "", break_id=event.break_id
            )  # fmt: skip


def of_break(event: BreakOpened, of: tuple[str, str, str, date, int]) -> Line:
    theirs, ours = event.theirs, event.ours
    return Line(
        *of, 0, event.code, event.side, event.line, event.kind, event.number, event.channel_number,
        theirs.amount.fen if theirs else None, theirs.fee.fen if theirs else None,
        ours.amount.fen if ours else None, ours.fee.fen if ours else None, (event.through + event.unbooked).fen, event.booked, None, event.order_id,
        event.refund_id, event.bill_id, event.break_id,
    )  # fmt: skip
