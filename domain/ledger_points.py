"""Postings of points: owed since they are granted, reserved by an order, and spent when it is earned."""

from typing import TypeAlias, assert_never

from domain import accounts
from domain.events.points import PointsExpired, PointsGranted, PointsReserved, PointsReturned
from domain.ledger_entry import Entry, Place, day, move
from domain.policies import BookPolicy

PointsPosted: TypeAlias = PointsGranted | PointsReserved | PointsReturned | PointsExpired


def of_points(event: PointsPosted, under: BookPolicy | None) -> tuple[Entry, ...]:
    """The entries of this event, by the policy it was decided under or by another."""
    match event:
        case PointsGranted():
            return (granted(event, under or event.books),)
        case PointsReserved():
            return (reserved(event),)
        case PointsReturned():
            return (points_returned(event),)
        case PointsExpired():
            return (expired(event, under or event.books),)
    assert_never(event)


def granted(event: PointsGranted, books: BookPolicy) -> Entry:
    """P8: points are owed from when they are granted; what they cost is an expense, or less revenue."""
    return Entry(
        rule="P8",
        lines=move(cost(books, event.program), (accounts.POINTS, str(event.user_id)), event.amount),
        value_date=day(event.at),
        reference=str(event.batch_id),
    )


def reserved(event: PointsReserved) -> Entry:
    """P1p: an order pays a part of its price with points."""
    return Entry(
        rule="P1p",
        lines=move(
            (accounts.POINTS, str(event.user_id)),
            (accounts.POINTS_RESERVED, str(event.order_id)),
            event.amount,
        ),
        value_date=day(event.at),
        order_id=event.order_id,
    )


def points_returned(event: PointsReturned) -> Entry:
    """R1p: points of an order may be spent again."""
    return Entry(
        rule="R1p",
        lines=move(
            (accounts.POINTS_RESERVED, str(event.order_id)),
            (accounts.POINTS, str(event.user_id)),
            event.amount,
        ),
        value_date=day(event.at),
        order_id=event.order_id,
    )


def expired(event: PointsExpired, books: BookPolicy) -> Entry:
    """P8x: what can be spent no more is owed no more."""
    return Entry(
        rule="P8x",
        lines=move((accounts.POINTS, str(event.user_id)), cost(books, event.program), event.amount),
        value_date=day(event.at),
        reference=str(event.batch_id),
    )


def cost(books: BookPolicy, program: str) -> Place:
    if books.subsidy_as == "contra_revenue":
        return accounts.CONTRA_REVENUE, "points"
    return accounts.POINTS_COST, program
