"""A group from its opening to its end, through the real use cases."""

import pytest

from commands.expire_group import ExpiredGroup
from commands.join_group import JoinGroup
from commands.open_group import OpenGroup
from commands.settle import NotABuyer
from commands.timers import ExpireGroup, ExpireOrder
from domain.campaign import CampaignNotFound, CampaignNotStarted, CampaignOver
from domain.display import GroupStatus, OrderStatus
from domain.events.group import GroupDeciding, GroupFailed, GroupSucceeded, GroupVoided
from domain.group import AlreadyMember, GroupFull, GroupNotFound, GroupNotOpen, TooLateToJoin
from domain.order import QuantityOverLimit
from domain.quota import QuotaExceeded
from domain.stock import StockShort
from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND, SUMMER, G, ann, bob, cat, dan, eve
from tests.in_memory import Cell
from tests.shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop(Cell(paranoid=True))


def test_three_buyers_make_a_deal(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    first = shop.joins_and_pays(bob, group_id)
    assert shop.status(first.order_id) is OrderStatus.GROUPING
    shop.joins_and_pays(cat, group_id)
    assert shop.group_status(group_id) is GroupStatus.SUCCEEDED
    shop.follows_up()
    assert shop.status(first.order_id) is OrderStatus.READY
    assert (shop.pool().held, shop.pool().sold) == (0, 3)
    assert shop.owed() == []


def test_the_reply_says_what_to_pay_until_when_and_where_the_order_stands(shop: Shop) -> None:
    reply = shop.opens(ann, quantity=2)
    assert reply.amount_fen == 1980
    assert reply.pay_deadline == NOON + 15 * MINUTE
    assert (reply.status, reply.display_status) == (OrderStatus.PENDING_PAYMENT, "待付款")


def test_opening_holds_stock_for_every_seat(shop: Shop) -> None:
    shop.opens(ann, quantity=2)
    assert shop.pool().held == 3 + 1


def test_a_group_that_could_not_fill_is_never_opened() -> None:
    shop = Shop(Cell(), allotment=5)
    shop.opens(ann)
    with pytest.raises(StockShort) as refusal:
        shop.opens(bob)
    assert refusal.value.facts == {"available": 2}
    assert shop.pool().held == 3
    assert shop.units_of(bob) == 0


def test_joining_with_one_unit_touches_no_stock(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    before = len(shop.cell.facts(shop.pool_id))
    shop.joins_and_pays(bob, group_id)
    assert len(shop.cell.facts(shop.pool_id)) == before


def test_joining_with_more_units_holds_the_rest() -> None:
    shop = Shop(Cell(), allotment=4)
    group_id = shop.opens_and_pays(ann).group_id
    shop.joins(bob, group_id, quantity=2)
    assert shop.pool().held == 4
    with pytest.raises(StockShort):
        shop.joins(cat, group_id, quantity=2)
    shop.joins(cat, group_id)


def test_a_group_is_joined_only_after_its_leader_paid(shop: Shop) -> None:
    opened = shop.opens(ann)
    with pytest.raises(GroupNotFound):
        shop.joins(bob, opened.group_id)
    shop.pays(opened.order_id)
    shop.joins(bob, opened.group_id)


def test_why_a_seat_is_refused(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    with pytest.raises(GroupNotFound):
        shop.joins(bob, G)
    with pytest.raises(AlreadyMember):
        shop.joins(ann, group_id)
    with pytest.raises(QuantityOverLimit):
        shop.joins(bob, group_id, quantity=4)
    shop.joins(bob, group_id)
    shop.joins(cat, group_id)
    with pytest.raises(GroupFull):
        shop.joins(dan, group_id)


def test_a_service_cannot_buy(shop: Shop) -> None:
    with pytest.raises(NotABuyer):
        shop.cell.ask(OpenGroup(shop.campaign_id, "44"), by="erp")


def test_groups_open_within_the_campaigns_window_only() -> None:
    shop = Shop(Cell(), starts_at=NOON + HOUR, ends_at=NOON + 2 * HOUR)
    with pytest.raises(CampaignNotStarted):
        shop.opens(ann)
    shop.cell.wait(minutes=60)
    shop.opens(ann)
    shop.cell.wait(minutes=60)
    with pytest.raises(CampaignOver):
        shop.opens(bob)
    with pytest.raises(CampaignNotFound):
        shop.cell.ask(OpenGroup(SUMMER, "44"), by=bob)


def test_the_end_of_a_campaign_stops_opening_but_not_joining(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    shop.ends()
    with pytest.raises(CampaignOver):
        shop.opens(bob)
    shop.joins_and_pays(bob, group_id)
    shop.joins_and_pays(cat, group_id)
    assert shop.group_status(group_id) is GroupStatus.SUCCEEDED


def test_limits_count_over_groups_and_single_purchases(shop: Shop) -> None:
    shop.opens(ann, quantity=3)
    with pytest.raises(QuotaExceeded) as refusal:
        shop.buys_alone(ann, quantity=2)
    assert refusal.value.facts == {"limit": 4, "left": 1}
    shop.buys_alone(ann)


def test_a_refused_order_leaves_no_trace(shop: Shop) -> None:
    shop.buys_alone(bob, quantity=3)
    group_id = shop.opens_and_pays(ann).group_id
    before = len(shop.cell.log)
    with pytest.raises(QuotaExceeded):
        shop.joins(bob, group_id, quantity=2)
    assert len(shop.cell.log) == before
    assert bob not in shop.group(group_id).users


def test_joining_ends_ninety_seconds_before_the_deadline(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    shop.cell.wait(until=NOON + DAY - 90 * SECOND)
    reply = shop.joins(bob, group_id)
    assert reply.pay_deadline == NOON + DAY
    shop.cell.wait(until=NOON + DAY - 89 * SECOND)
    with pytest.raises(TooLateToJoin):
        shop.joins(cat, group_id)


def test_a_leader_who_does_not_pay_leaves_no_group(shop: Shop) -> None:
    opened = shop.opens(ann, quantity=2)
    shop.cell.wait(minutes=15)
    assert shop.group_status(opened.group_id) is GroupStatus.VOID
    assert shop.status(opened.order_id) is OrderStatus.CLOSED
    assert shop.pool().held == 0
    assert shop.units_of(ann) == 0
    with pytest.raises(GroupNotFound):
        shop.joins(bob, opened.group_id)


def test_an_unfilled_group_fails_and_owes_every_paid_member(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    joined = shop.joins_and_pays(bob, opened.group_id, quantity=2)
    shop.cell.wait(until=NOON + DAY)
    assert shop.group_status(opened.group_id) is GroupStatus.FAILED
    assert shop.pool().held == 0, "stock is free at GroupFailed, before money moves"
    shop.follows_up()
    shop.follows_up()
    assert shop.owed() == [
        (opened.order_id, 990, "group_failed"),
        (joined.order_id, 1980, "group_failed"),
    ]
    assert shop.status(joined.order_id) is OrderStatus.REFUNDING
    assert (shop.units_of(ann), shop.units_of(bob)) == (0, 0)


def test_a_decided_group_takes_nobody(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    shop.cell.wait(until=NOON + DAY)
    with pytest.raises(GroupNotOpen):
        shop.joins(eve, group_id)


def test_a_payment_in_flight_at_the_deadline_still_completes_the_group(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    shop.joins_and_pays(bob, group_id)
    shop.cell.wait(until=NOON + DAY - 2 * MINUTE)
    last = shop.joins(cat, group_id)
    shop.starts_paying(last.order_id)
    shop.cell.wait(until=NOON + DAY + 3 * MINUTE)
    assert shop.group_status(group_id) is GroupStatus.DECIDING
    assert shop.status(last.order_id) is OrderStatus.CLOSING
    with pytest.raises(GroupNotOpen):
        shop.joins(dan, group_id)
    shop.pays(last.order_id, paid_at=NOON + DAY)
    assert shop.group_status(group_id) is GroupStatus.SUCCEEDED
    assert shop.status(last.order_id) is OrderStatus.GROUPING


def test_a_deciding_group_is_decided_by_the_last_word_of_the_channel(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    shop.cell.wait(until=NOON + DAY - 2 * MINUTE)
    last = shop.joins(cat, group_id)
    shop.starts_paying(last.order_id)
    shop.cell.wait(until=NOON + DAY + MINUTE)
    shop.closes(last.order_id)
    assert shop.group_status(group_id) is GroupStatus.FAILED
    assert shop.pool().held == 0


def test_a_deciding_group_waits_ten_minutes_and_no_longer(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    shop.cell.wait(until=NOON + DAY - 2 * MINUTE)
    last = shop.joins(cat, opened.group_id)
    shop.starts_paying(last.order_id)
    shop.cell.wait(until=NOON + DAY + 10 * MINUTE - SECOND)
    assert shop.group_status(opened.group_id) is GroupStatus.DECIDING
    shop.cell.wait(minutes=1)
    (failed,) = shop.cell.happened(GroupFailed)
    assert failed.orders == (opened.order_id,)
    assert shop.pool().held == 0
    shop.closes(last.order_id)  # the answer comes after the decision: nothing is given back twice
    assert shop.pool().held == 0
    assert shop.units_of(cat) == 0
    shop.cell.wait(until=NOON + 2 * DAY)
    assert len(shop.cell.happened(GroupFailed, GroupSucceeded, GroupVoided)) == 1


def test_firing_a_groups_timer_early_late_or_twice_is_harmless(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    assert group_id is not None
    key = (group_id, ExpireGroup)
    due_at = shop.cell.timers[key][0]
    shop.cell.fire(key)
    assert shop.cell.timers[key][0] == due_at
    assert shop.cell.happened(GroupDeciding, GroupFailed) == []
    shop.cell.wait(until=NOON + DAY)
    assert key not in shop.cell.timers
    again = shop.cell.ask(ExpireGroup(group_id))
    assert again == ExpiredGroup(group_id, refunds=0)
    assert len(shop.cell.happened(GroupFailed)) == 1


def test_a_retried_command_of_another_id_is_another_wish(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    assert group_id is not None
    shop.cell.ask(JoinGroup(group_id, "44"), by=bob)
    with pytest.raises(AlreadyMember):
        shop.cell.ask(JoinGroup(group_id, "44"), by=bob)


def test_an_early_timer_asks_again_and_a_moot_one_never(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    joined = shop.joins(bob, opened.group_id)
    assert opened.group_id is not None
    shop.cell.timers.clear()  # as if they had been lost
    shop.cell.ask(ExpireGroup(opened.group_id))
    shop.cell.ask(ExpireOrder(joined.order_id))
    assert shop.cell.timers[opened.group_id, ExpireGroup][0] == NOON + DAY
    assert shop.cell.timers[joined.order_id, ExpireOrder][0] == joined.pay_deadline
    promises = dict(shop.cell.timers)
    shop.cancels(joined.order_id)
    shop.withdraws(opened.order_id)
    shop.cell.timers.update(promises)  # as if they had been kept too long
    shop.cell.wait(until=NOON + DAY)
    assert shop.cell.timers == {}
