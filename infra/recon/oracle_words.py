"""What a seeded bill date is made of: lines while they are bent, what the matcher gets, and what it must find."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Final, NamedTuple, TypedDict

from domain.bank_flow import BankLine, SplitDue, Transfer
from domain.bill_lines import BillKey, FundLine, TradeLine
from domain.fund_flow import Payout
from domain.ids import BreakId
from domain.matching_rows import Known, Row

EAST_EIGHT: Final = timezone(timedelta(hours=8))
TODAY: Final = date(2026, 11, 23)
ACCOUNT: Final = ("wechatpay", "1900000001")


@dataclass(slots=True, eq=False)
class Written:
    """A line of a trade bill while it is being bent. `no` is set when the file is written."""

    kind: str
    status: str
    number: str
    transaction: str
    refund_no: str
    refund_id: str
    amount: int
    settled: int
    fee: int
    at: datetime
    state: str = ""
    merchant: str = ""
    currency: str = "CNY"
    payer: str = ""
    day: date = TODAY
    no: int = 0

    @property
    def place(self) -> str:
        return f"{self.day}#{self.no}"

    @property
    def theirs(self) -> str:
        """The channel's number of it."""
        return self.refund_id or self.transaction

    @property
    def gain(self) -> int:
        """What the channel's account gained by it."""
        if self.kind == "refund":
            return -self.settled - self.fee
        return self.settled - self.fee if self.status == "SUCCESS" else 0


class Flowed(NamedTuple):
    """One movement of the fund flow, before balances are written beside it."""

    at: datetime
    business_no: str
    business_type: str
    gain: int
    voucher_no: str
    mark: str  # by which the story finds it again


class Suspense(TypedDict, total=False):
    """What goes into suspense, by which side is ahead."""

    long: int
    short: int


class Expected(NamedTuple):
    """What must be found: the code, what it is about, all tests that fail, and what goes into suspense."""

    code: str
    about: str
    failing: tuple[str, ...] = ()
    long: int = 0
    short: int = 0
    more: str = ""  # the rule that resolves it, numbers suggested, until when it waits


@dataclass(slots=True)
class Bills:
    """Both sides as the matcher gets them, and the answers."""

    trades: list[TradeLine]
    funds: list[FundLine]
    carried: list[TradeLine]
    rows: list[Row]
    fund_rows: list[Row]
    held: dict[tuple[date, int], BreakId]
    known: dict[str, Known]
    payouts: dict[str, Payout]
    ahead: dict[str, int]
    transfers: list[Transfer]
    bank: list[BankLine]
    splits: list[SplitDue]
    opening: int
    closing: int
    expected: list[Expected]
    outside: list[Expected]  # what the bank and the freezes say, whatever the bills are


def over(fen: int) -> Suspense:
    """Which suspense so many fen too much on the channel's account go to; too few when negative."""
    return Suspense(long=fen) if fen > 0 else Suspense(short=-fen)


def at(day: date, seconds: int) -> datetime:
    return datetime.combine(day, time(), EAST_EIGHT) + timedelta(seconds=seconds)


def name(about: Written | Row) -> str:
    return about.place if isinstance(about, Written) else about.number


def named(about: Written | Row | str, marks: Mapping[str, int]) -> str:
    if isinstance(about, str):
        return f"fund#{marks[about]}" if about in marks else about
    return name(about)


def trade_line(it: Written) -> TradeLine:
    bill = BillKey(*ACCOUNT, "trade", it.day)
    return TradeLine(
        bill, it.no, it.kind, it.status, it.number, it.transaction, it.refund_no, it.refund_id,  # type: ignore[arg-type]  # a LineKind
        it.amount, it.settled, it.fee, it.state, it.merchant, it.currency, it.payer, it.at,
    )  # fmt: skip


def fund_line(no: int, flow: Flowed, balance: int) -> FundLine:
    bill = BillKey(*ACCOUNT, "fundflow", TODAY, "BASIC")
    direction = "in" if flow.gain > 0 else "out"
    return FundLine(
        bill, no, flow.business_no, f"flow{no}", "", flow.business_type, direction,  # type: ignore[arg-type]  # a Direction
        abs(flow.gain), balance, "", "", flow.voucher_no, flow.at,
    )  # fmt: skip
