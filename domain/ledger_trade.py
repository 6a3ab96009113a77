"""Postings of the trade itself: money comes in, and what it buys."""

from typing import TypeAlias, assert_never

from domain import accounts
from domain.events.order import OrderReadied
from domain.events.payment import PaymentCaptured
from domain.fees import channel_fee
from domain.ledger_entry import Entry, clearing, custody, day, fee, move

TradePosted: TypeAlias = PaymentCaptured | OrderReadied


def of_trade(event: TradePosted) -> tuple[Entry, ...]:
    """The entries of this event."""
    match event:
        case PaymentCaptured(mode="split"):
            return (held_for_others(event),)
        case PaymentCaptured():
            return (captured(event),)
        case OrderReadied(mode="split"):
            return ()  # the money is not ours to owe
        case OrderReadied():
            return (readied(event),)
    assert_never(event)


def captured(event: PaymentCaptured) -> Entry:
    """P1, P1f: the channel holds the buyer's money for us, less its fee. Late and double payments begin so too."""
    on = day(event.paid_at)
    return Entry(
        rule="P1",
        lines=(
            *move(
                clearing(event.channel, on), (accounts.ESCROW, str(event.order_id)), event.amount
            ),
            *fee(event.channel, on, channel_fee(event.channel, event.amount)),
        ),
        value_date=on,
        order_id=event.order_id,
        reference=event.transaction_id,
    )


def held_for_others(event: PaymentCaptured) -> Entry:
    """B1: the buyer's money is frozen with the merchant's own account at the channel; so is the channel's fee."""
    return Entry(
        rule="B1",
        lines=custody(event.order_id, event.amount),
        value_date=day(event.paid_at),
        order_id=event.order_id,
        reference=event.transaction_id,
    )


def readied(event: OrderReadied) -> Entry:
    """P2: the deal is on; the money is owed in goods or in a voucher from now on."""
    order = str(event.order_id)
    return Entry(
        rule="P2",
        lines=move((accounts.ESCROW, order), (accounts.UNUSED, order), event.amount),
        value_date=day(event.at),
        order_id=event.order_id,
    )
