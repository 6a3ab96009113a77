"""SKU: one thing a merchant sells, with its list price and how it reaches the buyer."""

from datetime import datetime

import msgspec

from domain.decider import Decider
from domain.errors import NotFound, Rejected
from domain.events.catalog import Fulfilment, SkuEvent, SkuRegistered
from domain.ids import NIL, SkuId
from domain.money import ZERO, Money


class Sku(msgspec.Struct):
    """What a decision needs to know, and no more."""

    id: SkuId = SkuId(NIL)
    merchant: str = ""
    title: str = ""
    list_price: Money = ZERO
    fulfilment: Fulfilment = "physical"


class SkuNotFound(NotFound, code="sku_not_found", zh="商品不存在"):
    """No SKU with this id exists."""


class SkuWithoutPrice(Rejected, code="sku_without_price", zh="商品价格必须大于零"):
    """A SKU has a list price above zero."""


# --- decisions ------------------------------------------------------------------------------


def register(
    sku: Sku,
    *,
    sku_id: SkuId,
    merchant: str,
    title: str,
    list_price: Money,
    fulfilment: Fulfilment,
    at: datetime,
) -> tuple[SkuEvent, ...]:
    """Let a merchant sell this from now on."""
    if known(sku):
        return ()
    if list_price <= ZERO:
        raise SkuWithoutPrice
    return (SkuRegistered(sku_id, merchant, title, list_price, fulfilment, at),)


def known(sku: Sku) -> bool:
    """Has it been registered?"""
    return sku.id != NIL


# --- evolution ------------------------------------------------------------------------------


def evolve(sku: Sku, event: SkuEvent) -> Sku:
    """Believe the event. A SKU has one kind of event so far, so there is nothing to tell apart."""
    sku.id = event.sku_id
    sku.merchant = event.merchant
    sku.title = event.title
    sku.list_price = event.list_price
    sku.fulfilment = event.fulfilment
    return sku


SKU: Decider[Sku, SkuEvent] = Decider("sku", Sku, SkuEvent, evolve)
