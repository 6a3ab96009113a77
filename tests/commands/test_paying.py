"""Paying, not paying, cancelling and withdrawing, through the real use cases."""

import pytest

from commands.buy_alone import BuyAlone
from commands.cancel_order import CancelOrder
from commands.close_order import CloseOrder
from commands.record_capture import RecordCapture
from commands.record_prepay import RecordPrepay
from commands.start_payment import StartPayment
from commands.timers import ExpireOrder
from commands.withdraw_order import WithdrawOrder
from domain.debts import OrderNotWithdrawable
from domain.display import GroupStatus, OrderStatus
from domain.events.group import LeadershipPassed
from domain.events.order import OrderClosed, OrderPaymentStarted, OrderReadied
from domain.events.payment import PaymentClosed, PaymentPrepared, PaymentRequested
from domain.group import TooLateToWithdraw
from domain.order import (
    OrderAlreadyPaid,
    OrderNotFound,
    OrderNotPayable,
    TooLateToPay,
)
from domain.payment import PAYMENT, PaymentInProgress, PaymentNotFound
from domain.stock import StockShort
from tests.builders import DAY, MINUTE, NOON, SECOND, ann, bob, cat, dan, eve, order, payment
from tests.in_memory import Cell
from tests.shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop(Cell(paranoid=True), seats=4)


def test_a_payment_is_recorded_before_the_channel_is_asked(shop: Shop) -> None:
    opened = shop.opens(ann)
    started = shop.starts_paying(opened.order_id)
    (requested,) = shop.cell.happened(PaymentRequested)
    assert requested.out_trade_no == started.out_trade_no == started.payment_id.hex
    assert (started.amount_fen, started.description) == (990, "春茶三人团")
    assert started.expires_at == opened.pay_deadline


def test_starting_the_same_payment_again_gives_the_same_answer(shop: Shop) -> None:
    opened = shop.opens(ann)
    first = shop.starts_paying(opened.order_id)
    shop.cell.wait(minutes=14.9)
    assert shop.starts_paying(opened.order_id) == first
    assert len(shop.cell.happened(PaymentRequested, OrderPaymentStarted)) == 2


def test_one_order_is_paid_through_one_channel(shop: Shop) -> None:
    opened = shop.opens(ann)
    shop.starts_paying(opened.order_id)
    with pytest.raises(PaymentInProgress):
        shop.starts_paying(opened.order_id, channel="alipay")


def test_a_payment_needs_a_minute_before_the_deadline(shop: Shop) -> None:
    opened = shop.opens(ann)
    shop.cell.wait(until=opened.pay_deadline - 59 * SECOND)
    with pytest.raises(TooLateToPay):
        shop.starts_paying(opened.order_id)


