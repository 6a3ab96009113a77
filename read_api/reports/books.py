"""The lines of the ledger as reports see them: which of them, of which days, as known when.

Every sum of a report is an amount of some lines: `Cell.amount` of those where `Cell.when` holds. The report
and the explanation of its cells are made from the same two, so they cannot tell different stories.
"""

from datetime import date, datetime
from typing import Any, Final, LiteralString, NamedTuple

from domain.accounts import CHART
from projections import ledger

NAME: Final = ledger.NAME
LINES: LiteralString = "read.ledger_lines_v2"
KNOWN: LiteralString = "tenant = %(tenant)s and position <= %(known)s"
CHOSEN: LiteralString = "(%(account)s::text is null or account = %(account)s)"

BEFORE: LiteralString = "coalesce(value_date < %(since)s::date, false)"
UNTIL: LiteralString = "(%(through)s::date is null or value_date <= %(through)s)"
WITHIN: LiteralString = "(%(since)s::date is null or value_date >= %(since)s) and " + UNTIL

DEBIT: LiteralString = "debit_fen"
CREDIT: LiteralString = "credit_fen"
NET: LiteralString = "debit_fen - credit_fen"
GROWTH: LiteralString = "case when account = any(%(credits)s) then credit_fen - debit_fen else debit_fen - credit_fen end"
"""What a line adds to the balance of its account, as `domain.accounts.Account.balance` has it."""

CREDITS: Final = [code for code, account in CHART.items() if account.balance(0, 1) > 0]

# Positions and times of a cell run together, so a moment is a position: the last one recorded by then.
MOMENT: LiteralString = """
select coalesce(max(position), 0) as position from read.ledger_lines_v2
where tenant = %(tenant)s and recorded_at <= %(at)s"""


class Source(NamedTuple):
    """Lines that sums are made of, each at a place of the log (position, nth), with a tenant and a value date.

    `shown`: what is told of each as SQL; nothing for lines of the ledger, which come as whole entries.
    """

    lines: LiteralString
    known: LiteralString = KNOWN
    shown: LiteralString = ""


LEDGER: Final = Source(LINES, f"{KNOWN} and {CHOSEN}")


class Cell(NamedTuple):
    """A sum of lines. `of`: which lines belong to a row, when its key alone does not say it.

    With a `source` of its own it is made of other lines than the rest of the report, and `of` names them.
    """

    amount: LiteralString
    when: LiteralString = "true"
    of: LiteralString = ""
    source: Source | None = None


class View(NamedTuple):
    """Which lines: value dates from `since` through `through`, recorded up to position `known`."""

    since: date | None
    through: date | None
    known: int
    account: str | None
    today: date  # what ages are counted to

    def values(self, tenant: str) -> dict[str, Any]:
        """As queries take it."""
        return {
            "tenant": tenant,
            "known": self.known,
            "since": self.since,
            "through": self.through,
            "account": self.account,
            "today": self.today,
            "credits": CREDITS,
        }


def named(code: str) -> str:
    """An account for people."""
    account = CHART[code]
    return f"{account.zh} {account.en}"


def with_names(row: dict[str, Any], view: View) -> dict[str, Any]:
    """The name of the row's account beside its code."""
    return row | {"name": named(row["account"])}


def as_it_is(row: dict[str, Any], view: View) -> dict[str, Any]:
    return row


def age(since: date | datetime, view: View) -> int:
    """Days, the first one not counted."""
    day = since.date() if isinstance(since, datetime) else since
    return max((view.today - day).days, 0)


def bucket(days: int) -> str:
    """Of finance's ageing: T+1, T+3, T+7, T+30."""
    for most in (1, 3, 7, 30):
        if days <= most:
            return f"≤ T+{most}"
    return "> T+30"
