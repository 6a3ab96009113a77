"""Replay: a month of the books told again under another policy or another agreement (改约重算).

Pure: facts in, differences out. Whose money it is, who was paid and when stay as they happened; what is told
otherwise is commission, tax, revenue and cost, and, if it is earned at another moment, the day of it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain import accounts
from domain.accounts import Code
from domain.agreement import Agreement
from domain.events.correction import Correction, CorrectionLine
from domain.events.earning import EarningMatured, EarningRecognised, EarningReversed
from domain.events.points import PointsExpired, PointsGranted
from domain.events.split import SplitSubsidised
from domain.ids import MerchantId, OrderId
from domain.ledger import Entry, Line, entry_id, postings
from domain.policies import Accounting, BookPolicy, RecogniseAt, SubsidyAs
from domain.reprice import Repriced, Volume

Replayable: TypeAlias = (
    EarningRecognised
    | EarningReversed
    | EarningMatured
    | PointsGranted
    | PointsExpired
    | SplitSubsidised
)
"""What is posted by a policy, or in amounts that an agreement decided."""

MERCHANTS: Final[frozenset[Code]] = frozenset(
    {
        accounts.MERCHANT_PENDING,
        accounts.MERCHANT_PAYABLE,
        accounts.MERCHANT_OWES,
        accounts.SPLIT_RECEIVABLE,
    }
)
"""What a merchant gets or owes: put right by an adjustment, which its statement shows, never by a correction."""

Place: TypeAlias = tuple[Code, str]
Owner: TypeAlias = tuple[MerchantId | None, Code]


class Change(msgspec.Struct, frozen=True):
    """What would have been otherwise; None: as it was."""

    recognise_at: RecogniseAt | None = None
    subsidy_as: SubsidyAs | None = None
    accounting: Accounting | None = None
    agreement: Agreement | None = None

    def books(self, decided: BookPolicy) -> BookPolicy:
        """The policy to tell it by. Who holds the money is no policy afterwards, but a fact."""
        other = {
            name: value
            for name in ("recognise_at", "subsidy_as", "accounting")
            if (value := getattr(self, name)) is not None
        }
        return replace(decided, **other)


class Fact(NamedTuple):
    """One event with its place in the log."""

    stream: UUID
    position: int
    event: Replayable


class Sale(NamedTuple):
    """What has to be known of an order besides what it earned."""

    category: str
    readied: date | None


class Difference(NamedTuple):
    """One account of one merchant in the month: debits less credits, in fen, as booked and as told again."""

    merchant_id: MerchantId | None
    account: Code
    booked_fen: int
    told_fen: int


class Replay:
    """Feed it each order's facts, oldest first; then read what differs."""

    def __init__(self, first: date, after: date, change: Change, volume: Volume) -> None:
        self._first, self._after = first, after  # the month, and the first day after it
        self._change = change
        self._volume = volume
        self._booked: Counter[Owner] = Counter()
        self._told: Counter[Owner] = Counter()
        self.entries = 0  # of the month, as booked
        self.moved = 0  # entries that would have another day
        self.corrections: list[Correction] = []
        self.adjustments: Counter[tuple[MerchantId, OrderId]] = Counter()  # fen to the merchant

    def tell(self, facts: Sequence[Fact], sale: Sale) -> None:
        """All of one stream."""
        for fact, other in zip(facts, self._rewritten(facts, sale), strict=True):
            books = self._change.books(other.books) if hasattr(other, "books") else None
            booked, told = postings(fact.event), postings(other, books)
            for nth, (old, new) in enumerate(zip(booked, told, strict=True)):
                self._compare(fact, nth, old, self._dated(fact, new, sale))

    def differences(self) -> list[Difference]:
        """Per merchant by account, those that differ."""
        return [
            Difference(*key, self._booked[key], self._told[key])
            for key in sorted(self._booked.keys() | self._told.keys(), key=str)
            if self._booked[key] != self._told[key]
        ]

    def _rewritten(self, facts: Sequence[Fact], sale: Sale) -> Iterator[Replayable]:
        agreement = self._change.agreement
        if agreement is None:
            yield from (fact.event for fact in facts)
            return
        again = Repriced(agreement, sale.category, self._volume)
        for fact in facts:
            event = fact.event
            if isinstance(event, EarningRecognised | EarningReversed | EarningMatured):
                event = again.tell(event)
            yield event

    def _dated(self, fact: Fact, entry: Entry, sale: Sale) -> Entry | None:
        """On the day it would have; None when it would not have been earned by now."""
        event, wanted = fact.event, self._change.recognise_at
        if not isinstance(event, EarningRecognised) or wanted in (None, event.cause):
            return entry
        if wanted == "sale" and sale.readied is not None:
            return replace(entry, value_date=sale.readied)
        return None

    def _compare(self, fact: Fact, nth: int, old: Entry, new: Entry | None) -> None:
        was_here, is_here = self._here(old), new is not None and self._here(new)
        if was_here:
            self.entries += 1
            self._add(self._booked, old)
        if new is not None and is_here:
            self._add(self._told, new)
        if new is None or old.value_date != new.value_date:
            self.moved += was_here or is_here
        elif was_here and (moves := differing(old, new)):
            self._put_right(entry_id(fact.stream, fact.position, nth=nth), old, moves)

    def _here(self, entry: Entry) -> bool:
        return self._first <= entry.value_date < self._after

    def _add(self, sums: Counter[Owner], entry: Entry) -> None:
        for (account, _), fen in net(entry.lines).items():
            sums[entry.merchant_id, account] += fen

    def _put_right(self, id: UUID, old: Entry, moves: Mapping[Place, int]) -> None:
        lines: Counter[Place] = Counter()
        for (account, key), fen in moves.items():
            if account not in MERCHANTS:
                lines[account, key] += fen
                continue
            assert old.merchant_id is not None
            assert old.order_id is not None
            self.adjustments[old.merchant_id, old.order_id] -= fen
            lines[accounts.COMPENSATION, str(old.order_id)] += fen  # where an adjustment is booked
        sides = tuple(
            CorrectionLine(*place, max(fen, 0), max(-fen, 0)) for place, fen in lines.items() if fen
        )
        if sides:
            whose = old.order_id, old.refund_id, old.merchant_id
            self.corrections.append(Correction(id, sides, *whose))


def net(lines: Iterable[Line]) -> Counter[Place]:
    """Fen by account and sub-key: debits less credits."""
    sums: Counter[Place] = Counter()
    for line in lines:
        sums[line.account, line.sub_key] += line.debit_fen - line.credit_fen
    return sums


def differing(old: Entry, new: Entry) -> dict[Place, int]:
    """What the old one lacks to be the new one."""
    before, after = net(old.lines), net(new.lines)
    return {
        place: fen
        for place in sorted(before.keys() | after.keys())
        if (fen := after[place] - before[place])
    }
