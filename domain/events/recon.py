"""What can happen to one bill date of a channel, and to one break: where our books and the channel's bill differ.

Amounts of money that moves are signed as the channel's account sees them: a payment comes in, a refund goes
out, each net of its fee. What posts carries all of it, so that the books need nothing but the event.
"""

from datetime import date, datetime
from typing import Literal, TypeAlias

import msgspec

from domain.ids import BillId, BreakId, OrderId, ProposalId, RefundId
from domain.money import Money

Channel: TypeAlias = str
Kind: TypeAlias = Literal["pay", "refund", "refund_closed", "split", "chargeback", "chargeback_won"]
"""What a row of clearing is about. `refund_closed` gives back a refund that the channel ended."""

FundKind: TypeAlias = Literal["withdrawal", "withdrawal_returned", "recharge", "payout", "other"]
Code: TypeAlias = Literal[
    "MATCHED", "PENDING_CUTOFF", "CHANNEL_ONLY_PAY", "CHANNEL_ONLY_REFUND", "LEDGER_ONLY_PAY",
    "LEDGER_ONLY_REFUND", "STATUS_CHANNEL_PAID", "STATUS_LEDGER_PAID", "AMOUNT_OVER", "AMOUNT_UNDER",
    "FEE_DIFF", "DUPLICATE_CHANNEL", "MERCHANT_DIFF", "CURRENCY_DIFF", "REFUND_ABNORMAL_STALE",
    "BALANCE_GAP", "FUND_DIFF", "BANK_DIFF", "PAYOUT_RETURNED", "SPLIT_MISSING", "SPLIT_EXPIRING",
]  # fmt: skip
"""`FUND_DIFF`: the channel's own two bills disagree. `BANK_DIFF`: the bank and the channel do."""

BillSide: TypeAlias = Literal["trade", "fund", "bank", "ledger"]
"""Where the line stands that a break is about; `ledger`: on no bill at all."""

Resolution: TypeAlias = Literal[
    "matched_ledger", "matched_bill", "order_found", "order_unwound", "refund_owed", "written_off", "fee", "paired",
]  # fmt: skip
"""What takes money out of suspense, and so what its other account is.

`matched_ledger` 1120 of the date `booked`, a row of ours that came later; `matched_bill` 1121, a line of a
later bill; `order_found`, `order_unwound` 2010 of the order; `refund_owed` 2210 of the refund; `written_off`
4910 for what is too much, 5910 for what is missing; `fee` 5010; `paired` too much against missing.
"""


class Match(msgspec.Struct, frozen=True):
    """One line of a bill and one row of ours that are equal: one entry, Dr 1121 / Cr 1120 of `booked`, `net`."""

    line: int  # in its bill
    kind: Kind
    number: str  # ours: out_trade_no, out_refund_no
    channel_number: str
    order_id: OrderId | None
    refund_id: RefundId | None
    amount: Money  # never negative
    fee: Money  # what the channel took: of a refund zero, or negative for what it gave back
    net: Money  # signed: what the channel's account gained
    booked: date  # whose sub-key of 1120 it empties; another day than the bill's around midnight


class Pending(msgspec.Struct, frozen=True):
    """A line or a row that stands alone, and is young or close enough to midnight to wait for the next bill."""

    side: BillSide
    line: int | None
    kind: Kind
    number: str
    channel_number: str
    net: Money
    booked: date
    until: date  # the first bill date on which it waits no longer


class Side(msgspec.Struct, frozen=True):
    """What one of the two says."""

    amount: Money
    fee: Money
    status: str
    currency: str
    merchant: str
    at: datetime | None


class Count(msgspec.Struct, frozen=True):
    """So many lines and rows came to this."""

    code: Code
    lines: int


