"""How groups stood on their way, and how they ended: counted once for each look, however the log is cut."""

from typing import Any

import pytest

from projections import group_odds
from projections.group_odds import EVER
from tests.builders import ann, bob, cat, dan, eve
from tests.delivery.history import facts_of
from tests.in_memory import Cell
from tests.projections.conftest import Model
from tests.shop import Shop

DAY = 24 * 60


async def odds(
    model: Model, shop: Shop, batch: int = 1000
) -> dict[tuple[int, int], tuple[int, int]]:
    await model.given(group_odds.PROJECTION, facts_of(shop.cell), batch)
    rows: list[Any] = await model.rows(
        "select missing, left_minutes, succeeded, failed from group_odds_v1"
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


@pytest.fixture
def shop() -> Shop:
    return Shop(Cell(), hours=24, seats=3)


@pytest.mark.parametrize("batch", [1, 3, 1000])
async def test_a_group_is_counted_as_it_stood_at_each_look(
    model: Model, shop: Shop, batch: int
) -> None:
    """Its second member came with ten hours left, the third never."""
    opened = shop.opens_and_pays(ann)
    shop.cell.wait(minutes=14 * 60)
    shop.joins_and_pays(bob, opened.group_id)
    shop.cell.wait(minutes=11 * 60)
    counted = await odds(model, shop, batch)
    assert counted == {
        (0, EVER): (0, 1),
        **{(2, left): (0, 1) for left in (1440, 720)},
        **{(1, left): (0, 1) for left in (360, 180, 60, 30, 10, 0)},
    }


async def test_success_and_failure_of_groups_that_stood_alike_add_up(
    model: Model, shop: Shop
) -> None:
    for last in (cat, None, dan, None):
        opened = shop.opens_and_pays(ann)
        shop.joins_and_pays(bob, opened.group_id)
        shop.cell.wait(minutes=23 * 60 + 30)
        if last is not None:
            shop.joins_and_pays(last, opened.group_id)
        shop.cell.wait(minutes=60)
    counted = await odds(model, shop)
    assert counted[0, EVER] == (2, 2)
    assert counted[1, 60] == counted[1, 720] == (2, 2)
    assert counted[1, 10] == (0, 2)  # those that succeeded were over by then


async def test_a_member_who_withdrew_is_missing_again(model: Model, shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    joined = shop.joins_and_pays(eve, opened.group_id)
    shop.cell.wait(minutes=13 * 60)
    shop.withdraws(joined.order_id)
    shop.cell.wait(minutes=12 * 60)
    counted = await odds(model, shop)
    assert (counted[1, 720], counted[2, 360]) == ((0, 1), (0, 1))


async def test_a_group_that_everybody_left_is_not_counted(model: Model, shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    shop.withdraws(opened.order_id)
    assert await odds(model, shop) == {}


async def test_a_group_that_nobody_paid_for_is_no_group(model: Model, shop: Shop) -> None:
    shop.opens(ann)
    shop.cell.wait(minutes=2 * DAY)
    assert await odds(model, shop) == {}
