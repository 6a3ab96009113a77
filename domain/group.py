"""Group: several buyers, one deadline, one price. It succeeds, fails, or was void; never two of these.

All seats are in this one stream, so the last seat cannot be sold twice and a group succeeds once.
"""

from datetime import datetime, timedelta
from typing import assert_never

import msgspec

from domain.decider import Decider
from domain.display import GroupStatus
from domain.errors import NotFound, Rejected
from domain.events.group import (
    Failure,
    GroupDeciding,
    GroupEvent,
    GroupFailed,
    GroupOpened,
    GroupStarted,
    GroupSucceeded,
    GroupVoided,
    LeadershipPassed,
    Released,
    SeatFilled,
    SeatHeld,
    SeatReleased,
)
from domain.events.order import LateReason
from domain.ids import NIL, GroupId, OrderId, UserId
from domain.offer import Offer

TIME_TO_PAY = timedelta(seconds=90)  # a seat is not offered for less; trade rules, section 1
DECIDING_MAX = timedelta(minutes=10)  # payments in flight delay the answer by no more than this


class Seat(msgspec.Struct):
    """One order's place: held while `paid_at` is None, filled from then on."""

    user_id: UserId
    quantity: int
    paid_at: datetime | None = None


class Group(msgspec.Struct):
    """What a decision needs to know, and no more."""

    id: GroupId = GroupId(NIL)
    status: GroupStatus = GroupStatus.NEW
    offer: Offer | None = None
    leader: UserId = UserId(NIL)
    closes_at: datetime | None = None  # set when the leader has paid
    seats: dict[OrderId, Seat] = {}
    users: set[UserId] = set()  # who has a seat
    filled: int = 0
    reserved: int = 0  # units held in the pool under this group's id


UNDECIDED = frozenset({GroupStatus.PENDING_LEADER, GroupStatus.OPEN, GroupStatus.DECIDING})


class GroupNotFound(NotFound, code="group_not_found", zh="拼团不存在"):
    """No group with this id can be seen: unknown, not paid by its leader yet, or void."""


class GroupNotOpen(Rejected, code="group_not_open", zh="该团已不能参加"):
    """The group is being decided or is decided."""


class TooLateToJoin(Rejected, code="too_late_to_join", zh="该团即将截止"):
    """Less than 90 seconds would remain to pay before the group's deadline."""


class AlreadyMember(Rejected, code="already_member", zh="你已在该团中"):
    """This customer has a seat in the group under another order."""


class GroupFull(Rejected, code="group_full", zh="该团名额已满"):
    """Every seat is paid or waiting for its payment."""


class TooLateToWithdraw(Rejected, code="too_late_to_withdraw", zh="该团已截止，不能退出"):
    """A paid member may leave only while the group is open; afterwards it is an after-sale case."""


class GroupNotDecided(Rejected, code="group_not_decided", zh="该团的结果与此操作不符"):
    """The order is not a paid seat of a group with this outcome."""


# --- decisions ------------------------------------------------------------------------------


def open_group(
    group: Group,
    *,
    group_id: GroupId,
    offer: Offer,
    leader: UserId,
    order_id: OrderId,
    quantity: int,
    at: datetime,
) -> tuple[GroupEvent, ...]:
    """Hold the leader's seat; nobody else sees the group before that seat is paid."""
    if group.status is not GroupStatus.NEW:
        return ()
    return (
        GroupOpened(
            group_id=group_id,
            campaign_id=offer.campaign_id,
            sku_id=offer.sku_id,
            fulfilment=offer.fulfilment,
            pool_id=offer.pool_id,
            leader=leader,
            order_id=order_id,
            quantity=quantity,
            terms=offer.terms,
            at=at,
        ),
    )


def hold_seat(
    group: Group, *, order_id: OrderId, user_id: UserId, quantity: int, at: datetime
) -> tuple[GroupEvent, ...]:
    """Keep a seat for an order that is about to be paid."""
    if order_id in group.seats:
        return ()
    if group.status is not GroupStatus.OPEN:
        raise GroupNotOpen if visible(group) else GroupNotFound
    offer, closes_at = running(group)
    if at + TIME_TO_PAY > closes_at:
        raise TooLateToJoin
    if user_id in group.users:
        raise AlreadyMember
    if len(group.seats) >= offer.terms.seats:
        raise GroupFull(seats=offer.terms.seats)
    return (SeatHeld(group.id, order_id, user_id, quantity, at),)


