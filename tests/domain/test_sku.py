"""A SKU is registered once, with a price."""

from typing import Any

from domain import sku
from domain.events.catalog import SkuRegistered
from domain.money import Money
from domain.sku import SKU
from tests.builders import NOON, TEA
from tests.given import given_for

given = given_for(SKU)


def register(fen: int) -> dict[str, Any]:
    return {
        "sku_id": TEA,
        "merchant": "tea-house",
        "title": "春茶",
        "list_price": Money(fen),
        "fulfilment": "physical",
        "at": NOON,
    }


def test_a_sku_is_registered_once() -> None:
    given().when(sku.register, **register(1990)).then(
        SkuRegistered(TEA, "tea-house", "春茶", Money(1990), "physical", NOON)
    )


def test_nothing_is_sold_for_nothing() -> None:
    given().when(sku.register, **register(0)).rejected(sku.SkuWithoutPrice)
