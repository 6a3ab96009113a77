"""What is offered, as groups and orders carry it: the campaign's goods, pool and terms in one value."""

import msgspec

from domain.events.catalog import Fulfilment
from domain.events.order import OrderKind
from domain.ids import CampaignId, PoolId, SkuId
from domain.money import Money
from domain.terms import Terms


class Offer(msgspec.Struct, frozen=True):
    """Copied from the campaign when a group opens, so a later campaign change reaches no promise."""

    campaign_id: CampaignId
    sku_id: SkuId
    fulfilment: Fulfilment
    pool_id: PoolId
    terms: Terms


def unit_price(terms: Terms, kind: OrderKind) -> Money:
    """What one unit costs this kind of buyer."""
    if kind == "member":
        return terms.group_price
    if kind == "single":
        return terms.single_price
    return terms.group_price if terms.leader_price is None else terms.leader_price
