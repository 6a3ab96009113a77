"""Cases that have broken widely used malls, each with the test that would have caught it.

The numbers are those of the review of existing systems: E1 a payment meets a full or expired group,
E2 it comes after the order closed, E3 the last units of a SKU, E4 the last seat, E5 the same money told
twice, E8 the leader of a successful group, E15 overselling, E17 whose clock decides what is late.
"""

import pytest

from commands.replies import PlacedOrder
from commands.timers import ExpireGroup, ExpireOrder
from domain.display import GroupStatus, OrderStatus
from domain.events.group import GroupFailed, GroupSucceeded, SeatFilled
from domain.events.order import OrderLatePaid, OrderPaid, RefundOwed
from domain.events.payment import PaymentCaptured
from domain.group import GroupFull
from domain.ids import OrderId
from domain.stock import StockShort
from tests.builders import DAY, MINUTE, NOON, SECOND, ann, bob, cat, dan, eve
from tests.in_memory import Cell
from tests.shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop(Cell(paranoid=True))


def abandoned(shop: Shop, joined: OrderId) -> None:
    """The buyer let the pay deadline pass, and the channel closed the payment."""
    shop.starts_paying(joined)
    shop.cell.wait(minutes=16)
    shop.closes(joined)
    assert shop.status(joined) is OrderStatus.CLOSED


def late(shop: Shop) -> str:
    (fact,) = shop.cell.happened(OrderLatePaid)
    why: str = fact.why
    return why


