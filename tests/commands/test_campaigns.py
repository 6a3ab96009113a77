"""Catalogue, stock and campaigns: where the units of a promise come from and where they go."""

import pytest

from commands.end_campaign import EndCampaign
from commands.launch_campaign import LaunchCampaign
from commands.open_pool import OpenPool
from commands.receive_stock import ReceiveStock
from commands.register_sku import RegisterSku
from domain.campaign import CAMPAIGN, CampaignNotFound, CampaignOver, TermsUnsound
from domain.display import GroupStatus
from domain.events.catalog import CampaignEnded
from domain.sku import SkuNotFound
from domain.stock import STOCK, AllotmentPool, PoolNotFound, PoolOfAnotherSku, StockShort, available
from tests.builders import DAY, HOUR, NOON, SUMMER, TEA, WAREHOUSE, ann, bob, terms
from tests.in_memory import Cell
from tests.shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop(Cell(paranoid=True))


def test_a_pool_keeps_a_known_sku() -> None:
    with pytest.raises(SkuNotFound):
        Cell().ask(OpenPool(TEA, "store", "广州一店"))


def test_a_delivery_says_what_can_be_promised_now(shop: Shop) -> None:
    assert shop.cell.ask(ReceiveStock(shop.source, 5, "DN-2")).available == 75


def test_deliveries_go_to_known_pools_that_take_them(shop: Shop) -> None:
    with pytest.raises(PoolNotFound):
        shop.cell.ask(ReceiveStock(WAREHOUSE, 5, "DN-2"))
    with pytest.raises(AllotmentPool):
        shop.cell.ask(ReceiveStock(shop.pool_id, 5, "DN-2"))


def test_launching_moves_the_allotment_into_a_pool_of_its_own(shop: Shop) -> None:
    assert shop.warehouse().received == 70
    pool = shop.pool()
    assert (pool.kind, pool.received, pool.held, pool.sold) == ("allotment", 30, 0, 0)


def test_a_campaign_needs_the_units_it_promises(shop: Shop) -> None:
    launch = LaunchCampaign("春茶", shop.sku_id, shop.source, terms(allotment=71))
    with pytest.raises(StockShort) as refusal:
        shop.cell.ask(launch)
    assert refusal.value.facts == {"available": 70}


def test_what_a_campaign_is_launched_with_must_exist_and_fit(shop: Shop) -> None:
    other = shop.cell.ask(RegisterSku("tea-house", "秋茶", 1990, "voucher")).sku_id
    for sku_id, pool_id, refusal in (
        (TEA, shop.source, SkuNotFound),
        (shop.sku_id, WAREHOUSE, PoolNotFound),
        (other, shop.source, PoolOfAnotherSku),
        (shop.sku_id, shop.pool_id, AllotmentPool),
    ):
        with pytest.raises(refusal):
            shop.cell.ask(LaunchCampaign("春茶", sku_id, pool_id, terms()))


def test_unsound_terms_are_not_launched(shop: Shop) -> None:
    with pytest.raises(TermsUnsound):
        shop.cell.ask(LaunchCampaign("春茶", shop.sku_id, shop.source, terms(seats=1)))


def test_later_terms_change_no_earlier_promise(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    dearer = terms(group_price=terms().single_price, allotment=3)
    shop.cell.ask(LaunchCampaign("春茶", shop.sku_id, shop.source, dearer))
    assert shop.joins(bob, group_id).amount_fen == 990


def test_ending_sends_free_units_home_and_leaves_open_groups_theirs(shop: Shop) -> None:
    shop.opens_and_pays(ann)
    for _ in range(2):
        shop.ends()
    pool = shop.pool()
    assert (pool.received, pool.held) == (3, 3)
    assert shop.warehouse().received == 70 + 27
    assert len(shop.cell.happened(CampaignEnded)) == 1


def test_units_released_after_the_end_go_home_too(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    alone = shop.buys_alone(bob, quantity=2)
    assert shop.ends() == 25
    shop.cell.wait(minutes=15)
    assert shop.warehouse().received == 97
    shop.withdraws(opened.order_id)
    assert shop.group_status(opened.group_id) is GroupStatus.FAILED
    pool = shop.pool()
    assert (pool.received, pool.held, pool.sold) == (0, 0, 0)
    assert shop.warehouse().received == 100
    assert shop.order(alone.order_id).status.value == "CLOSED"


def test_a_campaign_ends_by_itself_when_its_window_closes() -> None:
    shop = Shop(Cell(paranoid=True), ends_at=NOON + HOUR)
    shop.cell.wait(minutes=60)
    assert len(shop.cell.happened(CampaignEnded)) == 1
    assert shop.warehouse().received == 100
    assert (shop.campaign_id, EndCampaign) not in shop.cell.timers


def test_ending_early_leaves_no_timer_behind(shop: Shop) -> None:
    shop.ends()
    assert shop.cell.timers == {}


def test_a_campaigns_timer_fired_early_waits_for_its_time(shop: Shop) -> None:
    key = (shop.campaign_id, EndCampaign)
    due_at = shop.cell.timers[key][0]
    shop.cell.fire(key)
    assert shop.cell.happened(CampaignEnded) == []
    assert shop.cell.timers[key][0] == due_at


def test_an_end_can_be_set_for_later_but_not_beyond_the_window(shop: Shop) -> None:
    shop.cell.ask(EndCampaign(shop.campaign_id, not_before=NOON + 30 * DAY))
    shop.cell.ask(EndCampaign(shop.campaign_id, not_before=NOON + DAY))
    shop.cell.wait(until=NOON + DAY)
    assert shop.cell.state(CAMPAIGN, shop.campaign_id).status.value == "ENDED"
    with pytest.raises(CampaignOver):
        shop.buys_alone(ann)


def test_an_unknown_campaign_does_not_end(shop: Shop) -> None:
    with pytest.raises(CampaignNotFound):
        shop.cell.ask(EndCampaign(SUMMER))


def test_a_virtual_pool_may_promise_more_than_it_has() -> None:
    cell = Cell()
    sku_id = cell.ask(RegisterSku("tea-house", "茶券", 1990, "voucher")).sku_id
    pool_id = cell.ask(OpenPool(sku_id, "virtual", "券库", oversell_cap=5)).pool_id
    assert available(cell.state(STOCK, pool_id)) == 5
