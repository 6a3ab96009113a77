"""Agreement: what a merchant and the platform have agreed on, version by version. Copied into the facts it decides."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from domain.money import ZERO, Money

Period: TypeAlias = Literal["day", "week", "month"]
Share: TypeAlias = Annotated[int, Meta(ge=0, le=10_000)]
"""Of the whole, in basis points: 600 is 6 %."""

Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rate of whole orders once the period's statement has reached `from_volume`."""

    from_volume: Money
    rate_bp: Share


class CommissionRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the platform takes of orders of one category; "" is every category without a rule of its own."""

    category: Annotated[str, Meta(max_length=64)]
    tiers: Annotated[tuple[Tier, ...], Meta(min_length=1, max_length=20)]  # by volume, from zero up
    minimum: Money = ZERO  # of one order; never more than what the commission is taken of


class ClawBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What follows when refunds exceed earnings: after so many negative statements in a row."""

    dun_after: int = 2
    deposit_after: int = 3  # the deposit pays; 0: never


class Agreement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From `effective_from` on. Commission is taken of gross less the merchant's own coupons, VAT included."""

    version: int
    effective_from: Instant
    rules: Annotated[tuple[CommissionRule, ...], Meta(max_length=50)]
    vat_rate_bp: Share  # inside the commission
    settle_days: Annotated[
        int, Meta(ge=0, le=90)
    ]  # N of T+N: days of 24 hours from earned to matured
    period: Period
    close_hours: Annotated[int, Meta(ge=0, le=72)] = 10  # T: from the period's end to its close
    merchant_coupon_bp: Share = 0  # of coupons, borne by the merchant
    merchant_subsidy_bp: Share = 0  # of subsidies, likewise
    deposit: Money = ZERO  # to be kept with the platform
    claw_back: ClawBack = ClawBack()
    cost_bp: Share = 0  # self-operated: what goods cost, of gross
    goods_vat_bp: Share = 0  # self-operated: VAT inside the price of goods: 1300, 900 or 600
