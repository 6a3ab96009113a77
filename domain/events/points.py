"""What can happen to points, in money: what a customer may spend, and what an order has reserved of it.

Given: nobody decides these yet. A batch keeps its own expiry, and gets it back when an order gives it back.
"""

from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec

from domain.ids import OrderId, UserId
from domain.money import Money
from domain.policies import BookPolicy


class PointsGranted(msgspec.Struct, frozen=True, tag="points.granted.v1"):
    """A customer may spend these: so much money's worth is owed."""

    user_id: UserId
    batch_id: UUID
    points: int
    amount: Money  # what they are worth
    program: str
    expires_at: datetime
    books: BookPolicy
    at: datetime


class PointsReserved(msgspec.Struct, frozen=True, tag="points.reserved.v1"):
    """An order pays a part of its price with points; they are spent when it is earned."""

    user_id: UserId
    order_id: OrderId
    points: int
    amount: Money
    at: datetime


class PointsReturned(msgspec.Struct, frozen=True, tag="points.returned.v1"):
    """Points of an order may be spent again: it closed, failed, or that much of it was refunded."""

    user_id: UserId
    order_id: OrderId
    points: int
    amount: Money
    at: datetime


class PointsExpired(msgspec.Struct, frozen=True, tag="points.expired.v1"):
    """What was left of a batch can be spent no more."""

    user_id: UserId
    batch_id: UUID
    points: int
    amount: Money
    program: str
    books: BookPolicy
    at: datetime


PointsEvent: TypeAlias = PointsGranted | PointsReserved | PointsReturned | PointsExpired
