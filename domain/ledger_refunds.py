"""Postings of refunds: owed, on its way at the channel, arrived, or paid by another route."""

from typing import TypeAlias, assert_never

from domain import accounts
from domain.accounts import Code
from domain.events.order import RefundOwed
from domain.events.refund import (
    RefundAttemptAccepted,
    RefundClosed,
    RefundPaidElsewhere,
    RefundReturned,
    RefundSucceeded,
)
from domain.ledger_entry import Entry, clearing, custody, day, fee, move
from domain.money import ZERO

RefundPosted: TypeAlias = (
    RefundOwed
    | RefundAttemptAccepted
    | RefundSucceeded
    | RefundClosed
    | RefundReturned
    | RefundPaidElsewhere
)


def of_refunds(event: RefundPosted) -> tuple[Entry, ...]:
    """The entries of this event."""
    if event.mode == "split":
        return left_custody(event)
    match event:
        case RefundOwed():
            return (owed(event),)
        case RefundAttemptAccepted():
            return (accepted(event),)
        case RefundSucceeded():
            return (succeeded(event),)
        case RefundClosed():
            return (closed(event),)
        case RefundReturned():
            return (returned(event),)
        case RefundPaidElsewhere():
            return (paid_elsewhere(event),)
    assert_never(event)


def left_custody(event: RefundPosted) -> tuple[Entry, ...]:
    """B1r: what was paid back, or sent to the merchant's bank, the channel holds for nobody any more.

    Nothing else of a refund is in our books when the money never was.
    """
    if not isinstance(event, RefundSucceeded | RefundReturned):
        return ()
    at = event.succeeded_at if isinstance(event, RefundSucceeded) else event.at
    return (
        Entry(
            rule="B1r",
            lines=custody(event.order_id, ZERO - event.amount),
            value_date=day(at),
            order_id=event.order_id,
            refund_id=event.refund_id,
            reference=event.number,
        ),
    )


def owed(event: RefundOwed) -> Entry:
    """R1, R1': money is owed back, out of escrow or out of what was delivered and not used."""
    held: Code = accounts.ESCROW if event.held_as == "escrow" else accounts.UNUSED
    return Entry(
        rule="R1" if held == accounts.ESCROW else "R1'",
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
    on = day(event.accepted_at)
    return Entry(
        rule="R2",
        lines=(
            *move((accounts.TRANSIT, event.number), clearing(event.channel, on), event.amount),
            *fee(event.channel, on, ZERO - event.fee_back),
        ),
        value_date=on,
        order_id=event.order_id,
        refund_id=event.refund_id,
        reference=event.number,
    )


def succeeded(event: RefundSucceeded) -> Entry:
    """R3: the buyer has the money."""
    return Entry(
        rule="R3",
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
    on = day(event.at)
    return Entry(
        rule="R6",
        lines=(
            *move(clearing(event.channel, on), (accounts.TRANSIT, event.number), event.amount),
            *fee(event.channel, on, event.fee_back),
        ),
        value_date=on,
        order_id=event.order_id,
        refund_id=event.refund_id,
        reference=event.number,
    )


def returned(event: RefundReturned) -> Entry:
    """R7a: an abnormal refund's money went to our bank account, not back to what the channel holds for us."""
    return Entry(
        rule="R7a",
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
        rule="R7c",
        lines=(
            *move((accounts.PAYABLE, refund), (accounts.UNCLAIMED, refund), event.amount),
            *move((accounts.UNCLAIMED, refund), (accounts.BANK, accounts.MAIN_BANK), event.amount),
        ),
        value_date=day(event.at),
        order_id=event.order_id,
        refund_id=event.refund_id,
        reference=event.reference,
    )
