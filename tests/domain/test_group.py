"""A group succeeds, fails or was void: never two of these, never twice."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
import pytest

from domain import group
from domain.display import GroupStatus
from domain.events.group import (
    GroupDeciding,
    GroupEvent,
    GroupFailed,
    GroupOpened,
    GroupStarted,
    GroupSucceeded,
    GroupVoided,
    LeadershipPassed,
    SeatFilled,
    SeatHeld,
    SeatReleased,
)
from domain.group import DECIDING_MAX, GROUP, Group
from domain.ids import UserId
from tests.builders import (
    ALLOTMENT,
    DAY,
    MINUTE,
    NOON,
    SECOND,
    SUMMER,
    TEA,
    G,
    ann,
    bob,
    cat,
    dan,
    offer,
    order,
    terms,
)
from tests.given import given_for

given = given_for(GROUP)

CLOSES = NOON + DAY
OPENED = GroupOpened(G, SUMMER, TEA, "physical", ALLOTMENT, ann, order(1), 1, terms(), NOON)
ANN_PAID = SeatFilled(G, order(1), ann, NOON, NOON)
STARTED = GroupStarted(G, SUMMER, ann, CLOSES, NOON)
BOB_HELD = SeatHeld(G, order(2), bob, 1, NOON)
BOB_PAID = SeatFilled(G, order(2), bob, NOON + MINUTE, NOON)
CAT_HELD = SeatHeld(G, order(3), cat, 1, NOON)
CAT_PAID = SeatFilled(G, order(3), cat, NOON, NOON)
DECIDING = GroupDeciding(G, CLOSES)
OPEN = (OPENED, ANN_PAID, STARTED)
FULL = (*OPEN, BOB_HELD, CAT_HELD)
DONE = GroupSucceeded(G, SUMMER, (order(1), order(2), order(3)), NOON)
SUCCEEDED = (*FULL, BOB_PAID, CAT_PAID, DONE)
FAILED = (*OPEN, GroupFailed(G, SUMMER, (order(1),), "deadline", CLOSES))


@dataclass
class Seat:
    """The facts of asking for a seat."""

    order: int
    user: UserId
    at: datetime = NOON
    quantity: int = 1


def hold(seat: Seat) -> dict[str, object]:
    return {
        "order_id": order(seat.order),
        "user_id": seat.user,
        "quantity": seat.quantity,
        "at": seat.at,
    }


def test_opening_holds_the_leaders_seat() -> None:
    given().when(
        group.open_group,
        group_id=G,
        offer=offer(),
        leader=ann,
        order_id=order(1),
        quantity=1,
        at=NOON,
    ).then(OPENED)


def test_nobody_sees_a_group_before_its_leader_paid() -> None:
    given(OPENED).when(group.hold_seat, **hold(Seat(2, bob))).rejected(group.GroupNotFound)


def test_nobody_joins_a_group_that_never_was() -> None:
    given().when(group.hold_seat, **hold(Seat(2, bob))).rejected(group.GroupNotFound)


def test_the_leaders_payment_starts_the_clock_at_the_channels_time() -> None:
    paid_at, heard_at = NOON + MINUTE, NOON + 9 * MINUTE
    given(OPENED).when(group.fill_seat, order_id=order(1), paid_at=paid_at, at=heard_at).then(
        SeatFilled(G, order(1), ann, paid_at, heard_at),
        GroupStarted(G, SUMMER, ann, paid_at + DAY, heard_at),
    )


def test_an_order_holds_one_seat() -> None:
    given(*OPEN).when(group.hold_seat, **hold(Seat(2, bob))).then(BOB_HELD)


def test_a_customer_has_one_seat_in_a_group() -> None:
    given(*OPEN, BOB_HELD).when(group.hold_seat, **hold(Seat(9, bob))).rejected(group.AlreadyMember)


def test_no_more_seats_are_held_than_offered() -> None:
    given(*FULL).when(group.hold_seat, **hold(Seat(4, dan))).rejected(group.GroupFull, seats=3)


def test_a_seat_needs_ninety_seconds_to_be_paid() -> None:
    last = CLOSES - 90 * SECOND
    given(*OPEN).when(group.hold_seat, **hold(Seat(2, bob, last))).then(
        SeatHeld(G, order(2), bob, 1, last)
    )
    given(*OPEN).when(group.hold_seat, **hold(Seat(2, bob, last + SECOND))).rejected(
        group.TooLateToJoin
    )


@pytest.mark.parametrize("history", [SUCCEEDED, FAILED, (*FULL, DECIDING)])
def test_nobody_joins_once_the_group_is_being_decided(history: tuple[GroupEvent, ...]) -> None:
    given(*history).when(group.hold_seat, **hold(Seat(4, dan))).rejected(group.GroupNotOpen)


def test_the_last_paid_seat_makes_the_group_succeed() -> None:
    given(*FULL, BOB_PAID).when(group.fill_seat, order_id=order(3), paid_at=NOON, at=NOON).then(
        CAT_PAID, DONE
    )


def test_a_seat_in_the_middle_only_fills() -> None:
    given(*FULL).when(group.fill_seat, order_id=order(2), paid_at=NOON + MINUTE, at=NOON).then(
        BOB_PAID
    )


def test_a_payment_made_in_time_counts_however_late_it_is_heard_of() -> None:
    known = GROUP.fold((*FULL, DECIDING))
    assert group.lateness(known, order_id=order(2), paid_at=CLOSES) is None
    assert group.lateness(known, order_id=order(2), paid_at=CLOSES + SECOND) == "after_deadline"


def test_a_payment_without_a_seat_is_late() -> None:
    assert group.lateness(GROUP.fold(OPEN), order_id=order(2), paid_at=NOON) == "order_closed"
    for decided in (SUCCEEDED, FAILED):
        folded = GROUP.fold(decided)
        assert group.lateness(folded, order_id=order(9), paid_at=NOON) == "group_decided"


def test_an_unpaid_seat_can_be_freed() -> None:
    given(*FULL).when(group.release_seat, order_id=order(2), why="closed", at=NOON).then(
        SeatReleased(G, order(2), bob, "closed", NOON)
    )


def test_a_group_whose_leader_never_paid_is_void() -> None:
    given(OPENED).when(group.release_seat, order_id=order(1), why="closed", at=NOON).then(
        SeatReleased(G, order(1), ann, "closed", NOON), GroupVoided(G, SUMMER, NOON)
    )


def test_a_paid_seat_is_not_freed_as_unpaid() -> None:
    given(*OPEN).when(group.release_seat, order_id=order(1), why="closed", at=NOON).then_nothing()


def test_a_decided_group_frees_nothing_again() -> None:
    failed = (*OPEN, BOB_HELD, DECIDING, GroupFailed(G, SUMMER, (order(1),), "deadline", CLOSES))
    given(*failed).when(group.release_seat, order_id=order(2), why="closed", at=NOON).then_nothing()


def test_a_late_seat_can_be_taken_again() -> None:
    given(*OPEN).when(
        group.reseat, order_id=order(2), user_id=bob, quantity=1, paid_at=NOON, at=NOON
    ).then(BOB_HELD, SeatFilled(G, order(2), bob, NOON, NOON))


def test_taking_the_last_seat_again_makes_the_group_succeed() -> None:
    history = (*OPEN, BOB_HELD, BOB_PAID)
    given(*history).when(
        group.reseat, order_id=order(3), user_id=cat, quantity=1, paid_at=NOON, at=NOON
    ).then(CAT_HELD, CAT_PAID, DONE)


@pytest.mark.parametrize(
    ("history", "user", "paid_at", "at"),
    [
        (FULL, dan, NOON, NOON),  # no seat is free
        (OPEN, ann, NOON, NOON),  # has another seat
        ((*FULL, DECIDING), dan, NOON, CLOSES),
        (SUCCEEDED, dan, NOON, NOON),
        (FAILED, dan, NOON, CLOSES),
        (OPEN, bob, CLOSES + SECOND, NOON),  # paid after the deadline
        (OPEN, bob, NOON, CLOSES),  # heard of when the group is about to be decided
    ],
)
def test_a_late_seat_is_not_forced(
    history: tuple[GroupEvent, ...], user: UserId, paid_at: datetime, at: datetime
) -> None:
    given(*history).when(
        group.reseat, order_id=order(7), user_id=user, quantity=1, paid_at=paid_at, at=at
    ).then_nothing()


def test_a_paid_member_may_leave_while_the_group_is_open() -> None:
    given(*OPEN, BOB_HELD, BOB_PAID).when(group.withdraw, order_id=order(2), at=NOON).then(
        SeatReleased(G, order(2), bob, "withdrawn", NOON)
    )


def test_leadership_passes_to_whoever_paid_earliest() -> None:
    given(*OPEN, BOB_HELD, BOB_PAID, CAT_HELD, CAT_PAID).when(
        group.withdraw, order_id=order(1), at=NOON
    ).then(
        SeatReleased(G, order(1), ann, "withdrawn", NOON),
        LeadershipPassed(G, cat, order(3), NOON),
    )


def test_a_group_without_any_paid_member_fails() -> None:
    given(*OPEN, BOB_HELD).when(group.withdraw, order_id=order(1), at=NOON).then(
        SeatReleased(G, order(1), ann, "withdrawn", NOON),
        GroupFailed(G, SUMMER, (), "withdrawn", NOON),
    )


@pytest.mark.parametrize("history", [SUCCEEDED, FAILED, (*FULL, DECIDING)])
def test_nobody_leaves_once_the_group_is_being_decided(history: tuple[GroupEvent, ...]) -> None:
    given(*history).when(group.withdraw, order_id=order(1), at=NOON).rejected(
        group.TooLateToWithdraw
    )


def test_nobody_leaves_at_the_deadline_even_before_the_timer_fires() -> None:
    given(*OPEN).when(group.withdraw, order_id=order(1), at=CLOSES).rejected(
        group.TooLateToWithdraw
    )


def test_a_group_never_expires_early() -> None:
    given(*OPEN).when(group.expire, at=CLOSES - SECOND).then_nothing()


def test_an_unfilled_group_fails_at_its_deadline_and_names_whom_to_refund() -> None:
    given(*OPEN, BOB_HELD, BOB_PAID).when(group.expire, at=CLOSES).then(
        GroupFailed(G, SUMMER, (order(1), order(2)), "deadline", CLOSES)
    )


def test_payments_in_flight_delay_the_decision() -> None:
    given(*FULL).when(group.expire, at=CLOSES).then(DECIDING)


def test_payments_in_flight_delay_the_decision_by_ten_minutes_at_most() -> None:
    limit = CLOSES + DECIDING_MAX
    given(*FULL, DECIDING).when(group.expire, at=limit - SECOND).then_nothing()
    given(*FULL, DECIDING).when(group.expire, at=limit).then(
        GroupFailed(G, SUMMER, (order(1),), "deadline", limit)
    )


def test_a_deciding_group_fails_with_the_last_hold_that_closes() -> None:
    given(*FULL, BOB_PAID, DECIDING).when(
        group.release_seat, order_id=order(3), why="closed", at=CLOSES
    ).then(
        SeatReleased(G, order(3), cat, "closed", CLOSES),
        GroupFailed(G, SUMMER, (order(1), order(2)), "deadline", CLOSES),
    )


def test_a_deciding_group_waits_for_every_hold() -> None:
    given(*FULL, DECIDING).when(
        group.release_seat, order_id=order(3), why="closed", at=CLOSES
    ).then(SeatReleased(G, order(3), cat, "closed", CLOSES))


def test_a_deciding_group_fails_when_its_last_payment_leaves_a_seat_empty() -> None:
    given(*OPEN, BOB_HELD, DECIDING).when(
        group.fill_seat, order_id=order(2), paid_at=NOON, at=CLOSES
    ).then(
        SeatFilled(G, order(2), bob, NOON, CLOSES),
        GroupFailed(G, SUMMER, (order(1), order(2)), "deadline", CLOSES),
    )


def test_a_deciding_group_succeeds_with_the_last_payment_made_in_time() -> None:
    given(*FULL, BOB_PAID, DECIDING).when(
        group.fill_seat, order_id=order(3), paid_at=CLOSES, at=CLOSES + MINUTE
    ).then(
        SeatFilled(G, order(3), cat, CLOSES, CLOSES + MINUTE),
        GroupSucceeded(G, SUMMER, (order(1), order(2), order(3)), CLOSES + MINUTE),
    )


@pytest.mark.parametrize("history", [SUCCEEDED, FAILED, (OPENED,)])
def test_only_a_running_group_expires(history: tuple[GroupEvent, ...]) -> None:
    given(*history).when(group.expire, at=CLOSES + DAY).then_nothing()


def test_the_timer_knows_when_to_ask_again() -> None:
    assert group.next_look(GROUP.fold(OPEN), NOON) == CLOSES
    assert group.next_look(GROUP.fold((*FULL, DECIDING)), CLOSES) == CLOSES + DECIDING_MAX
    assert group.next_look(GROUP.fold(SUCCEEDED), CLOSES) is None


def test_a_decided_group_still_knows_its_paid_seats() -> None:
    assert group.decided(GROUP.fold(FAILED), GroupStatus.FAILED, order(1))
    assert not group.decided(GROUP.fold(FAILED), GroupStatus.SUCCEEDED, order(1))
    assert not group.decided(GROUP.fold(FAILED), GroupStatus.FAILED, order(2))


def test_a_group_survives_its_snapshot() -> None:
    folded = GROUP.fold(SUCCEEDED)
    stored = msgspec.msgpack.encode(folded)
    assert msgspec.msgpack.decode(stored, type=Group) == folded
