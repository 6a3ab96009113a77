"""What processes ask for after a group is decided: verified against the group, and done once."""

import pytest

from commands.owe_refund import OweRefund
from commands.ready_order import ReadyOrder
from domain.display import OrderStatus
from domain.events.order import OrderReadied, QuotaReturned, RefundOwed
from domain.group import GroupNotDecided, GroupNotFound
from domain.ids import GroupId, OrderId
from domain.order import OrderNotFound
from tests.builders import DAY, NOON, G, ann, bob, cat, dan, order
from tests.in_memory import Cell
from tests.shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop(Cell(paranoid=True))


def succeeded(shop: Shop) -> tuple[GroupId, OrderId]:
    opened = shop.opens_and_pays(ann)
    shop.joins_and_pays(bob, opened.group_id)
    shop.joins_and_pays(cat, opened.group_id)
    assert opened.group_id is not None
    return opened.group_id, opened.order_id


def failed(shop: Shop) -> tuple[GroupId, OrderId]:
    opened = shop.opens_and_pays(ann)
    shop.cell.wait(until=NOON + DAY)
    assert opened.group_id is not None
    return opened.group_id, opened.order_id


def test_an_order_is_readied_once(shop: Shop) -> None:
    group_id, order_id = succeeded(shop)
    for _ in range(2):
        state = shop.cell.ask(ReadyOrder(order_id, group_id))
        assert state.status is OrderStatus.READY
    assert len(shop.cell.happened(OrderReadied)) == 1


def test_a_refund_is_owed_once_and_gives_the_quota_back(shop: Shop) -> None:
    group_id, order_id = failed(shop)
    for _ in range(2):
        state = shop.cell.ask(OweRefund(order_id, group_id))
        assert (state.status, state.display_status) == (OrderStatus.REFUNDING, "退款/售后")
    assert len(shop.cell.happened(RefundOwed)) == len(shop.cell.happened(QuotaReturned)) == 1


def test_the_group_must_have_ended_that_way(shop: Shop) -> None:
    group_id, order_id = succeeded(shop)
    with pytest.raises(GroupNotDecided):
        shop.cell.ask(OweRefund(order_id, group_id))


def test_order_and_group_must_exist(shop: Shop) -> None:
    group_id, order_id = succeeded(shop)
    for command in (ReadyOrder, OweRefund):
        with pytest.raises(GroupNotFound):
            shop.cell.ask(command(order_id, G))
        with pytest.raises(OrderNotFound):
            shop.cell.ask(command(order(1), group_id))


def test_an_order_follows_its_own_group_only(shop: Shop) -> None:
    group_id, _ = succeeded(shop)
    alone = shop.buys_alone(dan)
    shop.pays(alone.order_id)
    with pytest.raises(GroupNotDecided):
        shop.cell.ask(ReadyOrder(alone.order_id, group_id))


def test_an_open_group_readies_and_refunds_nobody(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    assert opened.group_id is not None
    for command in (ReadyOrder, OweRefund):
        with pytest.raises(GroupNotDecided):
            shop.cell.ask(command(opened.order_id, opened.group_id))


def test_a_failed_groups_unpaid_order_is_owed_nothing(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    waiting = shop.joins(bob, opened.group_id)
    shop.withdraws(opened.order_id)
    assert opened.group_id is not None
    with pytest.raises(GroupNotDecided):
        shop.cell.ask(OweRefund(waiting.order_id, opened.group_id))
