"""Puts the planned goods on sale, through the API like any operator."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from infra.simulator.world.client import Answer
from infra.simulator.world.goods import Goods, Terms
from infra.simulator.world.merchants import settle_with
from infra.simulator.world.pace import Bucket
from infra.simulator.world.plan import Deal
from infra.simulator.world.shop import Refused, Shop
from infra.simulator.world.wallet import OPERATOR_NAME

ON_SALE: Final = timedelta(days=2)
ITEMS_PER_SECOND: Final = 40  # one operator may ask 50 times a second on a route


class Window(NamedTuple):
    """When campaigns open groups."""

    starts_at: datetime
    ends_at: datetime


async def put_on_sale(
    shop: Shop, deals: Sequence[Deal], window: Window, run: str
) -> dict[tuple[int, int], str]:
    """Settle with whoever sells, register, stock and launch. Returns the campaign of each (item, seats).

    The same `run` with the same deals and window finds what is there instead of making it again.
    """
    await settle_with(shop, {deal.goods.merchant for deal in deals}, run)
    by_item: defaultdict[int, list[Deal]] = defaultdict(list)
    for deal in deals:
        by_item[deal.goods.item].append(deal)
    bucket = Bucket(ITEMS_PER_SECOND)

    async def one(its: Sequence[Deal]) -> dict[tuple[int, int], str]:
        await bucket.take()
        return await item_on_sale(shop, its, window, run)

    done = await asyncio.gather(*map(one, by_item.values()))
    return {where: campaign for campaigns in done for where, campaign in campaigns.items()}


async def item_on_sale(
    shop: Shop, deals: Sequence[Deal], window: Window, run: str
) -> dict[tuple[int, int], str]:
    """One item with all its campaigns."""
    goods = deals[0].goods
    key = f"{run}:item:{goods.item}"
    sku_id = (await operate(shop, "register_sku", sku(goods), key))["sku_id"]
    body: dict[str, Any] = {"sku_id": sku_id, "kind": "warehouse", "location": goods.location}
    pool_id = (await operate(shop, "open_pool", body, key))["pool_id"]
    units = sum(deal.allotment for deal in deals)
    body = {"pool_id": pool_id, "quantity": units, "reference": f"DN-{goods.item}"}
    await operate(shop, "receive_stock", body, key)
    campaigns = {}
    for deal in deals:
        seats = deal.terms.seats
        body = {
            "title": f"{goods.title} {seats}人团",
            "sku_id": sku_id,
            "source_pool": pool_id,
            "terms": promise(deal.terms, deal.allotment, window),
        }
        launched = await operate(shop, "launch_campaign", body, f"{key}:{seats}")
        campaigns[goods.item, seats] = str(launched["campaign_id"])
    return campaigns


async def end(shop: Shop, campaign_id: str, run: str) -> None:
    """Stop opening groups of it."""
    await operate(shop, "end_campaign", {"campaign_id": campaign_id}, f"{run}:end:{campaign_id}")


async def operate(shop: Shop, name: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    """Raises: Refused, GaveUp."""
    answer: Answer = await shop.command(OPERATOR_NAME, name, body, key)
    if not answer.ok:
        raise Refused(f"{name}: {answer.status} {answer.raw[:300]!r}")
    return answer.json()


def sku(goods: Goods) -> dict[str, Any]:
    return {
        "merchant": goods.merchant,
        "title": goods.title,
        "list_price_fen": goods.list_price_fen,
        "fulfilment": goods.fulfilment,
    }


def promise(terms: Terms, allotment: int, window: Window) -> dict[str, Any]:
    """The campaign's terms as the API takes them."""
    leader = terms.leader_price_fen
    return {
        "type": "classic",
        "group_price": {"fen": terms.group_price_fen},
        "single_price": {"fen": terms.single_price_fen},
        "leader_price": None if leader is None else {"fen": leader},
        "seats": terms.seats,
        "hours": terms.hours,
        "per_user_limit": terms.per_user_limit,
        "max_quantity": terms.max_quantity,
        "allotment": allotment,
        "pay_minutes": terms.pay_minutes,
        "starts_at": window.starts_at.isoformat(),
        "ends_at": window.ends_at.isoformat(),
    }
