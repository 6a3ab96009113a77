"""What the matcher found, as commands: each may be given again, and changes nothing the second time."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import islice
from typing import Any, Final, NamedTuple, TypeVar

from commands.open_break import OpenBreak
from commands.reconciling import Said
from commands.record_fund_moves import Movement, RecordFundMoves
from commands.record_matches import MatchedLine, RecordMatches
from commands.record_pending import PendingLine, RecordPending
from commands.settle_break import SettleBreak
from commands.use_case import Command
from domain.bill_day_state import Key
from domain.bill_lines import FundLine, TradeLine
from domain.events.recon import Kind
from domain.fund_flow import OF_TRADE, moved_fen
from domain.ids import BillId
from domain.matching_rows import (
    Equal,
    Finding,
    Moved,
    Outcome,
    Row,
    Void,
    Waits,
    channel_number,
    net_fen,
    own_number,
)

T = TypeVar("T")
CHUNK: Final = 200  # lines of one command: its body stays below 64 KiB


class Bills(NamedTuple):
    """The two bills of the date; those of earlier dates by their own."""

    trade: BillId | None
    fund: BillId | None
    earlier: Mapping[date, BillId]


class Sorted(NamedTuple):
    """Outcomes by what is to be done about them."""

    equal: list[Equal]
    void: list[Void]
    waits: list[Waits]
    moved: list[Moved]
    late: list[Equal]
    findings: list[Finding]


def sort(outcomes: Iterable[Outcome], key: Key, done: Mapping[str, frozenset[int]]) -> Sorted:
    """What is new of them: lines that have their place keep it."""
    by = Sorted([], [], [], [], [], [])
    for it in outcomes:
        match it:
            case Equal(row, line, bill_date, side, held):
                if held or row.held:
                    by.late.append(it)
                elif bill_date != key.date or line not in done[side]:
                    by.equal.append(it)
            case Void():
                by.void.append(it)
            case Waits():
                by.waits.append(it)
            case Moved(fund, _, _):
                if fund.line not in done["fund"]:
                    by.moved.append(it)
            case Finding():
                if (
                    it.line is not None
                    or not it.funds
                    or it.number
                    or placed(it) not in done["fund"]
                ):
                    by.findings.append(it)
    return by


def placed(it: Finding) -> int:
    return it.funds[0].line


def commands_of(by: Sorted, key: Key, bills: Bills) -> Iterator[Command]:
    """In an order in which every prefix is true."""
    yield from matches(by, key, bills)
    for number, waits in enumerate(chunks(by.waits, CHUNK)):
        pending = tuple(pending_of(it, key) for it in waits)
        yield RecordPending(*key, chunk=number, pending=pending)
    for moved in chunks(by.moved, CHUNK):
        assert bills.fund is not None
        moves = tuple(
            Movement(it.line.line, it.kind, it.number, moved_fen(it.line)) for it in moved
        )
        yield RecordFundMoves(*key, bill_id=bills.fund, moves=moves)
    for late in by.late:
        yield from settlements(late, key)
    for finding in by.findings:
        yield open_break(finding, key, bills)


def matches(by: Sorted, key: Key, bills: Bills) -> Iterator[Command]:
    """Chunks are named by their first line, which has no place yet: no two are alike."""
    for bill_id, side, equal, void in grouped(by, key, bills):
        lines: list[Equal | Void] = sorted([*equal, *void], key=lambda it: it.line)
        for chunk in chunks(lines, CHUNK):
            yield RecordMatches(
                *key,
                bill_id=bill_id,
                side=side,
                chunk=chunk[0].line,
                matches=tuple(matched_of(it) for it in chunk if isinstance(it, Equal)),
                void=tuple(it.line for it in chunk if isinstance(it, Void)),
            )


def grouped(
    by: Sorted, key: Key, bills: Bills
) -> Iterator[tuple[BillId, Any, list[Equal], list[Void]]]:
    dates = {it.bill_date for it in by.equal} | {it.bill_date for it in by.void}
    for on in sorted(dates):
        for side in ("trade", "fund"):
            equal = [it for it in by.equal if it.bill_date == on and it.side == side]
            void = [it for it in by.void if it.bill_date == on] if side == "trade" else []
            bill = bills.earlier.get(on)
            if on == key.date:
                bill = bills.trade if side == "trade" else bills.fund
            if (equal or void) and bill is not None:
                yield bill, side, equal, void


def matched_of(it: Equal) -> MatchedLine:
    row = it.row
    return MatchedLine(
        it.line, row.kind, row.number, row.channel_number, row.order_id, row.refund_id, row.amount_fen,
        row.fee_fen, row.net_fen, row.booked,
    )  # fmt: skip


def pending_of(it: Waits, key: Key) -> PendingLine:
    if it.ahead is not None:
        return PendingLine(
            "fund", None, "pay", "", it.ahead.number, it.ahead.net_fen, key.date, it.until
        )
    if it.line is not None:
        line = it.line

        return PendingLine(
            "trade", line.line, line.kind, own_number(line), channel_number(line), net_fen(line),
            line.bill.date, it.until,
        )  # fmt: skip
    assert it.row is not None
    row = it.row
    return PendingLine(
        "ledger", None, row.kind, row.number, row.channel_number, row.net_fen, row.booked, it.until
    )


def settlements(it: Equal, key: Key) -> Iterator[SettleBreak]:
    """What was in suspense on one side, or on both, has found the other."""
    row, gained = it.row, it.row.net_fen
    name = f"{row.kind}/{row.number}/{row.channel_number}"
    if it.held is not None:
        yield SettleBreak(
            *key,
            break_id=it.held,
            resolution="matched_ledger",
            suspense="long" if gained > 0 else "short",
            amount_fen=abs(gained),
            booked=row.booked,
            reference=name,
            side="ledger",
            waited=f"ledger {row.kind} {row.number}",
        )
    if row.held is not None:
        by_bill = it.held is None
        yield SettleBreak(
            *key,
            break_id=row.held,
            resolution="matched_bill" if by_bill else "matched_ledger",
            suspense="short" if gained > 0 else "long",
            amount_fen=abs(gained),
            booked=row.booked,
            reference=f"{it.side} {it.bill_date} line {it.line}" if by_bill else name,
            side="trade" if by_bill else "ledger",
            line=it.line if by_bill and it.bill_date == key.date else None,
        )


def open_break(it: Finding, key: Key, bills: Bills) -> OpenBreak:
    line, row, fund = it.line, it.row, it.funds[0] if it.funds else None
    own_bill = line is not None and line.bill.date == key.date and it.side == "trade"
    whole = fund is not None and it.side == "fund" and fund.business_type not in OF_TRADE
    bill_id, place = None, None
    if own_bill and line is not None:
        bill_id, place = bills.trade, line.line
    elif whole and fund is not None:
        bill_id, place = bills.fund, fund.line
    number, theirs_number = numbers(it)
    return OpenBreak(
        *key,
        about=about(it),
        failing=it.failing,
        booked=row.booked if row else key.date,
        bill_id=bill_id,
        side=it.side,
        line=place,
        kind=kind_of(it),
        number=number[:64],
        channel_number=theirs_number[:64],
        order_id=(row.order_id if row else None) or (it.known.order_id if it.known else None),
        refund_id=(row.refund_id if row else None) or (it.known.refund_id if it.known else None),
        ours=ours_of(row),
        theirs=theirs_of(line) if line else said_of(fund),
        through_fen=it.through_fen,
        unbooked_fen=it.unbooked_fen,
        unbilled_fen=it.unbilled_fen,
        suggested=it.suggested,
        detail=it.detail[:300],
        rule=it.auto,
        waited=f"ledger {row.kind} {row.number}" if row else "",
    )


def about(it: Finding) -> str:
    """By which it is found again: the place of a line, or the numbers of what stands nowhere."""
    if it.number:
        return f"flow {it.number}"
    if it.line is not None:
        return f"trade {it.line.bill.date} {it.line.line}"
    if it.row is not None:
        return f"row {it.row.kind} {it.row.number} {it.row.channel_number}"
    if it.funds:
        return f"fund {it.funds[0].line} {it.failing[0]}"
    return it.failing[0]


def numbers(it: Finding) -> tuple[str, str]:
    if it.row is not None:
        return it.row.number, it.row.channel_number
    if it.line is not None:
        return own_number(it.line), channel_number(it.line)
    if it.funds:
        return it.funds[0].voucher_no, it.funds[0].business_no
    return "", it.number


def kind_of(it: Finding) -> Kind:
    if it.row is not None:
        return it.row.kind
    return it.line.kind if it.line is not None else "pay"


def ours_of(row: Row | None) -> Said | None:
    if row is None:
        return None
    return Said(
        row.amount_fen, row.fee_fen, row.status or "captured", row.currency, row.merchant, row.at
    )


def theirs_of(line: TradeLine) -> Said:
    status = line.status if line.kind == "pay" else line.refund_status
    return Said(line.settled_fen, line.fee_fen, status, line.currency, line.sub_mchid, line.at)


def said_of(fund: FundLine | None) -> Said | None:
    if fund is None:
        return None
    return Said(fund.amount_fen, 0, f"{fund.business_type} {fund.direction}", "CNY", "", fund.at)


def chunks(items: list[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
