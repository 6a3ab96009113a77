"""Postings of leaders' (团长) commission: frozen, available, paid with tax withheld, or taken back."""

from typing import TypeAlias, assert_never

from domain import accounts
from domain.accounts import Code
from domain.events.leader import (
    LeaderCommissionEarned,
    LeaderCommissionPaid,
    LeaderCommissionReleased,
    LeaderCommissionReversed,
    LeaderEvent,
)
from domain.ledger_entry import Entry, Place, day, move, paid_from

LeaderPosted: TypeAlias = LeaderEvent


def of_leaders(event: LeaderPosted) -> tuple[Entry, ...]:
    """The entries of this event."""
    match event:
        case LeaderCommissionEarned():
            return (leader_earned(event),)
        case LeaderCommissionReleased():
            return (released(event),)
        case LeaderCommissionReversed():
            return (taken_back(event),)
        case LeaderCommissionPaid():
            return (leader_paid(event),)
    assert_never(event)


def leader_earned(event: LeaderCommissionEarned) -> Entry:
    """T4: a leader's commission is owed, and frozen while the order may be refunded."""
    of = str(event.leader_id)
    return Entry(
        rule="T4",
        lines=move((accounts.LEADER_COST, of), (accounts.LEADER_FROZEN, of), event.amount),
        value_date=day(event.at),
        order_id=event.order_id,
    )


def released(event: LeaderCommissionReleased) -> Entry:
    """T4a: it may be paid out."""
    of = str(event.leader_id)
    return Entry(
        rule="T4a",
        lines=move((accounts.LEADER_FROZEN, of), (accounts.LEADER_AVAILABLE, of), event.amount),
        value_date=day(event.at),
        order_id=event.order_id,
    )


def taken_back(event: LeaderCommissionReversed) -> Entry:
    """T4r: the order was refunded, so the leader does not get it."""
    of = str(event.leader_id)
    held: Code = accounts.LEADER_FROZEN
    if event.taken_from == "available":
        held = accounts.LEADER_AVAILABLE
    return Entry(
        rule="T4r",
        lines=move((held, of), (accounts.LEADER_COST, of), event.amount),
        value_date=day(event.at),
        order_id=event.order_id,
    )


def leader_paid(event: LeaderCommissionPaid) -> Entry:
    """T4p: the leader has the money, less the tax that we owe for him now."""
    of: Place = accounts.LEADER_AVAILABLE, str(event.leader_id)
    return Entry(
        rule="T4p",
        lines=(
            *move(of, paid_from(event.route, event.channel), event.amount - event.tax),
            *move(of, (accounts.TAX_WITHHELD, str(event.leader_id)), event.tax),
        ),
        value_date=day(event.paid_at),
        reference=event.number,
    )
