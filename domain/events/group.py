"""What can happen to a group. Seats are orders; times are UTC instants."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from domain.events.catalog import Fulfilment
from domain.ids import CampaignId, GroupId, OrderId, PoolId, SkuId, UserId
from domain.terms import Terms

Released: TypeAlias = Literal["closed", "late", "withdrawn"]
Failure: TypeAlias = Literal["deadline", "withdrawn"]


class GroupOpened(msgspec.Struct, frozen=True, tag="group.opened.v1"):
    """A leader asked for a group and holds its first seat; nobody can see or join it until it is paid."""

    group_id: GroupId
    campaign_id: CampaignId
    sku_id: SkuId
    fulfilment: Fulfilment
    pool_id: PoolId  # units for every seat are held here under the group's id
    leader: UserId
    order_id: OrderId  # the leader's: this event holds its seat, no SeatHeld follows
    quantity: int
    terms: Terms
    at: datetime


class GroupStarted(msgspec.Struct, frozen=True, tag="group.started.v1"):
    """The leader paid: others may join until `closes_at`, counted from the channel's pay time."""

    group_id: GroupId
    campaign_id: CampaignId
    leader: UserId
    closes_at: datetime
    at: datetime


class SeatHeld(msgspec.Struct, frozen=True, tag="group.seat_held.v1"):
    """An unpaid order keeps one seat until the channel says paid or closed."""

    group_id: GroupId
    order_id: OrderId
    user_id: UserId
    quantity: int
    at: datetime


class SeatFilled(msgspec.Struct, frozen=True, tag="group.seat_filled.v1"):
    """The seat is paid. `paid_at` is the channel's pay time, which alone decides lateness."""

    group_id: GroupId
    order_id: OrderId
    user_id: UserId
    paid_at: datetime
    at: datetime


class SeatReleased(msgspec.Struct, frozen=True, tag="group.seat_released.v1"):
    """The seat is free again: its order closed unpaid, was paid too late, or its paid member withdrew."""

    group_id: GroupId
    order_id: OrderId
    user_id: UserId
    why: Released
    at: datetime


class LeadershipPassed(msgspec.Struct, frozen=True, tag="group.leadership_passed.v1"):
    """The leader left; the earliest paid member leads on. The deadline stays."""

    group_id: GroupId
    leader: UserId
    order_id: OrderId
    at: datetime


class GroupDeciding(msgspec.Struct, frozen=True, tag="group.deciding.v1"):
    """The deadline passed with payments still in flight: no new seats, an answer within ten minutes."""

    group_id: GroupId
    at: datetime


class GroupSucceeded(msgspec.Struct, frozen=True, tag="group.succeeded.v1"):
    """Every seat is paid: the deal is on and these orders will be fulfilled."""

    group_id: GroupId
    campaign_id: CampaignId
    orders: tuple[OrderId, ...]
    at: datetime


class GroupFailed(msgspec.Struct, frozen=True, tag="group.failed.v1"):
    """The deal is off: these paid orders get their money back."""

    group_id: GroupId
    campaign_id: CampaignId
    orders: tuple[OrderId, ...]
    why: Failure
    at: datetime


class GroupVoided(msgspec.Struct, frozen=True, tag="group.voided.v1"):
    """The leader never paid, so the group never existed for anyone else."""

    group_id: GroupId
    campaign_id: CampaignId
    at: datetime


GroupEvent: TypeAlias = (
    SeatHeld
    | SeatFilled
    | SeatReleased
    | GroupOpened
    | GroupStarted
    | GroupSucceeded
    | GroupFailed
    | GroupDeciding
    | LeadershipPassed
    | GroupVoided
)
