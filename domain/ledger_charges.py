"""Postings of what an order brings or costs besides its price: ladders, deposits, freight, compensation."""

from typing import TypeAlias, assert_never

from domain import accounts
from domain.events.charges import (
    ChargeEvent,
    CompensationGranted,
    DepositForfeited,
    FreightCharged,
    FreightPaid,
    LadderSettled,
)
from domain.ledger_entry import Entry, Place, day, merchants, move

ChargePosted: TypeAlias = ChargeEvent


def of_charges(event: ChargePosted) -> tuple[Entry, ...]:
    """The entries of this event."""
    match event:
        case LadderSettled():
            return (ladder(event),)
        case DepositForfeited():
            return (forfeited(event),)
        case FreightCharged():
            return (freight_charged(event),)
        case FreightPaid():
            return (freight_paid(event),)
        case CompensationGranted():
            return (compensated(event),)
    assert_never(event)


def ladder(event: LadderSettled) -> Entry:
    """T3: the deal is on at the final price; the difference to what was paid is owed back."""
    escrow: Place = accounts.ESCROW, str(event.order_id)
    return Entry(
        rule="T3",
        lines=(
            *move(escrow, (accounts.UNUSED, str(event.order_id)), event.final),
            *move(escrow, (accounts.PAYABLE, str(event.refund_id)), event.paid - event.final),
        ),
        value_date=day(event.at),
        order_id=event.order_id,
        refund_id=event.refund_id,
    )


def forfeited(event: DepositForfeited) -> Entry:
    """T5: the buyer lost the deposit."""
    order = str(event.order_id)
    return Entry(
        rule="T5",
        lines=move((accounts.ESCROW, order), (accounts.FORFEITED, order), event.amount),
        value_date=day(event.at),
        order_id=event.order_id,
    )


def freight_charged(event: FreightCharged) -> Entry:
    """T6: what the buyer paid for the way is earned when it is on its way."""
    order = str(event.order_id)
    return Entry(
        rule="T6",
        lines=move((accounts.UNUSED, order), (accounts.FREIGHT_INCOME, order), event.amount),
        value_date=day(event.at),
        order_id=event.order_id,
    )


def freight_paid(event: FreightPaid) -> Entry:
    """T6p: a carrier was paid."""
    return Entry(
        rule="T6p",
        lines=move(
            (accounts.FREIGHT_COST, event.carrier),
            (accounts.BANK, accounts.MAIN_BANK),
            event.amount,
        ),
        value_date=day(event.at),
        order_id=event.order_id,
        reference=event.reference,
    )


def compensated(event: CompensationGranted) -> Entry:
    """T7: the buyer is owed more than the price; we bear it, or the merchant's share does."""
    bearer: Place = accounts.COMPENSATION, str(event.order_id)
    if event.borne_by == "merchant":
        bearer = merchants(event.merchant_id, event.taken_from)
    return Entry(
        rule="T7",
        lines=move(bearer, (accounts.PAYABLE, str(event.refund_id)), event.amount),
        value_date=day(event.at),
        order_id=event.order_id,
        refund_id=event.refund_id,
        merchant_id=event.merchant_id,
    )