def lateness(group: Group, *, order_id: OrderId, paid_at: datetime) -> LateReason | None:
    """Why this payment cannot fill the order's seat; None when it can. The channel's time decides."""
    if group.status not in UNDECIDED:
        return "group_decided"
    if group.closes_at is not None and paid_at > group.closes_at:
        return "after_deadline"
    return None if order_id in group.seats else "order_closed"


def fill_seat(
    group: Group, *, order_id: OrderId, paid_at: datetime, at: datetime
) -> tuple[GroupEvent, ...]:
    """Count a paid seat: the leader's starts the group, the last one makes it succeed."""
    seat = group.seats.get(order_id)
    if seat is None or seat.paid_at is not None or group.status not in UNDECIDED:
        return ()
    filled = SeatFilled(group.id, order_id, seat.user_id, paid_at, at)
    if group.status is GroupStatus.PENDING_LEADER:
        return (filled, start(group, paid_at, at))
    offer, _ = running(group)
    if group.filled + 1 == offer.terms.seats:
        return (filled, GroupSucceeded(group.id, offer.campaign_id, tuple(group.seats), at))
    return (filled, *give_up(group, resolved=order_id, paid=(*paid_orders(group), order_id), at=at))


def reseat(
    group: Group,
    *,
    order_id: OrderId,
    user_id: UserId,
    quantity: int,
    paid_at: datetime,
    at: datetime,
) -> tuple[GroupEvent, ...]:
    """Take a seat back for a payment that came after its order closed; nothing when there is none."""
    if group.status is not GroupStatus.OPEN or order_id in group.seats:
        return ()
    offer, closes_at = running(group)
    if paid_at > closes_at or at >= closes_at:
        return ()
    if user_id in group.users or len(group.seats) >= offer.terms.seats:
        return ()
    held = SeatHeld(group.id, order_id, user_id, quantity, at)
    filled = SeatFilled(group.id, order_id, user_id, paid_at, at)
    if group.filled + 1 < offer.terms.seats:
        return (held, filled)
    orders = (*group.seats, order_id)
    return (held, filled, GroupSucceeded(group.id, offer.campaign_id, orders, at))


def release_seat(
    group: Group, *, order_id: OrderId, why: Released, at: datetime
) -> tuple[GroupEvent, ...]:
    """Free an unpaid seat. Without its leader the group is void; without hope it fails."""
    seat = group.seats.get(order_id)
    if seat is None or seat.paid_at is not None or group.status not in UNDECIDED:
        return ()
    released = SeatReleased(group.id, order_id, seat.user_id, why, at)
    if group.status is GroupStatus.PENDING_LEADER:
        return (released, GroupVoided(group.id, promised(group).campaign_id, at))
    return (released, *give_up(group, resolved=order_id, paid=paid_orders(group), at=at))


def withdraw(group: Group, *, order_id: OrderId, at: datetime) -> tuple[GroupEvent, ...]:
    """Let a paid member leave: leadership passes on, and a group without any paid member fails."""
    seat = group.seats.get(order_id)
    if seat is None:
        return ()
    if group.status is not GroupStatus.OPEN or at >= running(group)[1]:
        raise TooLateToWithdraw
    released = SeatReleased(group.id, order_id, seat.user_id, "withdrawn", at)
    stayers = [order for order in paid_orders(group) if order != order_id]
    if not stayers:
        return (released, fail(group, (), "withdrawn", at))
    if seat.user_id != group.leader:
        return (released,)
    # Earliest by the channel's time; among equals the first to be seated, by the order of the dict.
    heir = min(stayers, key=lambda order: group.seats[order].paid_at or at)
    leader = group.seats[heir].user_id
    return (released, LeadershipPassed(group.id, leader, heir, at))


def expire(group: Group, *, at: datetime) -> tuple[GroupEvent, ...]:
    """Past the deadline: fail, or wait at most ten minutes for payments in flight. Never early."""
    if group.status not in (GroupStatus.OPEN, GroupStatus.DECIDING):
        return ()
    _, closes_at = running(group)
    if at < closes_at:
        return ()
    waiting = len(group.seats) > group.filled
    if waiting and group.status is GroupStatus.OPEN:
        return (GroupDeciding(group.id, at),)
    if waiting and at < closes_at + DECIDING_MAX:
        return ()
    return (fail(group, paid_orders(group), "deadline", at),)


