"""Postings of payouts: what is payable goes on its way, and has arrived, failed or come back."""

from typing import TypeAlias, assert_never

from domain import accounts
from domain.events.payout import (
    PayoutConfirmed,
    PayoutFailed,
    PayoutInitiated,
    PayoutReissued,
    PayoutReturned,
)
from domain.ledger_entry import Entry, Place, day, move, paid_from

PayoutPosted: TypeAlias = (
    PayoutInitiated | PayoutReissued | PayoutConfirmed | PayoutFailed | PayoutReturned
)


def of_payouts(event: PayoutPosted) -> tuple[Entry, ...]:
    """The entries of this event."""
    match event:
        case PayoutInitiated():
            return (initiated(event),)
        case PayoutReissued():
            return (reissued(event),)
        case PayoutConfirmed():
            return (confirmed(event),)
        case PayoutFailed():
            return (failed(event),)
        case PayoutReturned():
            return (came_back(event),)
    assert_never(event)


def initiated(event: PayoutInitiated) -> Entry:
    """P5: what a statement leaves is on its way to the merchant."""
    return Entry(
        rule="P5",
        lines=move(payable(event), in_transit(event), event.amount),
        value_date=day(event.at),
        merchant_id=event.merchant_id,
    )


def reissued(event: PayoutReissued) -> Entry:
    """P5: it was payable since the last number failed or came back."""
    return Entry(
        rule="P5",
        lines=move(payable(event), in_transit(event), event.amount),
        value_date=day(event.at),
        merchant_id=event.merchant_id,
        reference=event.number,
    )


def confirmed(event: PayoutConfirmed) -> Entry:
    """P6, P6f: the merchant has it, from our bank account or from what the channel holds for us; with its fee."""
    source = paid_from(event.route, event.channel)
    return Entry(
        rule="P6",
        lines=(
            *move(in_transit(event), source, event.amount),
            *move((accounts.PAYOUT_FEE, event.channel), source, event.fee),
        ),
        value_date=day(event.confirmed_at),
        merchant_id=event.merchant_id,
        reference=event.number,
    )


def failed(event: PayoutFailed) -> Entry:
    """P6x: the money stayed with us and is payable again."""
    return Entry(
        rule="P6x",
        lines=move(in_transit(event), payable(event), event.amount),
        value_date=day(event.at),
        merchant_id=event.merchant_id,
        reference=event.number,
    )


def came_back(event: PayoutReturned) -> Entry:
    """P6x: it is payable again; what had left our account is on it again, its fee stays spent."""
    source = paid_from(event.route, event.channel) if event.was_confirmed else in_transit(event)
    return Entry(
        rule="P6x",
        lines=move(source, payable(event), event.amount),
        value_date=day(event.returned_at),
        merchant_id=event.merchant_id,
        reference=event.number,
    )


def payable(event: PayoutPosted) -> Place:
    return accounts.MERCHANT_PAYABLE, str(event.merchant_id)


def in_transit(event: PayoutPosted) -> Place:
    return accounts.PAYOUT_TRANSIT, str(event.payout_id)
