"""The ledger: what each event means in the books. Double entry, in integer fen, a pure function of one event.

An entry is made of moves, and a move debits one account with what it credits another, so no entry can be out
of balance. Rows are named after the platform's table of postings (P1, R1, ...); docs/ledger.md shows them.
"""

from datetime import date, datetime, timedelta, timezone
from typing import Final, TypeAlias, assert_never
from uuid import UUID, uuid5

import msgspec

from domain import accounts
from domain.accounts import Code
from domain.events import Event
from domain.events.bill import BillEvent
from domain.events.catalog import CampaignEvent, SkuEvent
from domain.events.earning import EarningEvent
from domain.events.group import GroupEvent
from domain.events.merchant import MerchantEvent
from domain.events.order import (
    OrderClosed,
    OrderClosing,
    OrderLatePaid,
    OrderPaid,
    OrderPaymentStarted,
    OrderPlaced,
    OrderReadied,
    OrderRefunded,
    OrderRefundEscalated,
    QuotaEvent,
    RefundOwed,
)
from domain.events.payment import (
    PaymentCaptured,
    PaymentClosed,
    PaymentPrepared,
    PaymentRefundEnded,
    PaymentRefundStarted,
    PaymentRequested,
)
from domain.events.refund import (
    RefundAbnormal,
    RefundAttemptAccepted,
    RefundAttemptInDoubt,
    RefundAttemptRejected,
    RefundAttemptStarted,
    RefundClosed,
    RefundConfirmedByBill,
    RefundEscalated,
    RefundPaidElsewhere,
    RefundProposed,
    RefundQueried,
    RefundReissued,
    RefundRequested,
    RefundResolutionApproved,
    RefundResolutionDeclined,
    RefundResolutionProposed,
    RefundRetried,
    RefundReturned,
    RefundSucceeded,
    RefundWitnessesDiffer,
)
from domain.events.statement import StatementEvent
from domain.events.stock import StockEvent
from domain.fees import channel_fee
from domain.ids import OrderId, RefundId
from domain.money import ZERO, Money

RULE_VERSION: Final = 1  # raised with every change of what an event means; stored on each entry
SHANGHAI: Final = timezone(timedelta(hours=8))  # no daylight saving time since 1991

Posted: TypeAlias = (
    PaymentCaptured
    | OrderReadied
    | RefundOwed
    | RefundAttemptAccepted
    | RefundSucceeded
    | RefundClosed
    | RefundReturned
    | RefundPaidElsewhere
)
MovesNoMoney: TypeAlias = (
    SkuEvent
    | BillEvent
    | MerchantEvent
    | EarningEvent
    | StatementEvent
    | CampaignEvent
    | StockEvent
    | GroupEvent
    | QuotaEvent
    | OrderPlaced
    | OrderPaymentStarted
    | OrderPaid  # says what money buys that is in the books since it was captured
    | OrderClosing
    | OrderClosed
    | OrderLatePaid
    | OrderRefunded  # follows from the refund's own event, as does OrderRefundEscalated
    | OrderRefundEscalated
    | PaymentRequested
    | PaymentPrepared
    | PaymentClosed
    | PaymentRefundStarted  # counted against the capture, not yet taken on by the channel
    | PaymentRefundEnded
    | RefundRequested
    | RefundAttemptStarted
    | RefundAttemptRejected
    | RefundAttemptInDoubt
    | RefundQueried
    | RefundRetried
    | RefundAbnormal  # the channel keeps it in transit
    | RefundReissued
    | RefundEscalated
    | RefundProposed
    | RefundResolutionProposed
    | RefundResolutionApproved
    | RefundResolutionDeclined
    | RefundWitnessesDiffer
    | RefundConfirmedByBill
)
"""What is known to mean nothing to the books: a new event is in neither list, and does not pass the type check."""


class Line(msgspec.Struct, frozen=True):
    """One side of a move; one of the two amounts is zero, none is negative."""

    account: Code
    sub_key: str
    debit_fen: int
    credit_fen: int


class Entry(msgspec.Struct, frozen=True):
    """What one event means. `reference` is the number by which the other side knows it."""

    lines: tuple[Line, ...]
    value_date: date  # Asia/Shanghai, by the channel's clock where it tells
    order_id: OrderId
    refund_id: RefundId | None = None
    reference: str = ""
    rule_version: int = RULE_VERSION


def entry_id(stream: UUID, position: int, rule_version: int = RULE_VERSION) -> UUID:
    """The one entry of the event at this place: made again under the same rules, it is the same entry."""
    return uuid5(stream, f"entry {position} rules {rule_version}")


def postings(event: Event) -> Entry | None:
    """The entry of this event; None when it moves no money."""
    match event:
        case PaymentCaptured():
            return captured(event)
        case OrderReadied():
            return readied(event)
        case RefundOwed():
            return owed(event)
        case RefundAttemptAccepted():
            return accepted(event)
        case RefundSucceeded():
            return succeeded(event)
        case RefundClosed():
            return closed(event)
        case RefundReturned():
            return returned(event)
        case RefundPaidElsewhere():
            return paid_elsewhere(event)
    if isinstance(event, MovesNoMoney):
        return None
    assert_never(event)