def next_look(group: Group, at: datetime) -> datetime | None:
    """When its timer has to ask again; None when there is nothing left to ask."""
    if group.status not in (GroupStatus.OPEN, GroupStatus.DECIDING):
        return None
    _, closes_at = running(group)
    return closes_at if at < closes_at else closes_at + DECIDING_MAX


def decided(group: Group, outcome: GroupStatus, order_id: OrderId) -> bool:
    """Did the group end this way, with the order among its paid seats?"""
    seat = group.seats.get(order_id)
    return group.status is outcome and seat is not None and seat.paid_at is not None


# --- parts of decisions ---------------------------------------------------------------------


def visible(group: Group) -> bool:
    """May anyone but the leader know of it?"""
    return group.status not in (GroupStatus.NEW, GroupStatus.PENDING_LEADER, GroupStatus.VOID)


def promised(group: Group) -> Offer:
    """The offer of a group that was opened."""
    assert group.offer is not None
    return group.offer


def running(group: Group) -> tuple[Offer, datetime]:
    """The offer and deadline of a group whose leader has paid."""
    assert group.closes_at is not None
    return promised(group), group.closes_at


def paid_orders(group: Group) -> tuple[OrderId, ...]:
    """Orders whose seat is paid, in the order they were seated."""
    return tuple(order for order, seat in group.seats.items() if seat.paid_at is not None)


def start(group: Group, paid_at: datetime, at: datetime) -> GroupEvent:
    offer = promised(group)
    closes_at = paid_at + timedelta(hours=offer.terms.hours)
    return GroupStarted(group.id, offer.campaign_id, group.leader, closes_at, at)


def give_up(
    group: Group, *, resolved: OrderId, paid: tuple[OrderId, ...], at: datetime
) -> tuple[GroupEvent, ...]:
    """While deciding: fail as soon as no other seat still waits for its payment."""
    if group.status is not GroupStatus.DECIDING:
        return ()
    for order, seat in group.seats.items():
        if seat.paid_at is None and order != resolved:
            return ()
    return (fail(group, paid, "deadline", at),)


def fail(group: Group, orders: tuple[OrderId, ...], why: Failure, at: datetime) -> GroupEvent:
    return GroupFailed(group.id, promised(group).campaign_id, orders, why, at)


# --- evolution ------------------------------------------------------------------------------


def evolve(group: Group, event: GroupEvent) -> Group:
    """Believe the event. No rule is checked here, so history replays under any future rule."""
    match event:
        case SeatHeld():
            group.seats[event.order_id] = Seat(event.user_id, event.quantity)
            group.users.add(event.user_id)
            group.reserved += event.quantity - 1
        case SeatFilled():
            group.seats[event.order_id].paid_at = event.paid_at
            group.filled += 1
        case SeatReleased():
            seat = group.seats.pop(event.order_id)
            group.users.discard(event.user_id)
            group.reserved -= seat.quantity - 1
            group.filled -= seat.paid_at is not None
        case GroupOpened():
            group.id = event.group_id
            group.status = GroupStatus.PENDING_LEADER
            group.offer = Offer(
                event.campaign_id, event.sku_id, event.fulfilment, event.pool_id, event.terms
            )
            group.leader = event.leader
            group.seats[event.order_id] = Seat(event.leader, event.quantity)
            group.users.add(event.leader)
            group.reserved = event.terms.seats + event.quantity - 1
        case GroupStarted():
            group.status = GroupStatus.OPEN
            group.closes_at = event.closes_at
        case GroupSucceeded():
            group.status = GroupStatus.SUCCEEDED
            group.reserved = 0
        case GroupFailed():
            group.status = GroupStatus.FAILED
            group.reserved = 0
        case GroupDeciding():
            group.status = GroupStatus.DECIDING
        case LeadershipPassed():
            group.leader = event.leader
        case GroupVoided():
            group.status = GroupStatus.VOID
            group.reserved = 0
        case _:
            assert_never(event)
    return group


GROUP: Decider[Group, GroupEvent] = Decider("group", Group, GroupEvent, evolve)
