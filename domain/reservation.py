"""Reservation: how a group's life moves units of its pool.

A group holds one unit for every seat from its opening on, filled or not, so it never sells what it cannot
deliver; an order's further units are held beside it. Success commits all of it, failure and voiding give
all of it back, each exactly once, because each happens to a group at most once.
"""

from collections.abc import Sequence

from domain.events.group import (
    GroupEvent,
    GroupFailed,
    GroupOpened,
    GroupSucceeded,
    GroupVoided,
    SeatHeld,
    SeatReleased,
)
from domain.group import Group
from domain.stock import NO_CHANGE, Change


def stock_change(group: Group, events: Sequence[GroupEvent]) -> Change:
    """What these events do to the pool of the group as it was before them."""
    hold = release = commit = 0
    reserved = group.reserved
    for event in events:
        match event:
            case SeatHeld():
                hold += event.quantity - 1
                reserved += event.quantity - 1
            case SeatReleased():
                extra = group.seats[event.order_id].quantity - 1
                release += extra
                reserved -= extra
            case GroupOpened():
                reserved = event.terms.seats + event.quantity - 1
                hold += reserved
            case GroupSucceeded():
                commit += reserved
            case GroupFailed() | GroupVoided():
                release += reserved
    return Change(hold, release, commit) if hold or release or commit else NO_CHANGE
