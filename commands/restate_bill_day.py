"""Go on with a bill date over the files that are in force now, after lines of others were matched. Asked by: reconciliation."""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from commands.begin_bill_day import BeginBillDay
from commands.reconciling import (
    DayState,
    Digest,
    Line,
    Number,
    Said,
    SignedFen,
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
from domain.events.recon import BreakOpened, Code, Kind
from domain.ids import BreakId
from domain.matching_rows import MATCHER_VERSION
from domain.money import ZERO, Money

DIFFERS_MAX = 40  # lines; a file that differs in more is another bill, and for people


class Differing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line that was matched, and that says something else now, or is gone: `gained_fen` more moved by it."""

    line: Line
    failing: Annotated[tuple[Code, ...], Meta(min_length=1, max_length=8)]
    kind: Kind
    number: Number
    channel_number: Number
    before: Said
    now: Said | None
    gained_fen: SignedFen


class RestateBillDay(BeginBillDay, frozen=True):
    """The new files were compared with those that it was begun with. Every other line that has its place keeps it."""

    was_trade_sha256: Digest
    was_fund_sha256: Digest
    differs: Annotated[tuple[Differing, ...], Meta(max_length=DIFFERS_MAX)] = ()


def handle(cmd: RestateBillDay, tx: Tx) -> DayState:
    day = day_of(tx, cmd.key)
    restated = days.restate(
        day,
        was=(cmd.was_trade_sha256, cmd.was_fund_sha256),
        bills=(cmd.trade_bill, cmd.fund_bill),
        digests=(cmd.trade_sha256, cmd.fund_sha256),
        lines=(cmd.trade_lines, cmd.fund_lines),
        opening=Money(cmd.opening_fen),
        closing=Money(cmd.closing_fen),
        matcher_version=MATCHER_VERSION,
        at=tx.at,
    )
    if not restated:
        return record_day(tx, cmd.key, day, ())
    broken = list(restated)
    for it in cmd.differs:
        opened = opened_by(cmd, it, tx)
        id, key = opened.break_id, f"{it.kind} {it.number}"
        broken += days.break_line(day, key=cmd.key, break_id=id, code=opened.code, side="trade", line=None, about=key, at=tx.at)  # fmt: skip
        fresh = tx.read(BREAK, id)
        record_break(tx, fresh, id, breaks.open_break(fresh, opened))
    return record_day(tx, cmd.key, day, tuple(broken))


def id_of(cmd: RestateBillDay, it: Differing, tx: Tx) -> BreakId:
    """Of this line in these files: what one restatement broke is no other's."""
    files = f"{cmd.was_trade_sha256[:16]} {cmd.trade_sha256[:16]}"
    return break_id(tx.tenant, cmd.key, f"restated {files} {it.line}")


def opened_by(cmd: RestateBillDay, it: Differing, tx: Tx) -> BreakOpened:
    """The books have the line as it was; what it moves now beyond that goes into suspense."""
    gained, files = Money(it.gained_fen), cmd.was_trade_sha256[:16]
    detail = f"账单重述 restated: line {it.line} of file {files}"
    return BreakOpened(
        id_of(cmd, it, tx), it.failing[0], it.failing, *cmd.key, cmd.bill_date, cmd.trade_bill, "trade", None,
        it.kind, it.number, it.channel_number, None, None, side_of(it.before), side_of(it.now), (),
        ZERO, gained, ZERO, max(gained, ZERO), max(ZERO - gained, ZERO), detail, tx.at,
    )  # fmt: skip


def streams(cmd: RestateBillDay, tx: Tx) -> Iterator[Stream]:
    yield Stream(BILL_DAY, day_id(tx.tenant, cmd.key))
    for it in cmd.differs:
        yield Stream(BREAK, id_of(cmd, it, tx))


USE_CASE = UseCase(
    "restate_bill_day",
    RestateBillDay,
    DayState,
    handle,
    scope="recon:record",
    streams=streams,
    lane=Lane.MONEY,
)