# --- what each event means ------------------------------------------------------------------


def captured(event: PaymentCaptured) -> Entry:
    """P1, P1f: the channel holds the buyer's money for us, less its fee. Late and double payments begin so too."""
    return Entry(
        lines=(
            *move(
                (accounts.CLEARING, event.channel),
                (accounts.ESCROW, str(event.order_id)),
                event.amount,
            ),
            *fee(event.channel, channel_fee(event.channel, event.amount)),
        ),
        value_date=day(event.paid_at),
        order_id=event.order_id,
        reference=event.transaction_id,
    )


def readied(event: OrderReadied) -> Entry:
    """P2: the deal is on; the money is owed in goods or in a voucher from now on."""
    order = str(event.order_id)
    return Entry(
        lines=move((accounts.ESCROW, order), (accounts.UNUSED, order), event.amount),
        value_date=day(event.at),
        order_id=event.order_id,
    )


def owed(event: RefundOwed) -> Entry:
    """R1, R1': money is owed back, out of escrow or out of what was delivered and not used."""
    held: Code = accounts.ESCROW if event.held_as == "escrow" else accounts.UNUSED
    return Entry(
        lines=move(
            (held, str(event.order_id)), (accounts.PAYABLE, str(event.refund_id)), event.amount
        ),
        value_date=day(event.at),
        order_id=event.order_id,
        refund_id=event.refund_id,
        reference=event.transaction_id,
    )


def accepted(event: RefundAttemptAccepted) -> Entry:
    """R2, R4: the channel takes the money out of what it holds for us, and gives its part of the fee back."""
    return Entry(
        lines=(
            *move(
                (accounts.TRANSIT, event.number), (accounts.CLEARING, event.channel), event.amount
            ),
            *fee(event.channel, ZERO - event.fee_back),
        ),
        value_date=day(event.accepted_at),
        order_id=event.order_id,
        refund_id=event.refund_id,
        reference=event.number,
    )


def succeeded(event: RefundSucceeded) -> Entry:
    """R3: the buyer has the money."""
    return Entry(
        lines=move(
            (accounts.PAYABLE, str(event.refund_id)),
            (accounts.TRANSIT, event.number),
            event.amount,
        ),
        value_date=day(event.succeeded_at),
        order_id=event.order_id,
        refund_id=event.refund_id,
        reference=event.number,
    )


def closed(event: RefundClosed) -> Entry:
    """R6: the channel puts the money back, and takes its fee again. It is still owed."""
    return Entry(
        lines=(
            *move(
                (accounts.CLEARING, event.channel), (accounts.TRANSIT, event.number), event.amount
            ),
            *fee(event.channel, event.fee_back),
        ),
        value_date=day(event.at),
        order_id=event.order_id,
        refund_id=event.refund_id,
        reference=event.number,
    )


def returned(event: RefundReturned) -> Entry:
    """R7a: an abnormal refund's money went to our bank account, not back to what the channel holds for us."""
    return Entry(
        lines=move(
            (accounts.BANK, accounts.MAIN_BANK), (accounts.TRANSIT, event.number), event.amount
        ),
        value_date=day(event.at),
        order_id=event.order_id,
        refund_id=event.refund_id,
        reference=event.number,
    )


def paid_elsewhere(event: RefundPaidElsewhere) -> Entry:
    """R7b, R7c: the debt is taken out of the refund that failed, and paid from our bank account."""
    refund = str(event.refund_id)
    return Entry(
        lines=(
            *move((accounts.PAYABLE, refund), (accounts.UNCLAIMED, refund), event.amount),
            *move((accounts.UNCLAIMED, refund), (accounts.BANK, accounts.MAIN_BANK), event.amount),
        ),
        value_date=day(event.at),
        order_id=event.order_id,
        refund_id=event.refund_id,
        reference=event.reference,
    )


# --- parts ----------------------------------------------------------------------------------

Place: TypeAlias = tuple[Code, str]
"""An account and its sub-key."""


def move(debit: Place, credit: Place, amount: Money) -> tuple[Line, ...]:
    """Debit one with what the other is credited with. Nothing moves nothing; less than nothing moves back."""
    if amount < ZERO:
        debit, credit, amount = credit, debit, ZERO - amount
    if amount == ZERO:
        return ()
    return (Line(*debit, amount.fen, 0), Line(*credit, 0, amount.fen))


def fee(channel: str, amount: Money) -> tuple[Line, ...]:
    """The channel keeps a fee of what it holds for us; with a negative amount it gives some back."""
    return move((accounts.FEE, channel), (accounts.CLEARING, channel), amount)


def day(at: datetime) -> date:
    """The business day of an instant."""
    return at.astimezone(SHANGHAI).date()
