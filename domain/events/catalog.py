"""What can be sold and on what terms: SKUs and campaigns."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from domain.ids import CampaignId, PoolId, SkuId
from domain.money import Money
from domain.terms import Terms

Fulfilment: TypeAlias = Literal["physical", "voucher"]


class SkuRegistered(msgspec.Struct, frozen=True, tag="sku.registered.v1"):
    """A merchant may now sell this: goods that ship, or a voucher that is verified in a store."""

    sku_id: SkuId
    merchant: str
    title: str
    list_price: Money
    fulfilment: Fulfilment
    at: datetime


class CampaignLaunched(msgspec.Struct, frozen=True, tag="campaign.launched.v1"):
    """An offer is live from `terms.starts_at`; its units wait in `pool_id`, moved from `source_pool`."""

    campaign_id: CampaignId
    title: str
    sku_id: SkuId
    fulfilment: Fulfilment
    pool_id: PoolId
    source_pool: PoolId
    terms: Terms
    at: datetime


class CampaignEnded(msgspec.Struct, frozen=True, tag="campaign.ended.v1"):
    """No new groups and no single purchases; open groups go on to their own deadline."""

    campaign_id: CampaignId
    at: datetime


SkuEvent: TypeAlias = SkuRegistered
CampaignEvent: TypeAlias = CampaignLaunched | CampaignEnded