class BillDayBegun(msgspec.Struct, frozen=True, tag="recon.begun.v1"):
    """The bills of this date are here: so many lines want a disposition. Begun again when a bill is restated."""

    channel: Channel
    mchid: str
    bill_date: date
    trade_bill: BillId | None  # None: the channel says that nothing happened
    fund_bill: BillId | None
    trade_lines: int
    fund_lines: int
    opening: Money  # 账户结余 before the first line of the fund flow, and after its last
    closing: Money
    matcher_version: int
    at: datetime
    trade_sha256: str = ""  # of the files in force
    fund_sha256: str = ""


class LinesMatched(msgspec.Struct, frozen=True, tag="recon.lines_matched.v1"):
    """These lines are settled: one entry each, P7 for what came in, R5 for what went out."""

    channel: Channel
    mchid: str
    bill_date: date
    bill_id: BillId
    side: BillSide  # which bill of the date it is
    chunk: int
    matches: tuple[Match, ...]  # 400 at most
    void: tuple[int, ...]  # lines by which nothing was paid, as our books say too
    at: datetime


class LinesPending(msgspec.Struct, frozen=True, tag="recon.lines_pending.v1"):
    """These stand alone for now, and are carried to the next bill. Nothing is posted."""

    channel: Channel
    mchid: str
    bill_date: date
    chunk: int
    pending: tuple[Pending, ...]
    at: datetime


class FundMoved(msgspec.Struct, frozen=True, tag="recon.fund_moved.v1"):
    """A line of the fund flow that no trade explains: Dr 1010 / Cr 1121 for a withdrawal, or reversed.

    A payout made from the channel's account was posted when it was confirmed: here it is only witnessed, and
    what we cannot name (`other`) is posted by its break.
    """

    channel: Channel
    mchid: str
    bill_date: date
    bill_id: BillId
    line: int
    kind: FundKind
    number: str
    amount: Money  # signed: negative when it left the channel's account
    at: datetime


class LineBroken(msgspec.Struct, frozen=True, tag="recon.line_broken.v1"):
    """This line, or row of ours, is disposed of as a break; the break's own events post what follows."""

    channel: Channel
    mchid: str
    bill_date: date
    break_id: BreakId
    code: Code
    side: BillSide
    line: int | None
    key: str  # the number of a row that stands on no bill
    at: datetime


class DayClosed(msgspec.Struct, frozen=True, tag="day.closed.v1"):
    """Every line of this bill date has its place, and the books hold what the channel says. Final."""

    channel: Channel
    mchid: str
    bill_date: date
    pays: Money
    refunds: Money  # signed sums as the account saw them, fees apart
    fees: Money
    moved: Money  # withdrawals and the like
    counts: tuple[Count, ...]
    open_breaks: int
    pending: int
    pending_ours: Money  # what 1120 of this date still holds
    pending_theirs: Money  # what the bill has beyond 1121
    opening: Money
    balance: Money  # 账户结余
    root: str  # Merkle root over all dispositions, hexadecimal
    ledger_position: int  # the books were read at this place in the log
    by: str
    at: datetime
    agreed: int = 0  # lines of the fund flow that the trade bill explains


class LateFact(msgspec.Struct, frozen=True, tag="day.late_fact.v1"):
    """A fact came in for a date that was closed: Dr 1120 of `booked` / Cr 1120 of `bill_date`, `net`."""

    channel: Channel
    mchid: str
    bill_date: date  # closed
    booked: date  # the next open one, which it counts to
    kind: Kind
    number: str
    channel_number: str
    net: Money
    position: int  # of the fact in the log
    at: datetime


