"""What left the channel or us for a bank, against the bank's own lines; and shares that must go before a freeze ends."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Literal, NamedTuple, TypeAlias

from domain.events.recon import Code
from domain.ids import OrderId
from domain.matching import DAY
from domain.matching_rows import RULES, Rules

EXPIRING_TENTHS = 8  # of the freeze: people are told when so much of it is over


class Transfer(NamedTuple):
    """A withdrawal (into our bank account) or a payout (out of it). Several may be one line of the bank: a batch."""

    number: str
    batch: str  # what the bank calls them all by; "": it goes alone, by its number
    amount_fen: int  # signed: what our bank account gains
    sent_on: date


class BankLine(NamedTuple):
    """One line of a bank statement. `returned`: money that we had paid out, and that came back."""

    line: int
    reference: str
    amount_fen: int  # signed
    kind: Literal["moved", "returned"]
    at: datetime


class SplitDue(NamedTuple):
    """A share of a payment that must be split off before the channel unfreezes all of it."""

    number: str
    order_id: OrderId
    amount_fen: int
    frozen_at: datetime
    freeze_ends_at: datetime
    done: bool


class Settled(NamedTuple):
    """The bank's line is these transfers, to the fen."""

    line: int
    numbers: tuple[str, ...]


class Stays(NamedTuple):
    """The bank may still show it: until this date."""

    number: str
    until: date


class Odd(NamedTuple):
    """A break outside the bills: its code, what it is about, and by how much."""

    code: Code
    reference: str
    line: int | None
    difference_fen: int
    numbers: tuple[str, ...] = ()


Seen: TypeAlias = Settled | Stays | Odd


def compare_bank(
    transfers: Iterable[Transfer], lines: Iterable[BankLine], *, on: date, rules: Rules = RULES
) -> Iterator[Seen]:
    """Stage C: each line of the bank is one transfer, or all those of its batch."""
    groups = defaultdict[str, list[Transfer]](list)
    numbers: set[str] = set()
    for transfer in sorted(transfers):
        groups[transfer.batch or transfer.number].append(transfer)
        numbers.add(transfer.number)
    for line in sorted(lines, key=lambda each: (each.kind, each.reference, each.line)):
        if line.kind == "returned":
            code: Code = "PAYOUT_RETURNED" if line.reference in numbers else "BANK_DIFF"
            yield Odd(code, line.reference, line.line, line.amount_fen)
            continue
        group = groups.pop(line.reference, [])
        ours, names = sum(one.amount_fen for one in group), tuple(one.number for one in group)
        if group and ours == line.amount_fen:
            yield Settled(line.line, names)
        else:
            more = line.amount_fen - ours
            yield Odd("BANK_DIFF", line.reference, line.line, more, names)
    for reference, group in groups.items():
        until = max(one.sent_on for one in group) + DAY * rules.window_days
        if on < until:
            yield from (Stays(one.number, until) for one in group)
        else:
            less, names = -sum(one.amount_fen for one in group), tuple(one.number for one in group)
            yield Odd("BANK_DIFF", reference, None, less, names)


def watch_splits(dues: Iterable[SplitDue], at: datetime) -> Iterator[Odd]:
    """Shares that missed the end of their freeze, or are about to."""
    for due in dues:
        if due.done:
            continue
        frozen, passed = due.freeze_ends_at - due.frozen_at, at - due.frozen_at
        if at >= due.freeze_ends_at:
            yield Odd("SPLIT_MISSING", due.number, None, due.amount_fen)
        elif passed * 10 >= frozen * EXPIRING_TENTHS:
            yield Odd("SPLIT_EXPIRING", due.number, None, due.amount_fen)
