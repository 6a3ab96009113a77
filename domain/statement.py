"""Statement: what one merchant is paid for one period. Lines are only ever added; at its close they add up.

Between its opening and its close, what lines add stands in 2120 (payable) or 1310 (the merchant owes it);
the close nets the two, so that nobody is paid while he owes.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, assert_never
from uuid import UUID

import msgspec

from domain import merkle
from domain.agreement import Agreement
from domain.decider import Decider
from domain.errors import NotFound
from domain.events.earning import NOTHING, Amounts
from domain.events.statement import (
    LineKind,
    NetTo,
    StatementClosed,
    StatementEvent,
    StatementLineAdded,
    StatementOpened,
)
from domain.ids import NIL, MerchantId, OrderId, StatementId, statement_id
from domain.money import ZERO, Money
from domain.period import span
from domain.policies import BookPolicy


class Statement(msgspec.Struct):
    """What a decision needs to know, and no more: sums instead of lines, peaks instead of hashes."""

    id: StatementId = StatementId(NIL)
    merchant_id: MerchantId = MerchantId(NIL)
    period: str = ""
    ends_at: datetime | None = None
    closes_at: datetime | None = None
    lines: int = 0
    totals: Amounts = NOTHING
    payable: Money = ZERO  # of lines whose money stands in 2120
    receivable: Money = ZERO  # of lines whose money stands in 1310: never above zero
    peaks: list[bytes] = []  # of the Merkle tree over the lines
    closed: bool = False


class StatementNotFound(NotFound, code="statement_not_found", zh="账单不存在"):
    """No statement with this id exists."""


class NewLine(NamedTuple):
    """A line before it has a number."""

    kind: LineKind
    order_id: OrderId
    source_id: UUID
    lot: int
    amounts: Amounts
    net: Money
    net_to: NetTo


# --- decisions ------------------------------------------------------------------------------


def open_(
    statement: Statement, *, merchant_id: MerchantId, agreement: Agreement, at: datetime
) -> tuple[StatementEvent, ...]:
    """Begin the statement of the period that `at` falls into."""
    if known(statement):
        return ()
    period = span(agreement.period, at)
    return (
        StatementOpened(
            statement_id=statement_id(merchant_id, period.name),
            merchant_id=merchant_id,
            kind=agreement.period,
            period=period.name,
            starts_at=period.starts_at,
            ends_at=period.ends_at,
            closes_at=period.ends_at + timedelta(hours=agreement.close_hours),
            at=at,
        ),
    )


def add(
    statement: Statement,
    new: Sequence[NewLine],
    *,
    of: StatementId,
    merchant_id: MerchantId,
    at: datetime,
) -> tuple[StatementEvent, ...]:
    """Put lines on it. Each has been decided elsewhere in the same commit, and there but once."""
    assert not statement.closed, "a closed statement takes no line"
    return tuple(
        StatementLineAdded(of, merchant_id, number, *line, at)
        for number, line in enumerate(new, statement.lines + 1)
    )


def close(
    statement: Statement, *, owed: Money, books: BookPolicy, at: datetime
) -> tuple[StatementClosed, ...]:
    """Add it up, once its time has come. `owed` is what the merchant owes from before."""
    if not known(statement):
        raise StatementNotFound
    if statement.closed or statement.closes_at is None or at < statement.closes_at:
        return ()
    net = statement.payable + statement.receivable
    left = net - owed
    payable = max(left, ZERO)
    return (
        StatementClosed(
            statement_id=statement.id,
            merchant_id=statement.merchant_id,
            period=statement.period,
            lines=statement.lines,
            root=merkle.Frontier(statement.lines, statement.peaks).root().hex(),
            totals=statement.totals,
            net=net,
            carried_in=ZERO - owed,
            netted=statement.payable - payable,
            payable=payable,
            carried_out=payable - left,
            books=books,
            at=at,
        ),
    )


# --- parts of decisions ---------------------------------------------------------------------


def known(statement: Statement) -> bool:
    """Was it opened?"""
    return statement.id != NIL


def takes_lines(statement: Statement) -> bool:
    """Is what stands on it still ours to pay, or not to pay?"""
    return known(statement) and not statement.closed


def line_hash(line: StatementLineAdded) -> bytes:
    """The leaf of one line: its fields as words, so that a merchant can make it again from what is shown."""
    amounts = (str(amount.fen) for amount in line.amounts.columns())
    of = (line.statement_id, line.line, line.kind, line.order_id, line.source_id, line.lot)
    words = (*map(str, of), *amounts, str(line.net.fen), line.net_to, line.at.isoformat())
    return merkle.leaf(" ".join(words).encode())


# --- evolution ------------------------------------------------------------------------------


def evolve(statement: Statement, event: StatementEvent) -> Statement:
    """Believe the event. No rule is checked here, so history replays under any future rule."""
    match event:
        case StatementLineAdded():
            tree = merkle.Frontier(statement.lines, statement.peaks)
            tree.add(line_hash(event))
            statement.peaks, statement.lines = tree.peaks, event.line
            statement.totals += event.amounts
            if event.net_to == "payable":
                statement.payable += event.net
            else:
                statement.receivable += event.net
        case StatementOpened():
            statement.id, statement.merchant_id = event.statement_id, event.merchant_id
            statement.period = event.period
            statement.ends_at, statement.closes_at = event.ends_at, event.closes_at
        case StatementClosed():
            statement.closed = True
        case _:
            assert_never(event)
    return statement


STATEMENT: Decider[Statement, StatementEvent] = Decider(
    "statement", Statement, StatementEvent, evolve
)