def test_e1_money_for_a_seat_that_others_took_goes_back(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    slow = shop.joins(bob, group_id)
    abandoned(shop, slow.order_id)
    shop.joins_and_pays(cat, group_id)
    shop.joins(dan, group_id)  # holds the last seat
    shop.pays(slow.order_id)
    assert shop.status(slow.order_id) is OrderStatus.REFUNDING
    assert late(shop) == "order_closed"
    assert shop.owed() == [(slow.order_id, 990, "late_payment")]
    assert len(shop.group(group_id).seats) == 3


def test_e1_money_for_a_group_that_succeeded_changes_no_member(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    slow = shop.joins(bob, opened.group_id)
    abandoned(shop, slow.order_id)
    shop.joins_and_pays(cat, opened.group_id)
    shop.joins_and_pays(dan, opened.group_id)
    shop.follows_up()
    shop.pays(slow.order_id)
    shop.follows_up()
    assert late(shop) == "group_decided"
    assert shop.owed() == [(slow.order_id, 990, "late_payment")]
    assert len(shop.cell.happened(GroupSucceeded)) == 1
    assert shop.status(opened.order_id) is OrderStatus.READY
    assert (shop.pool().held, shop.pool().sold) == (0, 3)


def test_e1_money_for_a_group_that_failed_goes_back(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    shop.cell.wait(until=NOON + DAY - 2 * MINUTE)
    slow = shop.joins(bob, opened.group_id)
    shop.starts_paying(slow.order_id)
    shop.cell.wait(until=NOON + DAY + 11 * MINUTE)
    assert shop.group_status(opened.group_id) is GroupStatus.FAILED
    shop.pays(slow.order_id, paid_at=NOON + DAY - MINUTE)
    assert late(shop) == "group_decided"
    shop.follows_up()
    assert sorted(shop.owed()) == sorted(
        [(opened.order_id, 990, "group_failed"), (slow.order_id, 990, "late_payment")]
    )
    assert (shop.pool().held, shop.units_of(bob)) == (0, 0)


def test_e2_a_closed_order_is_seated_again_while_its_seat_can_be_held(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    slow = shop.joins(bob, group_id, quantity=2)
    abandoned(shop, slow.order_id)
    assert (shop.pool().held, shop.units_of(bob)) == (3, 0)
    shop.pays(slow.order_id)
    assert shop.status(slow.order_id) is OrderStatus.GROUPING
    assert (shop.pool().held, shop.units_of(bob)) == (4, 2)
    assert shop.owed() == []
    shop.joins_and_pays(cat, group_id)
    assert shop.group_status(group_id) is GroupStatus.SUCCEEDED
    assert (shop.pool().held, shop.pool().sold) == (0, 4)


def test_e2_the_last_seat_taken_again_makes_the_group_succeed(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    slow = shop.joins(bob, group_id, quantity=3)
    abandoned(shop, slow.order_id)
    shop.joins_and_pays(cat, group_id)
    shop.pays(slow.order_id)
    assert shop.group_status(group_id) is GroupStatus.SUCCEEDED
    assert (shop.pool().held, shop.pool().sold) == (0, 5)


def test_e2_a_closed_order_never_comes_back_without_stock() -> None:
    shop = Shop(Cell(paranoid=True), allotment=4)
    group_id = shop.opens_and_pays(ann).group_id
    slow = shop.joins(bob, group_id, quantity=2)
    abandoned(shop, slow.order_id)
    shop.buys_alone(dan)  # the unit that came free
    shop.pays(slow.order_id)
    assert shop.status(slow.order_id) is OrderStatus.REFUNDING
    assert shop.owed() == [(slow.order_id, 1980, "late_payment")]
    assert (shop.pool().held, shop.units_of(bob)) == (4, 0)


def test_e2_a_closed_order_never_comes_back_beyond_the_buyers_limit(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    slow = shop.joins(bob, group_id)
    abandoned(shop, slow.order_id)
    shop.buys_alone(bob, quantity=2)
    shop.buys_alone(bob, quantity=2)
    shop.pays(slow.order_id)
    assert shop.owed() == [(slow.order_id, 990, "late_payment")]


def test_e2_a_buyer_with_a_new_seat_gets_the_old_money_back(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    slow = shop.joins(bob, group_id)
    abandoned(shop, slow.order_id)
    again = shop.joins_and_pays(bob, group_id)
    shop.pays(slow.order_id)
    assert shop.owed() == [(slow.order_id, 990, "late_payment")]
    assert shop.status(again.order_id) is OrderStatus.GROUPING


def test_e2_a_cancelled_order_stays_cancelled(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    joined = shop.joins(bob, group_id)
    shop.starts_paying(joined.order_id)
    shop.cancels(joined.order_id)
    shop.closes(joined.order_id)
    shop.pays(joined.order_id)
    assert shop.status(joined.order_id) is OrderStatus.REFUNDING
    assert bob not in shop.group(group_id).users


def test_e2_a_closed_single_purchase_gets_its_money_back(shop: Shop) -> None:
    bought = shop.buys_alone(ann, quantity=2)
    abandoned(shop, bought.order_id)
    shop.pays(bought.order_id)
    assert shop.owed() == [(bought.order_id, 2580, "late_payment")]
    assert (shop.pool().held, shop.pool().sold) == (0, 0)


def test_e2_a_leader_who_pays_for_a_void_group_gets_the_money_back(shop: Shop) -> None:
    opened = shop.opens(ann)
    abandoned(shop, opened.order_id)
    assert shop.group_status(opened.group_id) is GroupStatus.VOID
    shop.pays(opened.order_id)
    assert late(shop) == "group_decided"
    assert shop.owed() == [(opened.order_id, 990, "late_payment")]
    assert shop.pool().held == 0


def test_e3_whoever_holds_the_last_units_can_pay_for_them() -> None:
    shop = Shop(Cell(paranoid=True), allotment=3)
    opened = shop.opens_and_pays(ann)
    shop.joins_and_pays(bob, opened.group_id)
    shop.joins_and_pays(cat, opened.group_id)
    assert shop.group_status(opened.group_id) is GroupStatus.SUCCEEDED
    assert (shop.pool().held, shop.pool().sold) == (0, 3)


def test_e4_the_last_seat_is_sold_once_and_the_group_succeeds_once(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    last = [shop.joins(bob, group_id), shop.joins(cat, group_id)]
    with pytest.raises(GroupFull):
        shop.joins(dan, group_id)
    for joined in last:
        shop.starts_paying(joined.order_id)
    for joined in last:
        shop.pays(joined.order_id)
    (success,) = shop.cell.happened(GroupSucceeded)
    assert len(success.orders) == 3


def test_e5_the_same_money_told_twice_counts_once(shop: Shop) -> None:
    opened = shop.opens(ann)
    shop.pays(opened.order_id)
    before = len(shop.cell.log)
    for _ in range(3):
        state = shop.pays(opened.order_id)
        assert state.status is OrderStatus.GROUPING
    assert len(shop.cell.log) == before
    assert shop.group(opened.group_id).filled == 1


def test_e5_money_told_again_after_the_goods_left_changes_nothing(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    shop.joins_and_pays(bob, opened.group_id)
    shop.joins_and_pays(cat, opened.group_id)
    shop.follows_up()
    assert shop.pays(opened.order_id).status is OrderStatus.READY


def test_e5_a_second_payment_for_the_same_order_is_owed_back(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    for _ in range(2):
        shop.pays(opened.order_id, transaction="another")
    assert shop.owed() == [(opened.order_id, 990, "paid_twice")]
    assert shop.status(opened.order_id) is OrderStatus.GROUPING
    shop.cell.wait(until=NOON + DAY)
    shop.follows_up()
    assert [debt[1:] for debt in shop.owed()] == [(990, "paid_twice"), (990, "group_failed")]
    assert len({debt.refund_id for debt in shop.cell.happened(RefundOwed)}) == 2


def test_e5_a_wrong_amount_buys_nothing_and_is_owed_back_as_paid(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    joined = shop.joins(bob, group_id, quantity=2)
    shop.pays(joined.order_id, fen=1)
    assert late(shop) == "wrong_amount"
    assert shop.owed() == [(joined.order_id, 1, "late_payment")]
    assert (shop.pool().held, shop.units_of(bob)) == (3, 0)
    assert bob not in shop.group(group_id).users
    assert len(shop.cell.happened(OrderPaid)) == 1, "only the leader's"


def test_e5_a_leaders_wrong_amount_voids_the_group(shop: Shop) -> None:
    opened = shop.opens(ann)
    shop.pays(opened.order_id, fen=991)
    assert shop.group_status(opened.group_id) is GroupStatus.VOID
    assert shop.owed() == [(opened.order_id, 991, "late_payment")]
    assert shop.pool().held == 0


def test_e8_a_successful_groups_leader_is_never_refunded(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    shop.joins_and_pays(bob, opened.group_id)
    shop.joins_and_pays(cat, opened.group_id)
    other = shop.opens_and_pays(dan)  # another group's timer must touch nobody else
    shop.cell.wait(until=NOON + 3 * DAY)
    assert opened.group_id is not None
    shop.cell.ask(ExpireGroup(opened.group_id))
    shop.cell.ask(ExpireOrder(opened.order_id))
    shop.follows_up()
    assert shop.status(opened.order_id) is OrderStatus.READY
    assert shop.owed() == [(other.order_id, 990, "group_failed")]


def test_e15_the_last_unit_is_promised_once_in_whatever_order_buyers_come() -> None:
    def leads(shop: Shop) -> PlacedOrder:
        return shop.opens(ann)

    def buys(shop: Shop) -> PlacedOrder:
        return shop.buys_alone(bob)

    for first, second in ((leads, buys), (buys, leads)):
        shop = Shop(Cell(paranoid=True), allotment=3)
        first(shop)
        with pytest.raises(StockShort):
            second(shop)
        assert shop.pool().held <= shop.pool().received


def test_e15_units_given_back_can_be_sold_exactly_once_more() -> None:
    shop = Shop(Cell(paranoid=True), allotment=3)
    opened = shop.opens(ann)
    shop.cell.wait(minutes=15)
    assert shop.status(opened.order_id) is OrderStatus.CLOSED
    assert shop.opens(bob).group_id
    with pytest.raises(StockShort):
        shop.opens(cat)


def test_e17_what_was_paid_in_time_counts_however_late_we_hear_of_it(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    shop.joins_and_pays(bob, group_id)
    shop.cell.wait(until=NOON + DAY - 2 * MINUTE)
    last = shop.joins(cat, group_id)
    shop.starts_paying(last.order_id)
    shop.cell.wait(until=NOON + DAY + 9 * MINUTE)
    shop.pays(last.order_id, paid_at=NOON + DAY - SECOND)
    assert shop.group_status(group_id) is GroupStatus.SUCCEEDED
    (*_, filled) = shop.cell.happened(SeatFilled)
    assert filled.paid_at == NOON + DAY - SECOND


def test_e17_what_was_paid_a_second_late_is_late_though_the_seat_was_held(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    shop.cell.wait(until=NOON + DAY - 2 * MINUTE)
    last = shop.joins(cat, opened.group_id)
    shop.starts_paying(last.order_id)
    shop.cell.wait(until=NOON + DAY + MINUTE)
    shop.pays(last.order_id, paid_at=NOON + DAY + SECOND)
    assert late(shop) == "after_deadline"
    (failed,) = shop.cell.happened(GroupFailed)
    assert failed.orders == (opened.order_id,)
    assert shop.owed() == [(last.order_id, 990, "late_payment")]


def test_e17_a_group_lives_from_the_channels_time_on(shop: Shop) -> None:
    opened = shop.opens(ann)
    shop.starts_paying(opened.order_id)
    shop.cell.wait(minutes=10)
    shop.pays(opened.order_id, paid_at=NOON + MINUTE)
    assert shop.group(opened.group_id).closes_at == NOON + MINUTE + DAY


def test_e17_the_pay_deadline_does_not_make_a_payment_late_while_the_seat_is_held(
    shop: Shop,
) -> None:
    joined = shop.joins(eve, shop.opens_and_pays(ann).group_id)
    shop.starts_paying(joined.order_id)
    shop.cell.wait(minutes=40)
    shop.pays(joined.order_id, paid_at=NOON + 30 * MINUTE)
    assert shop.status(joined.order_id) is OrderStatus.GROUPING
    assert len(shop.cell.happened(PaymentCaptured)) == 2
