"""Open a break: ours and theirs differ, and the money of it goes into suspense. Asked by: reconciliation."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated

from msgspec import Meta

from commands.fields import Note
from commands.reconciling import (
    BreakState,
    Line,
    Number,
    OfDay,
    Said,
    SignedFen,
    Word,
    day_of,
    record_break,
    record_day,
    side_of,
)
from commands.use_case import Lane, Stream, Tx, UseCase
from domain import bill_day as days
from domain import breaks
from domain.bill_day_state import BILL_DAY, day_id
from domain.breaks import BREAK, break_id
from domain.events.recon import BillSide, BreakOpened, Code, Kind
from domain.ids import BillId, OrderId, RefundId
from domain.money import Money


class OpenBreak(OfDay, frozen=True):
    """`about` names the line or row: opened again, it is the same break. `rule` books a small fee at once."""

    about: Annotated[str, Meta(min_length=1, max_length=200)]
    failing: Annotated[tuple[Code, ...], Meta(min_length=1, max_length=8)]
    booked: date
    bill_id: BillId | None
    side: BillSide
    line: Line | None  # of this date's bill
    kind: Kind
    number: Number
    channel_number: Number
    order_id: OrderId | None
    refund_id: RefundId | None
    ours: Said | None
    theirs: Said | None
    through_fen: SignedFen
    unbooked_fen: SignedFen
    unbilled_fen: SignedFen
    suggested: Annotated[tuple[Number, ...], Meta(max_length=3)] = ()
    detail: Note = ""
    rule: Word = ""
    waited: Annotated[str, Meta(max_length=200)] = ""  # as what it waited until now


def handle(cmd: OpenBreak, tx: Tx) -> BreakState:
    id = break_id(tx.tenant, cmd.key, cmd.about)
    day, it = day_of(tx, cmd.key), tx.read(BREAK, id)
    broken = days.break_line(
        day,
        key=cmd.key,
        break_id=id,
        code=cmd.failing[0],
        side=cmd.side,
        line=cmd.line,
        about=cmd.waited or cmd.about,
        at=tx.at,
    )
    opened = breaks.open_break(it, opened_by(cmd, tx), rule=cmd.rule)
    record_day(tx, cmd.key, day, broken)
    return record_break(tx, it, id, opened)


def opened_by(cmd: OpenBreak, tx: Tx) -> BreakOpened:
    unbooked, unbilled = cmd.unbooked_fen, cmd.unbilled_fen
    return BreakOpened(
        break_id=break_id(tx.tenant, cmd.key, cmd.about),
        code=cmd.failing[0],
        failing=cmd.failing,
        channel=cmd.channel,
        mchid=cmd.mchid,
        bill_date=cmd.bill_date,
        booked=cmd.booked,
        bill_id=cmd.bill_id,
        side=cmd.side,
        line=cmd.line,
        kind=cmd.kind,
        number=cmd.number,
        channel_number=cmd.channel_number,
        order_id=cmd.order_id,
        refund_id=cmd.refund_id,
        ours=side_of(cmd.ours),
        theirs=side_of(cmd.theirs),
        suggested=cmd.suggested,
        through=Money(cmd.through_fen),
        unbooked=Money(unbooked),
        unbilled=Money(unbilled),
        long=Money(max(unbooked, 0) + max(-unbilled, 0)),
        short=Money(max(-unbooked, 0) + max(unbilled, 0)),
        detail=cmd.detail,
        at=tx.at,
    )


def streams(cmd: OpenBreak, tx: Tx) -> Iterator[Stream]:
    yield Stream(BILL_DAY, day_id(tx.tenant, cmd.key))
    yield Stream(BREAK, break_id(tx.tenant, cmd.key, cmd.about))


USE_CASE = UseCase(
    "open_break", OpenBreak, BreakState, handle, scope="recon:record", streams=streams, lane=Lane.MONEY
)  # fmt: skip
