"""All stages of one bill date in their order: the chain of balances, the trade bill, the fund flow."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import NamedTuple

from domain.bill_lines import FundLine, TradeLine
from domain.fund_flow import Payout, compare_bills, gap
from domain.matching import Held, conclude
from domain.matching_join import Join
from domain.matching_rows import RULES, Ahead, Finding, Lookup, Outcome, Row, Rules


class Date(NamedTuple):
    """What one bill date of one account is matched from. Bills are read more than once, so they are functions.

    `rows` are payments and refunds in clearing that no line has yet: of this date and before, and those just
    after its midnight; `fund_rows` what only the fund flow shows. `carried` are lines of earlier bills that
    wait, or whose money is in suspense (`held`).
    """

    bill_date: date
    trades: Callable[[], Iterable[TradeLine]]
    funds: Callable[[], Iterable[FundLine]]
    opening_fen: int | None
    rows: Iterable[Row]
    fund_rows: Sequence[Row] = ()
    carried: Sequence[TradeLine] = ()
    held: Held | None = None
    payouts: Mapping[str, Payout] | None = None
    ahead: Sequence[Ahead] = ()
    known: Lookup = lambda numbers: {}
    rules: Rules = RULES
    done: frozenset[int] = (
        frozenset()
    )  # lines of this date's trade bill that have their place already


def outcomes(of: Date) -> Iterator[Outcome]:
    """Everything that comes of this date. A fund flow with a gap is fetched again before anything is matched."""
    if (broken := gap(of.funds(), of.opening_fen)) is not None:
        detail = f"{broken.expected_fen} fen expected, {broken.line.balance_fen} found"
        yield Finding(("BALANCE_GAP",), "fund", funds=(broken.line,), detail=detail)
        return
    held = frozenset(line for on, line in of.held or () if on == of.bill_date)
    join = Join(of.rows, of.bill_date, held)
    fresh = (line for line in of.trades() if line.line not in of.done) if of.done else of.trades()
    join.hear(chain(of.carried, fresh))
    yield from join.equal()
    yield from conclude(
        [join.leftover()], bill_date=of.bill_date, known=of.known, held=of.held, rules=of.rules
    )
    yield from compare_bills(
        of.trades(),
        of.funds(),
        of.fund_rows,
        payouts=of.payouts or {},
        ahead=of.ahead,
        bill_date=of.bill_date,
        rules=of.rules,
    )
