"""Record what stands alone and may find its other half on the next bill. Asked by: reconciliation."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from commands.fields import Cap
from commands.reconciling import (
    DayState,
    Line,
    Number,
    OfDay,
    SignedFen,
    day_of,
    record_day,
    the_day,
)
from commands.use_case import Lane, Tx, UseCase
from domain import bill_day as days
from domain.bill_day import CHUNK_MAX
from domain.events.recon import BillSide, Kind, Pending
from domain.money import Money


class PendingLine(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A line, a row, or what one bill of the channel is ahead of the other, as a list of these fields."""

    side: BillSide
    line: Line | None
    kind: Kind
    number: Number
    channel_number: Number
    net_fen: SignedFen
    booked: date
    until: date


class RecordPending(OfDay, frozen=True):
    """Nothing is posted. What waits already is not recorded again."""

    chunk: Cap
    pending: Annotated[tuple[PendingLine, ...], Meta(min_length=1, max_length=CHUNK_MAX)]


def handle(cmd: RecordPending, tx: Tx) -> DayState:
    day = day_of(tx, cmd.key)
    pending = tuple(
        Pending(
            it.side, it.line, it.kind, it.number, it.channel_number, Money(it.net_fen), it.booked, it.until
        )
        for it in cmd.pending
    )  # fmt: skip
    return record_day(tx, cmd.key, day, days.wait(day, chunk=cmd.chunk, pending=pending, at=tx.at))


USE_CASE = UseCase(
    "record_pending",
    RecordPending,
    DayState,
    handle,
    scope="recon:record",
    streams=lambda cmd, tx: the_day(tx, cmd.key),
    lane=Lane.MONEY,
)
