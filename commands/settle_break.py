"""Take out of suspense what has found its other half later. Asked by: reconciliation."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from commands.fields import Fen
from commands.reconciling import (
    BreakState,
    Line,
    OfDay,
    day_of,
    known_break,
    record_break,
    record_day,
)
from commands.use_case import Lane, Stream, Tx, UseCase
from domain import bill_day as days
from domain import breaks
from domain.bill_day_state import BILL_DAY, day_id
from domain.breaks import BREAK
from domain.events.recon import BillSide, BreakPosted
from domain.ids import BreakId
from domain.money import Money


class SettleBreak(OfDay, frozen=True):
    """On this bill date a row of ours (`matched_ledger`) or a line (`matched_bill`) turned up: exactly `amount_fen`.

    `line` is the one of this date that is settled by it; null when the line was in suspense and a row came.
    """

    break_id: BreakId
    resolution: Literal["matched_ledger", "matched_bill"]
    suspense: Literal["long", "short"]
    amount_fen: Fen
    booked: date
    reference: Annotated[str, Meta(min_length=1, max_length=200)]
    side: BillSide
    line: Line | None = None
    waited: Annotated[str, Meta(max_length=200)] = ""


def handle(cmd: SettleBreak, tx: Tx) -> BreakState:
    day, it = day_of(tx, cmd.key), known_break(tx, cmd.break_id)
    entry = BreakPosted(
        it.id, *cmd.key, cmd.suspense, cmd.resolution, Money(cmd.amount_fen), cmd.booked,
        it.opened.order_id if it.opened else None, it.opened.refund_id if it.opened else None,
        cmd.reference, tx.at,
    )  # fmt: skip
    settled = breaks.settle(it, entry)
    if settled:
        placed = days.break_line(
            day,
            key=cmd.key,
            break_id=it.id,
            code="MATCHED",
            side=cmd.side,
            line=cmd.line,
            about=cmd.waited or cmd.reference,
            at=tx.at,
        )
        record_day(tx, cmd.key, day, placed)
    return record_break(tx, it, it.id, settled)


def streams(cmd: SettleBreak, tx: Tx) -> Iterator[Stream]:
    yield Stream(BILL_DAY, day_id(tx.tenant, cmd.key))
    yield Stream(BREAK, cmd.break_id)


USE_CASE = UseCase(
    "settle_break",
    SettleBreak,
    BreakState,
    handle,
    scope="recon:record",
    streams=streams,
    lane=Lane.MONEY,
)