class BreakOpened(msgspec.Struct, frozen=True, tag="break.opened.v1"):
    """Ours and theirs differ. Three signed sums go where they belong, each net of its fee:

    `through` Dr 1121 / Cr 1120 of `booked`: what both have; `unbooked`: only the bill has it, Dr 1121 / Cr 2915
    or, negative, Dr 1915 / Cr 1121; `unbilled`: only we have it, Dr 1915 / Cr 1120 or, negative, Dr 1120 / Cr 2915.
    """

    break_id: BreakId
    code: Code
    failing: tuple[Code, ...]  # every test that failed; the first is `code`
    channel: Channel
    mchid: str
    bill_date: date
    booked: date
    bill_id: BillId | None
    side: BillSide
    line: int | None
    kind: Kind
    number: str
    channel_number: str
    order_id: OrderId | None
    refund_id: RefundId | None
    ours: Side | None
    theirs: Side | None
    suggested: tuple[str, ...]  # numbers that look like it; never matched by looks
    through: Money
    unbooked: Money
    unbilled: Money
    long: Money  # never negative: what 2915 and 1915 hold for it from now on
    short: Money
    detail: str
    at: datetime


class BreakAssigned(msgspec.Struct, frozen=True, tag="break.assigned.v1"):
    """Somebody looks after it."""

    break_id: BreakId
    owner: str
    by: str
    at: datetime


class BreakProposed(msgspec.Struct, frozen=True, tag="break.proposed.v1"):
    """Somebody says which entry resolves it. `shown` is the digest of what a second person will see."""

    break_id: BreakId
    proposal_id: ProposalId
    resolution: Resolution
    amount: Money
    order_id: OrderId | None
    refund_id: RefundId | None
    evidence: str
    note: str
    by: str
    shown: str
    at: datetime


class BreakApproved(msgspec.Struct, frozen=True, tag="break.approved.v1"):
    """Another person has seen the same and agrees."""

    break_id: BreakId
    proposal_id: ProposalId
    by: str
    at: datetime


class BreakDeclined(msgspec.Struct, frozen=True, tag="break.declined.v1"):
    """It is not to be done."""

    break_id: BreakId
    proposal_id: ProposalId
    note: str
    by: str
    at: datetime


class BreakPosted(msgspec.Struct, frozen=True, tag="break.posted.v1"):
    """The entry that takes money out of suspense: Dr 2915 / Cr the other account, or Dr that one / Cr 1915."""

    break_id: BreakId
    channel: Channel
    mchid: str
    bill_date: date  # the value date: of the bill that brought it, or that it was decided after
    suspense: Literal["long", "short", "both"]  # both: paired, Dr 2915 / Cr 1915
    resolution: Resolution
    amount: Money  # positive
    booked: date | None  # of `matched_ledger`
    order_id: OrderId | None
    refund_id: RefundId | None
    reference: str  # the line, the row or the voucher that proves it
    at: datetime


class BreakAutoResolved(msgspec.Struct, frozen=True, tag="break.auto_resolved.v1"):
    """A rule decides, not people: this rule, in this version. What it posts stands after it."""

    break_id: BreakId
    rule: str
    version: int
    detail: str
    at: datetime


class BreakClosed(msgspec.Struct, frozen=True, tag="break.closed.v1"):
    """Nothing of it is in suspense any more. `reference` names the entry or the later match that did it."""

    break_id: BreakId
    how: Literal["entry", "match"]
    reference: str
    at: datetime


class BreakReopened(msgspec.Struct, frozen=True, tag="break.reopened.v1"):
    """What closed it turned out wrong: the same difference is seen again. Posts as `BreakOpened` does."""

    break_id: BreakId
    channel: Channel
    mchid: str
    bill_date: date
    booked: date
    kind: Kind
    through: Money
    unbooked: Money
    unbilled: Money
    long: Money
    short: Money
    detail: str
    at: datetime


DayEvent: TypeAlias = (
    BillDayBegun | LinesMatched | LinesPending | FundMoved | LineBroken | DayClosed | LateFact
)
BreakEvent: TypeAlias = (
    BreakOpened
    | BreakAssigned
    | BreakProposed
    | BreakApproved
    | BreakDeclined
    | BreakPosted
    | BreakAutoResolved
    | BreakClosed
    | BreakReopened
)
