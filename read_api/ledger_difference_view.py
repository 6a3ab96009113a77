"""What is told of two views of the books. Amounts are fen."""

from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from typing import Any, Literal

from pydantic import BaseModel

from domain.accounts import CHART
from read_api.ledger_entries import EntryView, LineView
from read_api.pages import Page

Side = Literal["left", "right"]
Why = Literal["recorded_later", "of_a_later_day"]


class AccountDifference(BaseModel):
    """`difference_fen` is right less left; balances grow as `AccountSums.balance_fen` does."""

    account: str
    zh: str
    en: str
    left_fen: int
    right_fen: int
    difference_fen: int


class Group(BaseModel):
    """Entries of one kind that only one side has, and what they make right differ from left by."""

    account: str
    side: Side
    why: Why
    event: str
    rule: str
    entries: int
    fen: int


class Apart(EntryView):
    """An entry that only one side has. `changes`: account -> what it makes right differ from left by."""

    side: Side
    why: Why
    changes: dict[str, int]


class Difference(Page[Apart]):
    """Groups, and the entries of all pages, each add up to the difference of every account."""

    left_known_position: int
    right_known_position: int
    accounts: list[AccountDifference]
    groups: list[Group]
    degraded: bool


def compared(row: dict[str, Any]) -> AccountDifference:
    account = CHART[row["account"]]
    difference = row["right_fen"] - row["left_fen"]
    return AccountDifference(**row, zh=account.zh, en=account.en, difference_fen=difference)


def apart(rows: Iterable[dict[str, Any]], account: str | None, sub_key: str | None) -> list[Apart]:
    """Entries of lines that come entry by entry. Only lines that were asked for change anything."""
    found = []
    for _, of_one in groupby(rows, key=lambda row: (row["position"], row["nth"])):
        lines = list(of_one)
        sign = -1 if lines[0]["side"] == "left" else 1
        changes: Counter[str] = Counter()
        for it in lines:
            if account in (None, it["account"]) and sub_key in (None, it["sub_key"]):
                grown = CHART[it["account"]].balance(it["debit_fen"], it["credit_fen"])
                changes[it["account"]] += sign * grown
        shown = [LineView(**it) for it in lines]
        found.append(Apart(**lines[0], lines=shown, changes=dict(changes)))
    return found
