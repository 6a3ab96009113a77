"""A group holds a unit for every seat, and gives back or commits all of it exactly once."""

import pytest

from domain.events.group import GroupEvent, GroupFailed, SeatHeld, SeatReleased
from domain.group import GROUP
from domain.reservation import stock_change
from domain.stock import NO_CHANGE, Change
from tests.builders import NOON, SUMMER, G, bob, order
from tests.domain.test_group import (
    ANN_PAID,
    BOB_HELD,
    BOB_PAID,
    CAT_HELD,
    CAT_PAID,
    DONE,
    FULL,
    OPEN,
    OPENED,
    STARTED,
)

BOB_TAKES_3 = SeatHeld(G, order(2), bob, 3, NOON)
BOB_LEAVES = SeatReleased(G, order(2), bob, "withdrawn", NOON)
FAILED = GroupFailed(G, SUMMER, (), "withdrawn", NOON)


@pytest.mark.parametrize(
    ("history", "events", "change"),
    [
        ((), (OPENED,), Change(hold=3)),
        ((OPENED,), (ANN_PAID, STARTED), NO_CHANGE),
        (OPEN, (BOB_HELD,), NO_CHANGE),
        (OPEN, (BOB_TAKES_3,), Change(hold=2)),
        ((*OPEN, BOB_TAKES_3), (BOB_LEAVES,), Change(release=2)),
        ((*OPEN, BOB_TAKES_3), (BOB_LEAVES, FAILED), Change(release=5)),
        ((*OPEN, BOB_TAKES_3, CAT_HELD, BOB_PAID), (CAT_PAID, DONE), Change(commit=5)),
        (
            (*OPEN, CAT_HELD, CAT_PAID),
            (BOB_TAKES_3, BOB_PAID, DONE),  # taken again by a late payment, and the last seat
            Change(hold=2, commit=5),
        ),
        (OPEN, (FAILED,), Change(release=3)),
    ],
)
def test_units_follow_the_group(
    history: tuple[GroupEvent, ...], events: tuple[GroupEvent, ...], change: Change
) -> None:
    assert stock_change(GROUP.fold(history), events) == change


def test_the_state_counts_what_the_pool_holds() -> None:
    assert GROUP.fold((OPENED,)).reserved == 3
    assert GROUP.fold((*OPEN, BOB_TAKES_3)).reserved == 5
    assert GROUP.fold((*OPEN, BOB_TAKES_3, BOB_LEAVES)).reserved == 3
    assert GROUP.fold((*OPEN, FAILED)).reserved == 0
    assert GROUP.fold((*FULL, BOB_PAID, CAT_PAID, DONE)).reserved == 0
