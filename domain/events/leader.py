"""What can happen to a community leader's (团长) commission on the orders of neighbours.

Given: nobody decides these yet. It is frozen until the order cannot be refunded any more, then available, and
paid with the tax that law has us withhold.
"""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from domain.events.payout import Route
from domain.ids import LeaderId, OrderId
from domain.money import Money


class LeaderCommissionEarned(msgspec.Struct, frozen=True, tag="leader.commission_earned.v1"):
    """An order was completed; until `releases_at` it may still be refunded."""

    leader_id: LeaderId
    order_id: OrderId
    amount: Money
    releases_at: datetime
    at: datetime


class LeaderCommissionReleased(msgspec.Struct, frozen=True, tag="leader.commission_released.v1"):
    """The leader may have it paid out."""

    leader_id: LeaderId
    order_id: OrderId
    amount: Money
    at: datetime


class LeaderCommissionReversed(msgspec.Struct, frozen=True, tag="leader.commission_reversed.v1"):
    """The order was refunded after all, in whole or part."""

    leader_id: LeaderId
    order_id: OrderId
    amount: Money
    taken_from: Literal["frozen", "available"]
    at: datetime


class LeaderCommissionPaid(msgspec.Struct, frozen=True, tag="leader.commission_paid.v1"):
    """The leader has `amount` less `tax`, which is owed to the tax office."""

    leader_id: LeaderId
    amount: Money  # before tax
    tax: Money
    route: Route
    channel: str  # whose transfer it is; "bank" for a file
    number: str
    paid_at: datetime
    at: datetime


LeaderEvent: TypeAlias = (
    LeaderCommissionEarned
    | LeaderCommissionReleased
    | LeaderCommissionReversed
    | LeaderCommissionPaid
)
