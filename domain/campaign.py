"""Campaign: an offer with a time window. It launches on sound terms and ends once."""

from datetime import datetime
from enum import StrEnum
from typing import assert_never

import msgspec

from domain.decider import Decider
from domain.errors import NotFound, Rejected
from domain.events.catalog import CampaignEnded, CampaignEvent, CampaignLaunched
from domain.ids import NIL, CampaignId, PoolId
from domain.money import ZERO
from domain.offer import Offer
from domain.terms import Terms

SEATS_MIN, SEATS_MAX = 2, 500  # one event names every order of a group and stays far below 256 KB
HOURS_MAX = 168  # one week: longer, and buyers' money is held for nothing in return
PAY_MINUTES_MIN, PAY_MINUTES_MAX = 2, 120  # 90 s must remain to pay; a WeChat prepay id lives 2 h


class Status(StrEnum):
    NEW = "NEW"
    LIVE = "LIVE"
    ENDED = "ENDED"


class Campaign(msgspec.Struct):
    """What a decision needs to know, and no more."""

    id: CampaignId = CampaignId(NIL)
    status: Status = Status.NEW
    title: str = ""
    source_pool: PoolId = PoolId(NIL)
    offer: Offer | None = None


class CampaignNotFound(NotFound, code="campaign_not_found", zh="活动不存在"):
    """No campaign with this id exists."""


class CampaignNotStarted(Rejected, code="campaign_not_started", zh="活动还没有开始"):
    """The campaign starts later."""


class CampaignOver(Rejected, code="campaign_over", zh="活动已结束"):
    """The campaign ended: it opens no group and sells nothing alone, though open groups go on."""


class TermsUnsound(Rejected, code="terms_unsound", zh="活动条款有误"):
    """The terms contradict themselves or leave the platform's bounds; `field` names the first."""


# --- decisions ------------------------------------------------------------------------------


def launch(
    campaign: Campaign, *, title: str, source_pool: PoolId, offer: Offer, at: datetime
) -> tuple[CampaignEvent, ...]:
    """Put an offer on sale from `offer.terms.starts_at`."""
    if campaign.status is not Status.NEW:
        return ()
    if field := unsound(offer.terms, at):
        raise TermsUnsound(field=field)
    return (
        CampaignLaunched(
            campaign_id=offer.campaign_id,
            title=title,
            sku_id=offer.sku_id,
            fulfilment=offer.fulfilment,
            pool_id=offer.pool_id,
            source_pool=source_pool,
            terms=offer.terms,
            at=at,
        ),
    )


def end(campaign: Campaign, *, at: datetime) -> tuple[CampaignEvent, ...]:
    """Stop opening groups and selling alone."""
    if campaign.status is Status.NEW:
        raise CampaignNotFound
    if campaign.status is Status.ENDED:
        return ()
    return (CampaignEnded(campaign.id, at),)


def on_sale(campaign: Campaign, at: datetime) -> Offer:
    """The offer, while new groups and single purchases may take it.

    Raises: CampaignNotFound, CampaignNotStarted, CampaignOver.
    """
    offer = campaign.offer
    if offer is None:
        raise CampaignNotFound
    if at < offer.terms.starts_at:
        raise CampaignNotStarted(starts_at=offer.terms.starts_at.isoformat())
    if campaign.status is Status.ENDED or at >= offer.terms.ends_at:
        raise CampaignOver
    return offer


def unsound(terms: Terms, at: datetime) -> str:
    """The first field that cannot be promised; "" when all can."""
    leader_price = terms.group_price if terms.leader_price is None else terms.leader_price
    demands = {
        "group_price": ZERO < terms.group_price,
        "single_price": terms.group_price <= terms.single_price,
        "leader_price": ZERO < leader_price <= terms.group_price,
        "seats": SEATS_MIN <= terms.seats <= SEATS_MAX,
        "hours": 1 <= terms.hours <= HOURS_MAX,
        "max_quantity": 1 <= terms.max_quantity,
        "per_user_limit": terms.max_quantity <= terms.per_user_limit,
        "allotment": terms.seats <= terms.allotment,
        "pay_minutes": PAY_MINUTES_MIN <= terms.pay_minutes <= PAY_MINUTES_MAX,
        "starts_at": terms.starts_at.tzinfo is not None,
        "ends_at": terms.ends_at.tzinfo is not None,
    }
    for field, met in demands.items():
        if not met:
            return field
    return "" if max(terms.starts_at, at) < terms.ends_at else "ends_at"


# --- evolution ------------------------------------------------------------------------------


def evolve(campaign: Campaign, event: CampaignEvent) -> Campaign:
    """Believe the event. No rule is checked here, so history replays under any future rule."""
    match event:
        case CampaignLaunched():
            campaign.id = event.campaign_id
            campaign.status = Status.LIVE
            campaign.title = event.title
            campaign.source_pool = event.source_pool
            campaign.offer = Offer(
                event.campaign_id, event.sku_id, event.fulfilment, event.pool_id, event.terms
            )
        case CampaignEnded():
            campaign.status = Status.ENDED
        case _:
            assert_never(event)
    return campaign


CAMPAIGN: Decider[Campaign, CampaignEvent] = Decider("campaign", Campaign, CampaignEvent, evolve)
