"""What reconciliation compares, and what may come of it: rows of clearing, rules with their limits, outcomes."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from domain.bill_lines import FundLine, TradeLine
from domain.events.recon import BillSide, Code, FundKind, Kind
from domain.ids import BreakId, OrderId, RefundId

MATCHER_VERSION: Final = (
    1  # raised with every change of what is matched, or how; stored with each day
)


class Rules(msgspec.Struct, frozen=True):
    """Limits of matching. Amounts have none: a fen is a break, always."""

    window_days: int = 2  # a row waits for its line until T+2; finance §2.3
    window_max: int = 3  # and at most until T+3, when midnight is near
    midnight: timedelta = timedelta(minutes=30)  # either side of it
    fee_line_fen: int = 1  # a fee may differ by so much and be booked by itself,
    fee_day_fen: int = 100  # when all those of the day come to no more than this
    looks_within: timedelta = timedelta(minutes=10)  # two payments that look alike
    looks_max: int = 3  # of them shown


RULES: Final = Rules()


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row of our clearing account: what we expect to see on a bill."""

    kind: Kind
    number: str  # ours: out_trade_no, out_refund_no
    channel_number: str  # the channel's; "" when it never told
    amount_fen: int  # never negative
    fee_fen: int  # what the channel takes: of a refund zero, or negative for what it gives back
    booked: date  # the sub-key of 1120 that it stands under
    at: datetime  # by the channel's clock
    status: str = ""  # of a refund: processing, succeeded, closed, abnormal
    told: str = ""  # of a refund: what the channel says now, asked after the bill was written
    currency: str = "CNY"
    merchant: str = (
        ""  # of whom it was collected, in the channel's numbers; "" for the account itself
    )
    payer: str = ""
    order_id: OrderId | None = None
    refund_id: RefundId | None = None
    held: BreakId | None = None  # its money is in suspense already, under this break

    @property
    def net_fen(self) -> int:
        """What the channel's account gains by it, as our books have it."""
        return signed(self.kind, self.amount_fen) - self.fee_fen


class Known(NamedTuple):
    """Something of ours under a number, that is not in clearing: `status` unpaid, closed, captured, asked."""

    status: Literal["unpaid", "closed", "captured", "asked"]
    order_id: OrderId | None = None
    refund_id: RefundId | None = None


Lookup: TypeAlias = Callable[[Iterable[str]], Mapping[str, Known]]
"""What we know under these numbers, ours or the channel's; asked once, about lines that found no row."""


class Equal(NamedTuple):
    """A line and a row say the same. Either may come from an earlier date, or out of suspense."""

    row: Row
    line: int
    bill_date: date
    side: BillSide = "trade"
    held: BreakId | None = None  # the line's money is in suspense, under this break


class Void(NamedTuple):
    """A line by which nothing was paid, and we have nothing either."""

    line: int
    bill_date: date


class Ahead(NamedTuple):
    """Around midnight one of the channel's two bills has a movement a date before the other: by so much."""

    number: str  # the channel's
    net_fen: int  # signed: fund flow less trade bill


class Waits(NamedTuple):
    """It stands alone, and may still find its other half: until the run of that bill date."""

    until: date
    line: TradeLine | None = None
    row: Row | None = None
    ahead: Ahead | None = None


class Moved(NamedTuple):
    """A line of the fund flow that needs no row in clearing to be understood."""

    line: FundLine
    kind: FundKind
    number: str


class Finding(NamedTuple):
    """A break: every test that failed, the first of them first, and where the money of it belongs."""

    failing: tuple[Code, ...]
    side: BillSide
    line: TradeLine | None = None
    row: Row | None = None
    funds: tuple[FundLine, ...] = ()
    through_fen: int = 0  # both have it
    unbooked_fen: int = 0  # only the bill has it
    unbilled_fen: int = 0  # only we have it
    known: Known | None = None
    suggested: tuple[str, ...] = ()
    number: str = ""  # the channel's, of what its two bills say differently
    auto: str = ""  # the rule by which it is resolved at once
    detail: str = ""

    @property
    def code(self) -> Code:
        return self.failing[0]


Outcome: TypeAlias = Equal | Void | Waits | Moved | Finding


def signed(kind: Kind, amount_fen: int) -> int:
    """Payments and what comes back are in, refunds and chargebacks out."""
    return -amount_fen if kind in ("refund", "chargeback") else amount_fen


def paid(line: TradeLine) -> bool:
    """Whether the channel says that money moved by this line."""
    return line.kind == "refund" or line.status == "SUCCESS"


def net_fen(line: TradeLine) -> int:
    """What the channel's account gained by this line, as its bill has it."""
    return signed(line.kind, line.settled_fen) - line.fee_fen if paid(line) else 0


def channel_number(line: TradeLine) -> str:
    return line.transaction_id if line.kind == "pay" else line.channel_refund_id


def own_number(line: TradeLine) -> str:
    return line.out_trade_no if line.kind == "pay" else line.out_refund_no
