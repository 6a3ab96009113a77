"""The world's merchants: onboarded, with an agreement, and with leave for the platform to hold buyers' money.

One in eight is the platform's own name; for the others a bank keeps the money, as two people of finance agreed.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from infra.simulator.world.client import Answer
from infra.simulator.world.dice import dice
from infra.simulator.world.pace import Bucket
from infra.simulator.world.shop import Refused, Shop
from infra.simulator.world.wallet import CHECKER_NAME, MAKER_NAME

SEED: Final = 8  # merchants are the same in every world
OWN_SHARE: Final = 8
MERCHANTS_PER_SECOND: Final = 30
CLOSE_HOURS: Final = 2
STANDS: Final = frozenset({"money_mode_unchanged"})  # an earlier world of this platform saw to it


async def settle_with(shop: Shop, merchants: Iterable[str], run: str) -> None:
    """Whoever sells is settled with. What an earlier run saw to is found, not made again. Raises: Refused."""
    bucket = Bucket(MERCHANTS_PER_SECOND)

    async def one(merchant: str) -> None:
        await bucket.take()
        await begin(shop, merchant, f"{run}:{merchant}")

    await asyncio.gather(*map(one, sorted(set(merchants))))


async def begin(shop: Shop, merchant: str, key: str) -> None:
    own = self_operated(merchant)
    onboarded = told(await shop.onboard(MAKER_NAME, particulars(merchant), key))
    of = {"merchant_id": onboarded["merchant_id"]}
    await ask(shop, MAKER_NAME, "sign_agreement", of | agreement(merchant), key)
    wish = {"mode": "platform_collect", "custody": "" if own else f"CUSTODY-{merchant}"}
    asked = await shop.command(MAKER_NAME, "propose_money_mode", of | wish, key)
    if asked.code not in STANDS:
        proposed = told(asked)
        agreed = of | {"proposal_id": proposed["proposal_id"], "shown": proposed["shown"]}
        await ask(shop, CHECKER_NAME, "approve_money_mode", agreed, key)
    policy = {
        "recognise_at": "sale",  # nobody verifies vouchers in this world yet
        "subsidy_as": "expense",
        "accounting": "principal" if own else "agent",
        "money_mode": "platform_collect",
    }
    await ask(shop, MAKER_NAME, "set_book_policy", of | policy, key)


def self_operated(merchant: str) -> bool:
    return dice(SEED, "own", merchant).randrange(OWN_SHARE) == 0


def particulars(merchant: str) -> dict[str, Any]:
    return {
        "merchant": merchant,
        "name": f"{merchant} 商行",
        "self_operated": self_operated(merchant),
        **paid_by(merchant),
    }


def paid_by(merchant: str) -> dict[str, str]:
    """The platform's own name by its bank, whose file nobody hands over here; the others by the channel."""
    number = f"{dice(SEED, 'account', merchant).randrange(10**8):08d}"
    if self_operated(merchant):
        return {"route": "bank_file", "account": f"62220000{number}|{merchant}|工商银行"}
    return {"route": "channel_transfer", "account": f"o-farm-{number} {merchant}"}


def agreement(merchant: str) -> dict[str, Any]:
    """Eight to twelve per cent, less from 500 yuan a day on, six for what is used in a store."""
    rate = dice(SEED, "rate", merchant).randrange(800, 1201, 50)
    tiers = [tier(0, rate), tier(500_00, rate - 200)]
    return {
        "rules": [
            {"category": "", "tiers": tiers, "minimum": {"fen": 10}},
            {"category": "voucher", "tiers": [tier(0, 600)]},
        ],
        "vat_rate_bp": 600,
        "settle_days": 1,
        "period": "day",
        "close_hours": CLOSE_HOURS,
        "merchant_coupon_bp": 6000,
        "cost_bp": 7000,
        "goods_vat_bp": 1300,
    }


def tier(fen: int, rate_bp: int) -> dict[str, Any]:
    return {"from_volume": {"fen": fen}, "rate_bp": rate_bp}


async def ask(shop: Shop, who: str, name: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    """Raises: Refused, GaveUp."""
    return told(await shop.command(who, name, body, key))


def told(answer: Answer) -> dict[str, Any]:
    """Raises: Refused."""
    if not answer.ok:
        raise Refused(f"{answer.status} {answer.raw[:300]!r}")
    return answer.json()
