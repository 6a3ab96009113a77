"""The ledger as the API shows it. Amounts are fen."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from domain.accounts import CHART, Kind
from read_api.pages import Page


class Sums(BaseModel):
    """`balance_fen` grows with debits for assets and expenses, else with credits."""

    debit_fen: int
    credit_fen: int
    balance_fen: int


class AccountSums(Sums):
    """One account of the chart."""

    account: str
    zh: str
    en: str
    kind: Kind


class TrialBalance(BaseModel):
    """Every account. `difference_fen` is debits less credits, and must be zero."""

    accounts: list[AccountSums]
    debit_fen: int
    credit_fen: int
    difference_fen: int
    degraded: bool


class SubKeySums(Sums):
    """One sub-key of an account."""

    sub_key: str


class AccountBalances(Page[SubKeySums]):
    """What an account is made of."""

    account: str
    zh: str
    en: str
    kind: Kind
    sub_key_is: str
    degraded: bool


def trial_balance(rows: Iterable[dict[str, Any]], *, degraded: bool) -> TrialBalance:
    """The whole chart, with what moved."""
    moved = {row["account"]: (row["debit_fen"], row["credit_fen"]) for row in rows}
    accounts = []
    for code, account in CHART.items():
        debit, credit = moved.pop(code, (0, 0))
        accounts.append(
            AccountSums(
                account=code,
                zh=account.zh,
                en=account.en,
                kind=account.kind,
                debit_fen=debit,
                credit_fen=credit,
                balance_fen=account.balance(debit, credit),
            )
        )
    assert not moved, "lines in accounts that the chart does not have"
    debits, credits = sum(it.debit_fen for it in accounts), sum(it.credit_fen for it in accounts)
    return TrialBalance(
        accounts=accounts, debit_fen=debits, credit_fen=credits,
        difference_fen=debits - credits, degraded=degraded,
    )  # fmt: skip
