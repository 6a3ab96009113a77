"""What each projection makes of what shoppers do."""

from typing import Any
from uuid import UUID

import pytest

from domain.display import GroupStatus, OrderStatus
from domain.group import GROUP
from domain.order import ORDER
from domain.stock import STOCK
from projections import PROJECTIONS, group_board, order_status, sales_dashboard, stock_levels
from projections.recorded import Projection
from tests.builders import ann, bob, cat, dan
from tests.delivery.history import Fact, facts_of, world
from tests.in_memory import Cell
from tests.projections.conftest import Model
from tests.shop import Shop

BY_NAME = {projection.name: projection for projection in PROJECTIONS}


@pytest.fixture
def shop() -> Shop:
    return Shop(Cell())


def facts(shop: Shop) -> list[Fact]:
    return facts_of(shop.cell)


async def order(model: Model, order_id: UUID, columns: str) -> tuple[Any, ...]:
    return (
        await model.rows(f"select {columns} from order_status_v2 where order_id = %s", order_id)
    )[0]


async def board(model: Model, group_id: UUID | None) -> tuple[Any, ...]:
    query = "select status, seats, held, filled, leader from group_board_v1 where group_id = %s"
    return (await model.rows(query, group_id))[0]


async def test_an_order_through_a_successful_group(model: Model, shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    shop.joins_and_pays(bob, opened.group_id)
    joined = shop.joins(cat, opened.group_id)
    await model.given(order_status.PROJECTION, facts(shop))
    assert await order(model, opened.order_id, "status, kind, paid_fen") == (
        "GROUPING",
        "leader",
        990,
    )
    assert await order(model, joined.order_id, "status, kind, paid_fen") == (
        "PENDING_PAYMENT",
        "member",
        0,
    )


async def test_an_order_whose_group_fails_is_owed_back(model: Model, shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    shop.cell.wait(minutes=25 * 60)
    shop.follows_up()
    await model.given(order_status.PROJECTION, facts(shop))
    columns = "status, paid_fen, refund_owed_fen, refund_reason"
    assert await order(model, opened.order_id, columns) == ("REFUNDING", 990, 990, "group_failed")


async def test_an_order_that_is_never_paid_closes(model: Model, shop: Shop) -> None:
    opened = shop.opens(ann)
    shop.cell.wait(minutes=16)
    await model.given(order_status.PROJECTION, facts(shop))
    assert await order(model, opened.order_id, "status, close_reason") == ("CLOSED", "deadline")


async def test_orders_agree_with_the_domain(model: Model) -> None:
    """The status column is the domain's own, order by order, in a world where everything happens."""
    events = world(1, groups=60)
    await model.given(order_status.PROJECTION, events)
    found = dict(await model.rows("select order_id, status from order_status_v2"))
    assert found == domain_statuses(events, "order")
    assert {OrderStatus.REFUNDING, OrderStatus.READY, OrderStatus.CLOSED} <= set(found.values())


async def test_groups_and_pools_agree_with_the_domain(model: Model) -> None:
    events = world(2, groups=60)
    await model.given(group_board.PROJECTION, events)
    await model.given(stock_levels.PROJECTION, events)
    states = folded(events)
    for group_id, status, filled, held in await model.rows(
        "select group_id, status, filled, held from group_board_v1"
    ):
        group = states["group"][group_id]
        assert (status, filled, held) == (
            group.status,
            group.filled,
            len(group.seats) - group.filled,
        )
    for pool_id, *counts in await model.rows(
        "select pool_id, received, held, sold, oversell_cap from stock_levels_v1"
    ):
        pool = states["stock"][pool_id]
        assert counts == [pool.received, pool.held, pool.sold, pool.oversell_cap]


def folded(events: list[Fact]) -> dict[str, dict[UUID, Any]]:
    states: dict[str, dict[UUID, Any]] = {}
    for decider in (ORDER, GROUP, STOCK):
        of_category = states[decider.category] = {}
        for fact in events:
            if fact.category == decider.category:
                state = of_category.setdefault(fact.stream, decider.empty())
                of_category[fact.stream] = decider.evolve(state, fact.event)
    return states


def domain_statuses(events: list[Fact], category: str) -> dict[UUID, str]:
    return {stream: str(state.status) for stream, state in folded(events)[category].items()}


async def test_the_board_counts_seats_held_and_filled(model: Model, shop: Shop) -> None:
    opened = shop.opens(ann)
    await model.given(group_board.PROJECTION, facts(shop))
    assert await board(model, opened.group_id) == (GroupStatus.PENDING_LEADER, 3, 1, 0, ann)


async def test_leadership_passes_when_the_leader_withdraws(model: Model, shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    shop.joins_and_pays(bob, opened.group_id)
    shop.joins(cat, opened.group_id)
    shop.withdraws(opened.order_id)
    await model.given(group_board.PROJECTION, facts(shop))
    assert await board(model, opened.group_id) == (GroupStatus.OPEN, 3, 1, 1, bob)


async def test_the_five_figures(model: Model, shop: Shop) -> None:
    """A group of three succeeds, one stands alone, one fails, and one order is never paid."""
    opened = shop.opens_and_pays(ann)
    shop.joins_and_pays(bob, opened.group_id)
    shop.joins_and_pays(cat, opened.group_id)
    shop.pays(shop.buys_alone(dan).order_id)
    failing = shop.opens_and_pays(bob)
    shop.joins(cat, failing.group_id)
    shop.cell.wait(minutes=25 * 60)
    shop.follows_up()
    await model.given(sales_dashboard.PROJECTION, facts(shop))
    figures = "sum(placed_fen), sum(paid_fen), sum(formed_fen), sum(paid_fen - owed_fen)"
    orders = "sum(orders_placed), sum(orders_paid), sum(orders_closed)"
    (row,) = await model.rows(f"select {figures}, {orders} from sales_minutes_v1")
    placed = 5 * 990 + 1290
    paid = 4 * 990 + 1290
    assert [int(it) for it in row] == [placed, paid, 3 * 990, paid - 990, 6, 5, 1]
    (groups,) = await model.rows("select sum(succeeded), sum(failed) from sales_groups_v1")
    assert [int(it) for it in groups] == [1, 1]


async def test_money_that_came_too_late_is_in_no_figure(model: Model, shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    late = shop.joins(bob, opened.group_id)
    shop.starts_paying(late.order_id)
    shop.cell.wait(minutes=16)
    shop.closes(late.order_id)
    shop.cell.wait(minutes=25 * 60)
    shop.pays(late.order_id)
    await model.given(sales_dashboard.PROJECTION, facts(shop))
    (row,) = await model.rows("select sum(paid_fen), sum(owed_fen) from sales_minutes_v1")
    assert [int(it) for it in row] == [990, 0]


@pytest.mark.parametrize("name", list(BY_NAME))
async def test_how_the_log_is_cut_into_batches_does_not_show(model: Model, name: str) -> None:
    projection: Projection = BY_NAME[name]
    events = world(3, groups=20)
    digests = set()
    for batch in (1, 2, 7, 100, 1000):
        for table in projection.tables:
            await model.tx.execute(f"truncate {table}")
        await model.given(projection, events, batch)
        digests.add(await model.digest(projection))
    assert len(digests) == 1


@pytest.mark.parametrize("name", list(BY_NAME))
async def test_every_row_names_its_tenant_and_the_position_that_changed_it(
    model: Model, name: str
) -> None:
    events = world(4, groups=5)
    await model.given(BY_NAME[name], events)
    for table in BY_NAME[name].tables:
        assert await model.rows(f"select distinct tenant from {table}") == [("acme",)]
        if table != "sales_orders_v1":  # a helper that nobody reads
            (bounds,) = await model.rows(f"select min(position), max(position) from {table}")
            assert 0 < bounds[0] <= bounds[1] <= len(events)
