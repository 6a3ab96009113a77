"""Postings of reconciliation: lines of bills that prove our rows, what differs, and what resolves it.

`net` amounts are signed as the channel's account sees them; a move of less than nothing goes the other way.
"""

from typing import TypeAlias, assert_never

from domain import accounts
from domain.events.recon import (
    BreakOpened,
    BreakPosted,
    BreakReopened,
    FundMoved,
    LateFact,
    LinesMatched,
    Match,
)
from domain.ledger_entry import BillLine, Entry, Line, Place, available, clearing, move
from domain.money import ZERO

ReconPosted: TypeAlias = (
    LinesMatched | FundMoved | LateFact | BreakOpened | BreakReopened | BreakPosted
)


def of_recon(event: ReconPosted) -> tuple[Entry, ...]:
    """The entries of this event."""
    match event:
        case LinesMatched():
            return lines_matched(event)
        case FundMoved():
            return fund_moved(event)
        case LateFact():
            return (late(event),)
        case BreakOpened():
            return (broken(event),)
        case BreakReopened():
            return (broken_again(event),)
        case BreakPosted():
            return (resolved(event),)
    assert_never(event)


def lines_matched(event: LinesMatched) -> tuple[Entry, ...]:
    """P7, R5: each line of the bill takes its row out of clearing: an entry a line."""
    return tuple(line_matched(event, line) for line in event.matches)


def line_matched(of: LinesMatched, match: Match) -> Entry:
    return Entry(
        rule="P7" if match.net >= ZERO else "R5",
        lines=move(available(of.channel), clearing(of.channel, match.booked), match.net),
        value_date=of.bill_date,
        order_id=match.order_id,
        refund_id=match.refund_id,
        reference=match.channel_number,
        bill=BillLine(of.bill_id, match.line),
    )


def fund_moved(event: FundMoved) -> tuple[Entry, ...]:
    """T1: money goes from the channel to our bank account, or back. Payouts were posted when confirmed, and what
    has no name is posted by its break.
    """
    if event.kind in ("payout", "other"):
        return ()
    bank: Place = accounts.BANK, accounts.MAIN_BANK
    return (
        Entry(
            rule="T1",
            lines=move(available(event.channel), bank, event.amount),
            value_date=event.bill_date,
            reference=event.number,
            bill=BillLine(event.bill_id, event.line),
        ),
    )


def late(event: LateFact) -> Entry:
    """L1: a closed day stays as it is, so what was booked to it afterwards counts to the next open one."""
    return Entry(
        rule="L1",
        lines=move(
            clearing(event.channel, event.booked),
            clearing(event.channel, event.bill_date),
            event.net,
        ),
        value_date=event.booked,
        reference=event.channel_number,
    )


def broken(event: BreakOpened) -> Entry:
    """S1, S2, S3: what both have goes through, what only one has waits in suspense until it is explained."""
    return Entry(
        rule=suspended_by(event),
        lines=suspended(event),
        value_date=event.bill_date,
        order_id=event.order_id,
        refund_id=event.refund_id,
        reference=event.channel_number or event.number,
        bill=BillLine(event.bill_id, event.line) if event.bill_id and event.line else None,
    )


def broken_again(event: BreakReopened) -> Entry:
    """S1, S2, S3 again: what closed it was wrong."""
    return Entry(rule=suspended_by(event), lines=suspended(event), value_date=event.bill_date)


def suspended_by(event: BreakOpened | BreakReopened) -> str:
    if event.through != ZERO:
        return "S3"
    return "S1" if event.unbooked != ZERO else "S2"


def suspended(event: BreakOpened | BreakReopened) -> tuple[Line, ...]:
    theirs, ours = available(event.channel), clearing(event.channel, event.booked)
    short: Place = accounts.SHORT, str(event.break_id)
    long: Place = accounts.LONG, str(event.break_id)
    return (
        *move(theirs, ours, event.through),
        *move(theirs, long if event.unbooked > ZERO else short, event.unbooked),
        *move(short if event.unbilled > ZERO else long, ours, event.unbilled),
    )


def resolved(event: BreakPosted) -> Entry:
    """S1r, S2r, S4: suspense is emptied into what explains it."""
    key = str(event.break_id)
    long: Place = accounts.LONG, key
    short: Place = accounts.SHORT, key
    match event.suspense:
        case "long":
            rule, lines = "S1r", move(long, explained(event), event.amount)
        case "short":
            rule, lines = "S2r", move(explained(event), short, event.amount)
        case "both":
            rule, lines = "S1r", move(long, short, event.amount)
    return Entry(
        rule="S4" if event.resolution == "fee" else rule,
        lines=lines,
        value_date=event.bill_date,
        order_id=event.order_id,
        refund_id=event.refund_id,
        reference=event.reference,
    )


def explained(event: BreakPosted) -> Place:
    """The account that the money turned out to belong to."""
    match event.resolution:
        case "matched_ledger":
            return clearing(event.channel, event.booked or event.bill_date)
        case "matched_bill":
            return available(event.channel)
        case "order_found" | "order_unwound":
            return accounts.ESCROW, str(event.order_id)
        case "refund_owed":
            return accounts.PAYABLE, str(event.refund_id)
        case "fee":
            return accounts.FEE, event.channel
        case "written_off" | "paired":  # paired has no other account
            gain = event.suspense == "long"
            return accounts.RECON_GAIN if gain else accounts.RECON_LOSS, str(event.break_id)
    assert_never(event.resolution)
