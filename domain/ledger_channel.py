"""Postings of what a channel does by itself: chargebacks, and freezing money until delivery."""

from typing import TypeAlias, assert_never

from domain import accounts
from domain.events.channel import (
    ChannelEvent,
    ChargebackLost,
    ChargebackOpened,
    ChargebackWon,
    FundsFrozen,
    FundsReleased,
)
from domain.ledger_entry import Entry, Place, available, clearing, day, frozen, merchants, move

ChannelPosted: TypeAlias = ChannelEvent


def of_channel(event: ChannelPosted) -> tuple[Entry, ...]:
    """The entries of this event."""
    match event:
        case ChargebackOpened():
            return (charged_back(event),)
        case ChargebackWon():
            return (won(event),)
        case ChargebackLost():
            return (lost(event),)
        case FundsFrozen():
            return (funds_frozen(event),)
        case FundsReleased():
            return (funds_released(event),)
    assert_never(event)


def charged_back(event: ChargebackOpened) -> Entry:
    """C1: the channel has taken the money until the case is decided."""
    on = day(event.debited_at)
    return Entry(
        rule="C1",
        lines=move(disputed(event), clearing(event.channel, on), event.amount),
        value_date=on,
        order_id=event.order_id,
        reference=event.number,
    )


def won(event: ChargebackWon) -> Entry:
    """C3: the channel has given it back."""
    on = day(event.credited_at)
    return Entry(
        rule="C3",
        lines=move(clearing(event.channel, on), disputed(event), event.amount),
        value_date=on,
        order_id=event.order_id,
        reference=event.number,
    )


def lost(event: ChargebackLost) -> Entry:
    """C2: the merchant's share bears it, or we do."""
    bearer: Place = accounts.CHARGEBACK_LOSS, str(event.case_id)
    if event.borne_by == "merchant":
        bearer = merchants(event.merchant_id, event.taken_from)
    return Entry(
        rule="C2",
        lines=move(bearer, disputed(event), event.amount),
        value_date=day(event.at),
        order_id=event.order_id,
        merchant_id=event.merchant_id,
    )


def funds_frozen(event: FundsFrozen) -> Entry:
    """F1: the channel keeps it from us until the delivery is confirmed."""
    return Entry(
        rule="F1",
        lines=move(frozen(event.channel), available(event.channel), event.amount),
        value_date=day(event.at),
        order_id=event.order_id,
    )


def funds_released(event: FundsReleased) -> Entry:
    """F2: it may be spent."""
    return Entry(
        rule="F2",
        lines=move(available(event.channel), frozen(event.channel), event.amount),
        value_date=day(event.at),
        order_id=event.order_id,
    )


def disputed(event: ChargebackOpened | ChargebackWon | ChargebackLost) -> Place:
    return accounts.CHARGEBACK, str(event.case_id)
