"""Buyers who complain about what they bought: two people give them a part back, or all of it."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from infra.simulator.world.dice import dice
from infra.simulator.world.pace import Bucket
from infra.simulator.world.shop import Shop
from infra.simulator.world.wallet import CHECKER_NAME, MAKER_NAME, OPERATOR_NAME

SHARE: Final = 0.04  # of the ready orders
WHOLE_SHARE: Final = 0.5  # of those get everything back
PER_SECOND: Final = 20
PAGE: Final = 200
PAGES_MAX: Final = 50


async def complain(shop: Shop, seed: int, run: str, share: float = SHARE) -> int:
    """Give money of some ready orders back; returns how many. `run` tells one round from the next."""
    bucket = Bucket(PER_SECOND)

    async def one(order: dict[str, Any]) -> None:
        await bucket.take()
        await give_back(shop, order, seed, f"{run}:{order['order_id']}")

    chosen = [order for order in await ready(shop) if unhappy(seed, run, order, share)]
    await asyncio.gather(*map(one, chosen))
    return len(chosen)


def unhappy(seed: int, run: str, order: dict[str, Any], share: float) -> bool:
    return dice(seed, "complaint", run, order["order_id"]).random() < share


async def ready(shop: Shop) -> Sequence[dict[str, Any]]:
    """Orders that can be given back by hand."""
    found: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(PAGES_MAX):
        path = f"/v1/orders?status=READY&limit={PAGE}{cursor and f'&cursor={cursor}'}"
        answer = await shop.read(OPERATOR_NAME, path, name="list_orders")
        page = answer.json()
        if not answer.ok:
            shop.seen.wrong.append(f"{path}: {answer.status} {answer.raw[:300]!r}")
            return found
        found += page["items"]
        cursor = page["next"] or ""
        if not cursor:
            break
    return found


async def give_back(shop: Shop, order: dict[str, Any], seed: int, key: str) -> None:
    """One proposes, another agrees. Less may be left than the list said: that is a proper refusal."""
    chance = dice(seed, "give back", key)
    paid = int(order["amount_fen"])
    fen = paid if chance.random() < WHOLE_SHARE else chance.randrange(1, paid + 1)
    wish = {"order_id": order["order_id"], "amount_fen": fen, "note": "买家投诉"}
    proposed = await shop.command(MAKER_NAME, "propose_refund", wish, key)
    if proposed.ok:
        reply = proposed.json()
        agreed = {name: reply[name] for name in ("refund_id", "proposal_id", "shown")}
        await shop.command(CHECKER_NAME, "approve_resolution", agreed, key)
