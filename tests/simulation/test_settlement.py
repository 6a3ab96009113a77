"""An honest fortnight of settlement holds, and each lie about it breaks what is there for it."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from domain.events.earning import EarningMatured, EarningRecognised, EarningReversed
from domain.events.merchant import MerchantCarried
from domain.events.payout import PayoutInitiated
from domain.events.statement import StatementClosed, StatementLineAdded
from domain.money import Money
from infra.simulator.world import merchants, settlement
from infra.simulator.world.story import Story
from tests.builders import DAY, NOON, ann, bob
from tests.in_memory import Cell
from tests.settlement import Finance
from tests.shop import Shop

Change = Callable[[Any], list[Any]]


@pytest.fixture(scope="module")
def fortnight() -> Cell:
    """Sold and paid; given back before, while and after it is stated; and owed at the end."""
    shop = Shop(Cell(), per_user_limit=100, max_quantity=3, ends_at=NOON + 99 * DAY)
    finance = Finance(shop.cell, shop)
    finance.signs()
    finance.collects()
    orders = []
    for n in range(6):
        placed = shop.buys_alone(ann if n % 2 else bob, 1 + n % 3)
        shop.pays(placed.order_id)
        finance.earns(placed.order_id)
        orders.append(placed.order_id)
    finance.refunds(orders[0], 1290)
    finance.refunds(orders[2], 333)
    finance.waits(1)
    finance.refunds(orders[1], 1290)
    finance.waits(2)
    finance.refunds(orders[5], 3870)
    finance.waits(9)
    return shop.cell


def told(cell: Cell, change: Change = lambda event: [event]) -> Story:
    story = Story(cell.at)
    changed = [each for one in cell.log for each in change(one.event)]
    for position, event in enumerate(changed, start=1):
        story.take(position, event)
    return story


def broken(story: Story) -> set[str]:
    return {check.number for each in settlement.FROM_STORY if not (check := each(story)).holds}


def without(kind: type[Any]) -> Change:
    return lambda event: [] if isinstance(event, kind) else [event]


def twice(kind: type[Any]) -> Change:
    return lambda event: [event, event] if isinstance(event, kind) else [event]


def a_fen_off(kind: type[Any], field: str) -> Change:
    def change(event: Any) -> list[Any]:
        if not isinstance(event, kind):
            return [event]
        return [replace(event, **{field: getattr(event, field) + Money(1)})]

    return change


def test_an_honest_fortnight_holds(fortnight: Cell) -> None:
    story = told(fortnight)
    assert broken(story) == set()
    assert [each(story).checked > 0 for each in settlement.FROM_STORY] == [True] * 3
    assert sum(story.settlement.carried.values()) > 0


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (without(PayoutInitiated), "S1"),
        (twice(PayoutInitiated), "S1"),
        (a_fen_off(PayoutInitiated, "amount"), "S1"),
        (without(StatementLineAdded), "S1"),
        (a_fen_off(StatementLineAdded, "net"), "S1"),
        (a_fen_off(StatementClosed, "payable"), "S1"),
        (a_fen_off(StatementClosed, "carried_in"), "S1"),
        (twice(StatementClosed), "S1"),
        (without(EarningRecognised), "S1"),
        (twice(EarningRecognised), "S2"),
        (without(EarningReversed), "S2"),
        (twice(EarningMatured), "S3"),
        (a_fen_off(StatementClosed, "netted"), "S3"),
        (a_fen_off(MerchantCarried, "amount"), "S3"),
    ],
)
def test_a_lie_is_found(fortnight: Cell, change: Change, number: str) -> None:
    assert number in broken(told(fortnight, change))


def test_merchants_of_the_world_are_the_same_in_every_world() -> None:
    names = [f"merchant-{n:03d}" for n in range(200)]
    own = [name for name in names if merchants.self_operated(name)]
    assert 10 < len(own) < 50
    assert merchants.agreement(names[0]) == merchants.agreement(names[0])