def test_a_paid_order_is_not_paid_again(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    with pytest.raises(OrderNotPayable):
        shop.starts_paying(opened.order_id)


def test_no_payment_starts_for_a_group_that_failed(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    waiting = shop.joins(bob, opened.group_id)
    shop.withdraws(opened.order_id)
    assert shop.group_status(opened.group_id) is GroupStatus.FAILED
    with pytest.raises(OrderNotPayable):
        shop.starts_paying(waiting.order_id)


def test_the_prepay_id_is_kept_with_the_payment(shop: Shop) -> None:
    started = shop.starts_paying(shop.opens(ann).order_id)
    for _ in range(2):
        shop.cell.ask(RecordPrepay(started.payment_id, "wx201"))
    assert shop.cell.state(PAYMENT, started.payment_id).prepay_id == "wx201"
    assert len(shop.cell.happened(PaymentPrepared)) == 1


def test_unknown_payments_are_not_found(shop: Shop) -> None:
    opened = shop.opens(ann)
    with pytest.raises(PaymentNotFound):
        shop.cell.ask(RecordPrepay(payment(1), "wx201"))
    with pytest.raises(PaymentNotFound):
        shop.cell.ask(RecordCapture(payment(1), "T1", 990, NOON))
    with pytest.raises(PaymentNotFound):
        shop.cell.ask(CloseOrder(opened.order_id, payment(1)))


def test_a_payment_closes_its_own_order_only(shop: Shop) -> None:
    mine, other = shop.opens(ann), shop.buys_alone(bob)
    started = shop.starts_paying(mine.order_id)
    with pytest.raises(PaymentNotFound):
        shop.cell.ask(CloseOrder(other.order_id, started.payment_id))


@pytest.mark.parametrize("command", [CancelOrder, WithdrawOrder, StartPayment])
def test_strangers_learn_nothing_about_an_order(shop: Shop, command: type) -> None:
    opened = shop.opens_and_pays(ann)
    rest = ("wechatpay", "sealed") if command is StartPayment else ()
    with pytest.raises(OrderNotFound):
        shop.cell.ask(command(opened.order_id, *rest), by=eve)
    with pytest.raises(OrderNotFound):
        shop.cell.ask(command(order(1), *rest), by=ann)


def test_a_single_purchase_is_ready_when_paid(shop: Shop) -> None:
    bought = shop.buys_alone(ann, quantity=2)
    assert bought.amount_fen == 2580
    assert shop.pool().held == 2
    state = shop.pays(bought.order_id)
    assert (state.status, state.display_status) == (OrderStatus.READY, "待发货")
    assert (shop.pool().held, shop.pool().sold) == (0, 2)
    assert [event.amount.fen for event in shop.cell.happened(OrderReadied)] == [2580]
    shop.cell.wait(minutes=60)
    assert shop.status(bought.order_id) is OrderStatus.READY


def test_a_single_purchase_needs_stock() -> None:
    shop = Shop(Cell(), allotment=3)
    shop.buys_alone(ann, quantity=2)
    with pytest.raises(StockShort):
        shop.cell.ask(BuyAlone(shop.campaign_id, "44", 2), by=bob)


def test_an_order_without_a_payment_closes_at_its_deadline(shop: Shop) -> None:
    bought = shop.buys_alone(ann, quantity=2)
    shop.cell.wait(minutes=15)
    assert shop.status(bought.order_id) is OrderStatus.CLOSED
    assert (shop.pool().held, shop.units_of(ann)) == (0, 0)


def test_everything_stays_held_until_the_channel_says_closed(shop: Shop) -> None:
    bought = shop.buys_alone(ann, quantity=2)
    shop.starts_paying(bought.order_id)
    shop.cell.wait(minutes=120)
    assert shop.status(bought.order_id) is OrderStatus.CLOSING
    assert (shop.pool().held, shop.units_of(ann)) == (2, 2)
    for _ in range(2):
        shop.closes(bought.order_id)
    assert shop.status(bought.order_id) is OrderStatus.CLOSED
    assert (shop.pool().held, shop.units_of(ann)) == (0, 0)
    assert len(shop.cell.happened(OrderClosed)) == len(shop.cell.happened(PaymentClosed)) == 1


def test_the_channel_may_close_before_our_own_deadline(shop: Shop) -> None:
    bought = shop.buys_alone(ann)
    shop.starts_paying(bought.order_id)
    assert shop.closes(bought.order_id).status is OrderStatus.CLOSED
    shop.cell.wait(minutes=60)
    assert len(shop.cell.happened(OrderClosed)) == 1


def test_money_that_arrives_while_closing_buys_the_order(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    joined = shop.joins(bob, group_id)
    shop.starts_paying(joined.order_id)
    shop.cell.wait(minutes=20)
    assert shop.status(joined.order_id) is OrderStatus.CLOSING
    shop.pays(joined.order_id)
    assert shop.status(joined.order_id) is OrderStatus.GROUPING
    assert shop.closes(joined.order_id).status is OrderStatus.GROUPING, "paid means paid"


def test_cancelling_frees_the_seat_at_once_when_nothing_can_arrive(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    joined = shop.joins(bob, group_id, quantity=2)
    assert shop.cancels(joined.order_id).status is OrderStatus.CLOSED
    assert shop.pool().held == 4
    assert shop.units_of(bob) == 0
    assert shop.cancels(joined.order_id).status is OrderStatus.CLOSED
    shop.joins(bob, group_id)


def test_cancelling_with_a_payment_out_waits_for_the_channel(shop: Shop) -> None:
    joined = shop.joins(bob, shop.opens_and_pays(ann).group_id)
    shop.starts_paying(joined.order_id)
    assert shop.cancels(joined.order_id).status is OrderStatus.CLOSING
    assert shop.cancels(joined.order_id).status is OrderStatus.CLOSING
    shop.closes(joined.order_id)
    (closed,) = shop.cell.happened(OrderClosed)
    assert closed.why == "cancelled"


def test_a_paid_order_is_withdrawn_and_not_cancelled(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    with pytest.raises(OrderAlreadyPaid):
        shop.cancels(opened.order_id)


def test_withdrawing_frees_the_seat_and_owes_the_money(shop: Shop) -> None:
    group_id = shop.opens_and_pays(ann).group_id
    joined = shop.joins_and_pays(bob, group_id, quantity=3)
    for _ in range(2):
        assert shop.withdraws(joined.order_id).status is OrderStatus.REFUNDING
    assert shop.owed() == [(joined.order_id, 2970, "withdrawn")]
    assert (shop.pool().held, shop.units_of(bob)) == (4, 0)
    again = shop.joins_and_pays(bob, group_id)
    shop.joins_and_pays(cat, group_id)
    shop.joins_and_pays(dan, group_id)
    assert shop.group_status(group_id) is GroupStatus.SUCCEEDED
    assert again.order_id in shop.group(group_id).seats


def test_the_earliest_paid_member_leads_on(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    first, second = shop.joins(bob, opened.group_id), shop.joins(cat, opened.group_id)
    shop.withdraws(shop.joins_and_pays(dan, opened.group_id).order_id)
    shop.cell.wait(minutes=5)
    shop.pays(first.order_id, paid_at=NOON + 4 * MINUTE)
    shop.withdraws(opened.order_id)
    (passed,) = shop.cell.happened(LeadershipPassed)
    assert passed.order_id == first.order_id
    assert shop.group(opened.group_id).closes_at == NOON + DAY, "the deadline stays"
    assert shop.status(second.order_id) is OrderStatus.PENDING_PAYMENT


def test_only_a_paid_seat_is_withdrawn(shop: Shop) -> None:
    opened, alone = shop.opens(ann), shop.buys_alone(bob)
    shop.pays(alone.order_id)
    for order_id in (opened.order_id, alone.order_id):
        with pytest.raises(OrderNotWithdrawable):
            shop.withdraws(order_id)


def test_after_success_nobody_withdraws(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    shop.joins_and_pays(bob, opened.group_id)
    shop.joins_and_pays(cat, opened.group_id)
    shop.joins_and_pays(dan, opened.group_id)
    with pytest.raises(TooLateToWithdraw):
        shop.withdraws(opened.order_id)


def test_firing_an_orders_timer_early_late_or_twice_is_harmless(shop: Shop) -> None:
    bought = shop.buys_alone(ann)
    key = (bought.order_id, ExpireOrder)
    shop.cell.fire(key)
    assert shop.status(bought.order_id) is OrderStatus.PENDING_PAYMENT
    assert shop.cell.timers[key][0] == bought.pay_deadline
    shop.pays(bought.order_id)
    assert key not in shop.cell.timers
    shop.cell.wait(minutes=30)
    shop.cell.ask(ExpireOrder(bought.order_id))
    assert shop.status(bought.order_id) is OrderStatus.READY
