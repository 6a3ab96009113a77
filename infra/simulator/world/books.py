"""The books of the ledger, kept by the judge: every event posted again and added up, position by position."""

from collections import Counter
from typing import Final, TypeAlias

from domain.accounts import CHART
from domain.events import Event
from domain.events.recon import FundMoved
from domain.ledger import Entry, Line, postings

Key: TypeAlias = tuple[str, str]  # account, sub-key
OWN: Final = frozenset({"recharge", "withdrawal", "withdrawal_returned"})


class MoneyBook:
    """Feed it every event in order; what is wrong at one position is noted at that position."""

    def __init__(self) -> None:
        self.position = 0
        self.entries = 0
        self.difference = 0  # fen of debits over credits, of everything
        self.debits: Counter[Key] = Counter()
        self.credits: Counter[Key] = Counter()
        self.unbalanced: list[str] = []
        self.below_zero: list[str] = []
        self.paid_in = 0  # fen of our own on a channel's account, less what we took to the bank

    def take(self, position: int, event: Event) -> None:
        self.position = position
        if isinstance(event, FundMoved) and event.kind in OWN:
            self.paid_in += event.amount.fen
        for entry in postings(event):
            self._take(position, event, entry)

    def _take(self, position: int, event: Event, entry: Entry) -> None:
        self.entries += 1
        for line in entry.lines:
            self._add(line)
        if self.difference:
            self.unbalanced.append(f"{self.difference} fen at {position}, {type(event).__name__}")
            self.difference = 0  # named once, where it came from
        for key in {(line.account, line.sub_key) for line in entry.lines}:
            if CHART[key[0]].never_negative and self.balance(key) < 0:
                self.below_zero.append(f"{' '.join(key)} is {self.balance(key)} fen at {position}")

    def _add(self, line: Line) -> None:
        key = line.account, line.sub_key
        self.debits[key] += line.debit_fen
        self.credits[key] += line.credit_fen
        self.difference += line.debit_fen - line.credit_fen

    def balance(self, key: Key) -> int:
        """In fen, as the account grows."""
        return CHART[key[0]].balance(self.debits[key], self.credits[key])

    def of(self, account: str) -> dict[str, int]:
        """What an account is made of: fen by sub-key, but for those at zero."""
        keys = [key for key in self.debits.keys() | self.credits.keys() if key[0] == account]
        return {key[1]: fen for key in keys if (fen := self.balance(key))}

    def sums(self) -> dict[Key, tuple[int, int]]:
        """Debits and credits of every account and sub-key, in fen."""
        keys = self.debits.keys() | self.credits.keys()
        return {key: (self.debits[key], self.credits[key]) for key in keys}
