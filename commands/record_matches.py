"""Record lines of a bill that are what our books say. Asked by: reconciliation."""

from datetime import date
from typing import Annotated, Literal

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
from domain.events.recon import Kind, Match
from domain.ids import BillId, OrderId, RefundId
from domain.money import Money


class MatchedLine(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One line and its row, as a list of these fields: hundreds travel in one command."""

    line: Line
    kind: Kind
    number: Number
    channel_number: Number
    order_id: OrderId | None
    refund_id: RefundId | None
    amount_fen: Cap
    fee_fen: SignedFen
    net_fen: SignedFen
    booked: date


class RecordMatches(OfDay, frozen=True):
    """A chunk of lines of one bill. A chunk that was recorded before changes nothing."""

    bill_id: BillId
    side: Literal["trade", "fund"]
    chunk: Cap
    matches: Annotated[tuple[MatchedLine, ...], Meta(max_length=CHUNK_MAX)]
    void: Annotated[tuple[Line, ...], Meta(max_length=CHUNK_MAX)] = ()


def handle(cmd: RecordMatches, tx: Tx) -> DayState:
    day = day_of(tx, cmd.key)
    matched = days.match_lines(
        day,
        bill_id=cmd.bill_id,
        side=cmd.side,
        chunk=cmd.chunk,
        matches=tuple(match_of(line) for line in cmd.matches),
        void=cmd.void,
        at=tx.at,
    )
    return record_day(tx, cmd.key, day, matched)


def match_of(it: MatchedLine) -> Match:
    return Match(
        it.line, it.kind, it.number, it.channel_number, it.order_id, it.refund_id, Money(it.amount_fen),
        Money(it.fee_fen), Money(it.net_fen), it.booked,
    )  # fmt: skip


USE_CASE = UseCase(
    "record_matches",
    RecordMatches,
    DayState,
    handle,
    scope="recon:record",
    streams=lambda cmd, tx: the_day(tx, cmd.key),
    lane=Lane.MONEY,
)
