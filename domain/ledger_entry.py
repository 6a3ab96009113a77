"""What an entry in the books is made of. Its lines come as moves, each debiting one account with what it credits
another, so no entry can be out of balance.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID, uuid5

import msgspec

from domain import accounts
from domain.accounts import Code
from domain.events.earning import TakenFrom
from domain.events.payout import Route
from domain.ids import MerchantId, OrderId, RefundId
from domain.money import ZERO, Money

RULE_VERSION: Final = 2  # raised with every change of what an event means; stored on each entry
SHANGHAI: Final = timezone(timedelta(hours=8))  # no daylight saving time since 1991

TAKEN_FROM: Final[Mapping[TakenFrom, Code]] = {
    "pending": accounts.MERCHANT_PENDING,
    "payable": accounts.MERCHANT_PAYABLE,
    "receivable": accounts.MERCHANT_OWES,
}

Place: TypeAlias = tuple[Code, str]
"""An account and its sub-key."""


class Line(msgspec.Struct, frozen=True):
    """One side of a move; one of the two amounts is zero, none is negative."""

    account: Code
    sub_key: str
    debit_fen: int
    credit_fen: int


class BillLine(NamedTuple):
    """One line of a channel's bill."""

    bill_id: UUID
    line: int  # as reconciliation counts them: 1 is the first under the heading


class Entry(msgspec.Struct, frozen=True):
    """What one event, or one part of it, means. `reference` is the number by which the other side knows it."""

    rule: str  # its row in the table of postings
    lines: tuple[Line, ...]
    value_date: date  # Asia/Shanghai, by the channel's clock where it tells
    order_id: OrderId | None = None
    refund_id: RefundId | None = None
    merchant_id: MerchantId | None = None
    reference: str = ""
    corrects: UUID | None = None  # the entry that this one puts right
    bill: BillLine | None = None  # the line that proves it
    rule_version: int = RULE_VERSION


def entry_id(stream: UUID, position: int, rule_version: int = RULE_VERSION, nth: int = 0) -> UUID:
    """The nth entry of the event at this place: made again under the same rules, it is the same entry."""
    part = f" part {nth}" if nth else ""
    return uuid5(stream, f"entry {position} rules {rule_version}{part}")


def day(at: datetime) -> date:
    """The business day of an instant."""
    return at.astimezone(SHANGHAI).date()


def move(debit: Place, credit: Place, amount: Money) -> tuple[Line, ...]:
    """Debit one with what the other is credited with. Nothing moves nothing; less than nothing moves back."""
    if amount < ZERO:
        debit, credit, amount = credit, debit, ZERO - amount
    if amount == ZERO:
        return ()
    return (Line(*debit, amount.fen, 0), Line(*credit, 0, amount.fen))


def clearing(channel: str, on: date) -> Place:
    """What the channel's bill of that day has to say about its account."""
    return accounts.CLEARING, f"{channel} {on}"


def available(channel: str) -> Place:
    """What the channel's bills say that it holds for us, to spend at any time."""
    return accounts.CHANNEL_BALANCE, f"{channel} available"


def paid_from(route: Route, channel: str) -> Place:
    """Our bank account, or what the channel holds for us; its bill only witnesses what it told us itself."""
    return (accounts.BANK, accounts.MAIN_BANK) if route == "bank_file" else available(channel)


def merchants(merchant: MerchantId | None, taken_from: TakenFrom | None) -> Place:
    """Where the merchant's share is found: not due yet, payable, or paid already and so owed to us."""
    return TAKEN_FROM[taken_from or "receivable"], str(merchant)


def frozen(channel: str) -> Place:
    """What it holds for us until deliveries are confirmed."""
    return accounts.CHANNEL_BALANCE, f"{channel} frozen"


def fee(channel: str, on: date, amount: Money) -> tuple[Line, ...]:
    """The channel keeps a fee of what it holds for us; with a negative amount it gives some back."""
    return move((accounts.FEE, channel), clearing(channel, on), amount)


def custody(order: OrderId, amount: Money) -> tuple[Line, ...]:
    """So much more of this order's money is with the channel, or less."""
    key = str(order)
    return move((accounts.CUSTODY_HELD, key), (accounts.CUSTODY_OWED, key), amount)
