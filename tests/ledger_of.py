"""The books of a cell in memory: every event posted in the order of the log, and looked at after each."""

from collections import defaultdict

from domain.accounts import CHART
from domain.ledger import postings
from tests.in_memory import Cell


def books_of(cell: Cell) -> dict[tuple[str, str], int]:
    """Balance by account and sub-key, zeros left out. Fails where an entry is unbalanced or a debt below zero."""
    balance: defaultdict[tuple[str, str], int] = defaultdict(int)
    for recorded in cell.log:
        for entry in postings(recorded.event):
            assert sum(line.debit_fen - line.credit_fen for line in entry.lines) == 0, entry
            touched = {(line.account, line.sub_key) for line in entry.lines}
            for line in entry.lines:
                account = CHART[line.account]
                balance[line.account, line.sub_key] += account.balance(
                    line.debit_fen, line.credit_fen
                )
            for code, sub_key in touched:
                if CHART[code].never_negative:
                    assert balance[code, sub_key] >= 0, f"{code} {sub_key} after {recorded.event}"
    return {key: fen for key, fen in balance.items() if fen}
