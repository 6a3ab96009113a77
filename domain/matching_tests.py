"""A line against a row: which tests fail, in the order of their weight, and where the money of a difference belongs."""

from typing import Final, NamedTuple

from domain.bill_lines import TradeLine
from domain.events.recon import Code
from domain.matching_rows import Row, net_fen, paid

BILLED: Final = {"FAIL": "closed", "CHANGE": "abnormal"}  # refund states as bills write them
DEAD: Final = frozenset({"closed", "abnormal"})
ELSEWHERE: Final[frozenset[Code]] = frozenset({"CURRENCY_DIFF", "MERCHANT_DIFF"})


class Legs(NamedTuple):
    """Where the money of a break belongs: both have it, only the bill, only we."""

    through_fen: int = 0
    unbooked_fen: int = 0
    unbilled_fen: int = 0


def agree(line: TradeLine, row: Row) -> bool:
    """Whether no test fails: the same as `not failing(line, row)`, for a million lines."""
    return (
        line.amount_fen == row.amount_fen
        and line.settled_fen == row.amount_fen
        and line.fee_fen == row.fee_fen
        and line.currency == row.currency
        and line.sub_mchid == row.merchant
        and (line.status == "SUCCESS" if line.kind == "pay" else not stale(line, row))
    )


def failing(line: TradeLine, row: Row) -> tuple[Code, ...]:
    """Every test that fails. The first is what the break is called."""
    tests: tuple[tuple[Code, bool], ...] = (
        ("STATUS_LEDGER_PAID", not paid(line)),
        ("REFUND_ABNORMAL_STALE", line.kind == "refund" and stale(line, row)),
        ("AMOUNT_OVER", billed_fen(line, row) > row.amount_fen),
        ("AMOUNT_UNDER", billed_fen(line, row) < row.amount_fen),
        ("FEE_DIFF", line.fee_fen != row.fee_fen),
        ("CURRENCY_DIFF", line.currency != row.currency),
        ("MERCHANT_DIFF", line.sub_mchid != row.merchant),
    )
    return tuple(code for code, fails in tests if fails)


def billed_fen(line: TradeLine, row: Row) -> int:
    """What the bill has against the row's amount: what was paid, or, when that agrees, what of it is settled."""
    return line.settled_fen if line.amount_fen == row.amount_fen else line.amount_fen


def stale(line: TradeLine, row: Row) -> bool:
    """The channel ended this refund without paying, and we do not know."""
    told = row.told or BILLED.get(line.refund_status, "")
    return told in DEAD and told != row.status


def legs(line: TradeLine, row: Row, tests: tuple[Code, ...], *, line_held: bool = False) -> Legs:
    """What both have goes through; of another currency or merchant, or in suspense already, nothing does."""
    ours = 0 if row.held else row.net_fen
    theirs = 0 if line_held else net_fen(line)
    if row.held or line_held or not ELSEWHERE.isdisjoint(tests):
        return Legs(0, theirs, ours)
    through = min(ours, theirs, key=abs) if (ours > 0) == (theirs > 0) else 0
    return Legs(through, theirs - through, ours - through)
