"""Postings of channel splits (分账): a buyer's money never enters our books, so it stands beside them as a pair.

9010 says what the channel holds for others, 9020 whose it is; both are told apart by order, and always equal.
"""

from typing import TypeAlias, assert_never

from domain import accounts
from domain.events.split import SplitFinished, SplitReturned, SplitSubsidised, SplitUnfrozen
from domain.ids import OrderId
from domain.ledger_entry import Entry, Place, clearing, custody, day, move
from domain.money import ZERO
from domain.policies import BookPolicy

SplitPosted: TypeAlias = SplitFinished | SplitReturned | SplitUnfrozen | SplitSubsidised


def of_splits(event: SplitPosted, under: BookPolicy | None) -> tuple[Entry, ...]:
    """The entries of this event, by the policy it was decided under or by another."""
    match event:
        case SplitFinished():
            return (finished(event),)
        case SplitReturned():
            return (split_returned(event),)
        case SplitUnfrozen():
            return (unfrozen(event),)
        case SplitSubsidised():
            return (subsidised(event, under or event.books),)
    assert_never(event)


def finished(event: SplitFinished) -> Entry:
    """B3: a receiver's share leaves the order's money; ours has come to what the channel holds for us."""
    on = day(event.finished_at)
    share = event.receiver
    ours = share.amount if share.kind == "platform" else ZERO
    return Entry(
        rule="B3",
        lines=(
            *custody(event.order_id, ZERO - share.amount),
            *move(clearing(event.channel, on), receivable(event.order_id), ours),
        ),
        value_date=on,
        order_id=event.order_id,
        reference=event.detail_id,
    )


def split_returned(event: SplitReturned) -> Entry:
    """B3r: a refund needs the share, so it is with the order's money again."""
    on = day(event.returned_at)
    share = event.receiver
    ours = share.amount if share.kind == "platform" else ZERO
    return Entry(
        rule="B3r",
        lines=(
            *custody(event.order_id, share.amount),
            *move(receivable(event.order_id), clearing(event.channel, on), ours),
        ),
        value_date=on,
        order_id=event.order_id,
        reference=event.number,
    )


def unfrozen(event: SplitUnfrozen) -> Entry:
    """B1r: what was not shared out is the merchant's own."""
    return Entry(
        rule="B1r",
        lines=custody(event.order_id, ZERO - event.amount),
        value_date=day(event.unfrozen_at),
        order_id=event.order_id,
    )


def subsidised(event: SplitSubsidised, books: BookPolicy) -> Entry:
    """B4: our subsidy is real money here: out of what the channel holds for us, to the order's money."""
    on = day(event.subsidised_at)
    spent: Place = accounts.SUBSIDY, event.program
    if books.subsidy_as == "contra_revenue":
        spent = accounts.CONTRA_REVENUE, "subsidy"
    return Entry(
        rule="B4",
        lines=(
            *move(spent, clearing(event.channel, on), event.amount),
            *custody(event.order_id, event.amount),
        ),
        value_date=on,
        order_id=event.order_id,
    )


def receivable(order: OrderId) -> Place:
    """Our share of the order's money, from when it is earned until the channel has split it off."""
    return accounts.SPLIT_RECEIVABLE, str(order)
