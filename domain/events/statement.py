"""What a merchant is paid for a period, line by line, and why."""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from domain.agreement import Period
from domain.events.earning import Amounts
from domain.ids import MerchantId, OrderId, StatementId
from domain.money import Money
from domain.policies import BookPolicy

LineKind: TypeAlias = Literal["earning", "reversal", "adjustment"]
NetTo: TypeAlias = Literal["payable", "receivable", "channel"]
"""Where a line's money stands until the close: 2120, 1310, or with the channel, which pays it without us."""


class StatementOpened(msgspec.Struct, frozen=True, tag="statement.opened.v1"):
    """The first line of a period is about to come, or something owed by the merchant runs on into it."""

    statement_id: StatementId
    merchant_id: MerchantId
    kind: Period
    period: str  # "2026-11-24", "2026-W48" or "2026-11", Asia/Shanghai
    starts_at: datetime
    ends_at: datetime
    closes_at: datetime
    at: datetime


class StatementLineAdded(msgspec.Struct, frozen=True, tag="statement.line_added.v1"):
    """One line, for ever: nothing is taken off a statement, what goes back has a line of its own."""

    statement_id: StatementId
    merchant_id: MerchantId
    line: int  # from 1
    kind: LineKind
    order_id: OrderId
    source_id: UUID  # the earning, the refund, or the proposal of the adjustment
    lot: int  # of the earning; 0 for adjustments
    amounts: Amounts  # negative where money goes back
    net: Money  # what the line adds to what the platform pays; zero when the channel pays
    net_to: NetTo
    at: datetime


class StatementClosed(msgspec.Struct, frozen=True, tag="statement.closed.v1"):
    """The period is over and nothing is added any more. net + carried_in = payable - carried_out.

    `netted` moves from what is payable (2120) to what the merchant owes (1310): afterwards 2120 holds just
    `payable`, and 1310 just `carried_out`.
    """

    statement_id: StatementId
    merchant_id: MerchantId
    period: str
    lines: int
    root: str  # RFC 6962 over the lines in order, hexadecimal
    totals: Amounts
    net: Money  # of all lines
    carried_in: Money  # owed by the merchant from before: zero or negative
    netted: Money
    payable: Money
    carried_out: Money  # owed by the merchant now
    books: BookPolicy
    at: datetime


StatementEvent: TypeAlias = StatementLineAdded | StatementOpened | StatementClosed
