"""Readable stand-ins: `ann`, `order(1)`, `NOON`, `terms(seats=3)`. Tests never mint random ids."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.ids import CampaignId, GroupId, OrderId, PaymentId, PoolId, SkuId, UserId
from domain.money import Money
from domain.offer import Offer
from domain.terms import ClassicTerms

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

ann, bob, cat, dan, eve = (UserId(UUID(int=n)) for n in (0xA1, 0xB0, 0xCA, 0xDA, 0xE0))

TEA = SkuId(UUID(int=0x7EA))
WAREHOUSE = PoolId(UUID(int=0xAA))
ALLOTMENT = PoolId(UUID(int=0xA0))
SUMMER = CampaignId(UUID(int=0x50))
G = GroupId(UUID(int=0x6))


def order(n: int) -> OrderId:
    """The n-th order of a test."""
    return OrderId(UUID(int=0x1000 + n))


def payment(n: int) -> PaymentId:
    """The n-th payment of a test."""
    return PaymentId(UUID(int=0x2000 + n))


def terms(**changes: Any) -> ClassicTerms:
    """Three seats for 9.90 each instead of 12.90, for a day, in a campaign that runs for a week."""
    usual = ClassicTerms(
        group_price=Money(990),
        single_price=Money(1290),
        seats=3,
        hours=24,
        per_user_limit=4,
        allotment=30,
        starts_at=NOON - DAY,
        ends_at=NOON + 7 * DAY,
        max_quantity=3,
        pay_minutes=15,
    )
    return msgspec.structs.replace(usual, **changes)


def offer(**changes: Any) -> Offer:
    """The summer campaign's tea on `terms(**changes)`."""
    return Offer(SUMMER, TEA, "physical", ALLOTMENT, terms(**changes))
