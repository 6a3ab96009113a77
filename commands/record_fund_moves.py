"""Record movements of a channel account that explain themselves: withdrawals and the like. Asked by: reconciliation."""

from typing import Annotated

import msgspec
from msgspec import Meta

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
from domain.events.recon import FundKind, FundMoved
from domain.ids import BillId
from domain.money import Money


class Movement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the fund flow; the amount is signed as the account saw it."""

    line: Line
    kind: FundKind
    number: Number
    amount_fen: SignedFen


class RecordFundMoves(OfDay, frozen=True):
    """Lines that were recorded before change nothing."""

    bill_id: BillId
    moves: Annotated[tuple[Movement, ...], Meta(min_length=1, max_length=CHUNK_MAX)]


def handle(cmd: RecordFundMoves, tx: Tx) -> DayState:
    day = day_of(tx, cmd.key)
    moves = [
        FundMoved(*cmd.key, cmd.bill_id, it.line, it.kind, it.number, Money(it.amount_fen), tx.at)
        for it in cmd.moves
    ]
    return record_day(tx, cmd.key, day, days.move(day, moves=moves))


USE_CASE = UseCase(
    "record_fund_moves",
    RecordFundMoves,
    DayState,
    handle,
    scope="recon:record",
    streams=lambda cmd, tx: the_day(tx, cmd.key),
    lane=Lane.MONEY,
)
