"""Quota: how many units of a campaign one user holds or has bought, against the campaign's limit."""

from datetime import datetime
from hashlib import sha1
from typing import assert_never
from uuid import UUID

import msgspec

from domain.decider import Decider
from domain.errors import Rejected
from domain.events.order import QuotaEvent, QuotaReturned, QuotaTaken
from domain.ids import CampaignId, OrderId, UserId, uuid_of


class Quota(msgspec.Struct):
    """Units by order, for orders from PENDING_PAYMENT through USED: never more than the limit."""

    taken: dict[OrderId, int] = {}


class QuotaExceeded(Rejected, code="quota_exceeded", zh="超过每人限购数量"):
    """The user already has as many units of this campaign as one user may have."""


def quota_id(campaign_id: CampaignId, user_id: UserId) -> UUID:
    """The stream of this user in this campaign: the version 5 UUID named by the user's bytes."""
    named = bytearray(sha1(campaign_id.bytes + user_id.bytes, usedforsecurity=False).digest()[:16])
    named[6] = named[6] & 0x0F | 0x50
    named[8] = named[8] & 0x3F | 0x80
    return uuid_of(named)


# --- decisions ------------------------------------------------------------------------------


def take(
    quota: Quota,
    *,
    campaign_id: CampaignId,
    user_id: UserId,
    order_id: OrderId,
    quantity: int,
    limit: int,
    at: datetime,
) -> tuple[QuotaEvent, ...]:
    """Count an order's units against the limit."""
    if order_id in quota.taken:
        return ()
    if quantity > (left := room(quota, limit)):
        raise QuotaExceeded(limit=limit, left=max(left, 0))
    return (QuotaTaken(campaign_id, user_id, order_id, quantity, at),)


def give_back(
    quota: Quota, *, campaign_id: CampaignId, user_id: UserId, order_id: OrderId, at: datetime
) -> tuple[QuotaEvent, ...]:
    """Stop counting an order that closed, failed, or is being refunded in full."""
    quantity = quota.taken.get(order_id)
    if quantity is None:
        return ()
    return (QuotaReturned(campaign_id, user_id, order_id, quantity, at),)


def room(quota: Quota, limit: int) -> int:
    """Units the user may still take."""
    return limit - sum(quota.taken.values())


# --- evolution ------------------------------------------------------------------------------


def evolve(quota: Quota, event: QuotaEvent) -> Quota:
    """Believe the event. No rule is checked here, so history replays under any future rule."""
    match event:
        case QuotaTaken():
            quota.taken[event.order_id] = event.quantity
        case QuotaReturned():
            quota.taken.pop(event.order_id, None)
        case _:
            assert_never(event)
    return quota


QUOTA: Decider[Quota, QuotaEvent] = Decider("quota", Quota, QuotaEvent, evolve)
