"""Every fen that arrives for an order buys it, or is owed back exactly once."""

from typing import Any

import msgspec
import pytest

from domain import debts
from domain import order as orders
from domain.display import OrderStatus
from domain.events.order import (
    LateReason,
    OrderClosed,
    OrderClosing,
    OrderEvent,
    OrderLatePaid,
    OrderPaid,
    OrderPaymentStarted,
    OrderPlaced,
    OrderReadied,
    RefundOwed,
    RefundReason,
)
from domain.money import Money
from domain.order import ORDER, Order
from tests.builders import (
    ALLOTMENT,
    MINUTE,
    NOON,
    SECOND,
    SUMMER,
    TEA,
    G,
    bob,
    offer,
    order,
    payment,
    terms,
)
from tests.given import given_for

given = given_for(ORDER)

DEADLINE = NOON + 15 * MINUTE
PLACED = OrderPlaced(
    order_id=order(2),
    kind="member",
    buyer=bob,
    campaign_id=SUMMER,
    sku_id=TEA,
    pool_id=ALLOTMENT,
    group_id=G,
    fulfilment="physical",
    quantity=2,
    unit_price=Money(990),
    amount=Money(1980),
    province="31",
    pay_deadline=DEADLINE,
    at=NOON,
)
ALONE = msgspec.structs.replace(PLACED, kind="single", group_id=None)
STARTED = OrderPaymentStarted(order(2), payment(1), NOON)
CLOSING = OrderClosing(order(2), payment(1), "deadline", DEADLINE)
CLOSED = OrderClosed(order(2), "deadline", DEADLINE)
READIED = OrderReadied(order(2), Money(1980), NOON)


def paid(transaction: str = "T1") -> OrderPaid:
    return OrderPaid(order(2), payment(1), transaction, Money(1980), NOON, NOON)


def late(why: LateReason, transaction: str = "T1", fen: int = 1980) -> OrderLatePaid:
    return OrderLatePaid(order(2), payment(1), transaction, Money(fen), why, NOON, NOON)


def owed(why: RefundReason, transaction: str = "T1", fen: int = 1980) -> RefundOwed:
    debt = orders.refund_id(payment(1), transaction)
    ends = why != "paid_twice"
    return RefundOwed(
        order(2), debt, payment(1), transaction, Money(fen), why, ends, "escrow", NOON
    )


def money(late: LateReason | None, transaction: str = "T1", fen: int = 1980) -> dict[str, Any]:
    return {
        "payment_id": payment(1),
        "transaction_id": transaction,
        "amount": Money(fen),
        "paid_at": NOON,
        "late": late,
        "at": NOON,
    }


def place(quantity: int = 2, **changes: Any) -> dict[str, Any]:
    return {
        "order_id": order(2),
        "kind": "member",
        "buyer": bob,
        "offer": offer(),
        "group_id": G,
        "quantity": quantity,
        "province": "31",
        "pay_deadline": DEADLINE,
        "at": NOON,
    } | changes


def test_an_order_fixes_what_is_bought_and_for_how_much() -> None:
    given().when(orders.place, **place()).then(PLACED)


@pytest.mark.parametrize(
    ("kind", "leader_price", "fen"),
    [("member", 500, 990), ("leader", 500, 500), ("leader", None, 990), ("single", 500, 1290)],
)
def test_each_kind_of_buyer_pays_its_own_price(
    kind: str, leader_price: int | None, fen: int
) -> None:
    price = None if leader_price is None else Money(leader_price)
    facts = place(1, kind=kind, offer=offer(leader_price=price))
    (placed,) = orders.place(Order(), **facts)
    assert isinstance(placed, OrderPlaced)
    assert placed.amount == Money(fen)


@pytest.mark.parametrize("quantity", [0, 4])
def test_an_order_has_at_most_as_many_units_as_the_terms_allow(quantity: int) -> None:
    given().when(orders.place, **place(quantity)).rejected(orders.QuantityOverLimit, max=3)


def test_an_order_may_be_paid_until_its_groups_deadline_at_most() -> None:
    assert orders.pay_deadline(terms(), at=NOON) == DEADLINE
    assert orders.pay_deadline(terms(), at=NOON, closes_at=NOON + MINUTE) == NOON + MINUTE


def test_a_payment_starts_once() -> None:
    given(PLACED).when(orders.start_payment, payment_id=payment(1), at=NOON).then(STARTED)


def test_the_channel_needs_a_minute() -> None:
    last = DEADLINE - 60 * SECOND
    facts = {"payment_id": payment(1), "at": last + SECOND}
    given(PLACED).when(orders.start_payment, **facts).rejected(orders.TooLateToPay)
    given(PLACED, STARTED).when(orders.start_payment, **facts).then_nothing()


@pytest.mark.parametrize(
    "history",
    [(), (PLACED, CLOSED), (PLACED, STARTED, CLOSING), (PLACED, STARTED, paid())],
)
def test_only_an_order_that_waits_for_payment_is_paid(history: tuple[OrderEvent, ...]) -> None:
    given(*history).when(orders.start_payment, payment_id=payment(1), at=NOON).rejected(
        orders.OrderNotPayable
    )


def test_an_order_never_runs_out_early() -> None:
    given(PLACED).when(orders.run_out, at=DEADLINE - SECOND).then_nothing()


def test_an_order_without_a_payment_closes_at_once() -> None:
    given(PLACED).when(orders.run_out, at=DEADLINE).then(CLOSED)
    given(PLACED).when(orders.cancel, at=NOON).then(OrderClosed(order(2), "cancelled", NOON))


def test_an_order_with_a_payment_out_waits_for_the_channels_word() -> None:
    given(PLACED, STARTED).when(orders.run_out, at=DEADLINE).then(CLOSING)
    given(PLACED, STARTED).when(orders.cancel, at=NOON).then(
        OrderClosing(order(2), payment(1), "cancelled", NOON)
    )


@pytest.mark.parametrize("history", [(paid(),), (paid(), READIED), (paid(), owed("withdrawn"))])
def test_a_paid_order_is_not_cancelled(history: tuple[OrderEvent, ...]) -> None:
    given(PLACED, STARTED, *history).when(orders.cancel, at=NOON).rejected(orders.OrderAlreadyPaid)


def test_the_channels_word_closes_the_order_for_the_reason_it_was_closing() -> None:
    given(PLACED, STARTED, CLOSING).when(orders.close, at=DEADLINE).then(CLOSED)
    cancelled = OrderClosing(order(2), payment(1), "cancelled", NOON)
    given(PLACED, STARTED, cancelled).when(orders.close, at=NOON).then(
        OrderClosed(order(2), "cancelled", NOON)
    )


def test_a_paid_order_is_never_closed() -> None:
    given(PLACED, STARTED, paid()).when(orders.close, at=DEADLINE).then_nothing()


@pytest.mark.parametrize(
    ("history", "transaction", "fen", "seat", "why"),
    [
        ((PLACED, STARTED), "T1", 1980, None, None),
        ((PLACED, STARTED, CLOSING), "T1", 1980, None, None),
        ((PLACED, STARTED), "T1", 1980, "after_deadline", "after_deadline"),
        ((PLACED, STARTED), "T1", 1979, None, "wrong_amount"),
        ((PLACED, STARTED), "T1", 1981, "after_deadline", "wrong_amount"),
        ((PLACED, STARTED, CLOSING, CLOSED), "T1", 1980, "order_closed", "order_closed"),
        ((PLACED, STARTED, CLOSING, CLOSED), "T1", 1980, "group_decided", "group_decided"),
        ((ALONE, STARTED, CLOSING, CLOSED), "T1", 1980, None, "order_closed"),
        ((PLACED, STARTED, paid()), "T2", 1980, "group_decided", "paid_twice"),
        ((PLACED, STARTED, paid()), "T2", 1, "group_decided", "paid_twice"),
    ],
)
def test_why_a_payment_cannot_buy_the_order(
    history: tuple[OrderEvent, ...],
    transaction: str,
    fen: int,
    seat: LateReason | None,
    why: LateReason | None,
) -> None:
    known = ORDER.fold(history)
    reason = orders.late_reason(known, transaction_id=transaction, amount=Money(fen), seat=seat)
    assert reason == why


def test_a_payment_in_time_buys_the_order() -> None:
    given(PLACED, STARTED).when(orders.capture, **money(None)).then(paid())
    assert ORDER.fold((PLACED, STARTED, paid())).status is OrderStatus.GROUPING


def test_bought_alone_it_is_ready_at_once() -> None:
    given(ALONE, STARTED).when(orders.capture, **money(None)).then(paid(), READIED)
    assert ORDER.fold((ALONE, STARTED, paid(), READIED)).status is OrderStatus.READY


def test_a_late_payment_is_owed_back_in_the_same_breath() -> None:
    history = (PLACED, STARTED, CLOSING, CLOSED)
    given(*history).when(orders.capture, **money("order_closed")).then(
        late("order_closed"), owed("late_payment")
    )


def test_a_late_payment_buys_the_order_when_its_seat_could_be_taken_again() -> None:
    history = (PLACED, STARTED, CLOSING, CLOSED)
    given(*history).when(orders.capture, **money("order_closed"), reseated=True).then(
        late("order_closed"), paid()
    )


def test_a_wrong_amount_is_owed_back_as_it_was_paid() -> None:
    given(PLACED, STARTED).when(orders.capture, **money("wrong_amount", fen=1)).then(
        late("wrong_amount", fen=1), owed("late_payment", fen=1)
    )


def test_a_second_payment_is_owed_back_while_the_order_goes_on() -> None:
    second = (late("paid_twice", "T2"), owed("paid_twice", "T2"))
    given(PLACED, STARTED, paid()).when(orders.capture, **money("paid_twice", "T2")).then(*second)
    assert ORDER.fold((PLACED, STARTED, paid(), *second)).status is OrderStatus.GROUPING


def test_the_first_payment_is_still_owed_back_after_a_second_one_was() -> None:
    history = (PLACED, STARTED, paid(), late("paid_twice", "T2"), owed("paid_twice", "T2"))
    given(*history).when(debts.owe, why="group_failed", at=NOON).then(owed("group_failed"))


def test_only_an_order_that_ran_out_of_time_may_be_seated_again() -> None:
    cancelled = OrderClosed(order(2), "cancelled", NOON)
    assert orders.may_be_reseated(ORDER.fold((PLACED, STARTED, CLOSING, CLOSED)))
    assert not orders.may_be_reseated(ORDER.fold((PLACED, cancelled)))
    assert not orders.may_be_reseated(ORDER.fold((PLACED, STARTED, paid())))


def test_an_order_is_readied_once() -> None:
    given(PLACED, STARTED, paid()).when(orders.ready, at=NOON).then(READIED)
    given(PLACED, STARTED).when(orders.ready, at=NOON).then_nothing()


def test_a_paid_order_can_be_withdrawn() -> None:
    given(PLACED, STARTED, paid()).when(debts.withdraw, at=NOON).then(owed("withdrawn"))


@pytest.mark.parametrize("history", [(PLACED,), (PLACED, CLOSED), (PLACED, paid(), READIED)])
def test_only_an_order_that_waits_for_its_group_can_be_withdrawn(
    history: tuple[OrderEvent, ...],
) -> None:
    given(*history).when(debts.withdraw, at=NOON).rejected(debts.OrderNotWithdrawable)


@pytest.mark.parametrize("history", [(), (PLACED, STARTED), (PLACED, STARTED, paid(), READIED)])
def test_nothing_is_owed_for_an_order_that_does_not_wait_for_its_group(
    history: tuple[OrderEvent, ...],
) -> None:
    given(*history).when(debts.owe, why="group_failed", at=NOON).then_nothing()


def test_one_transaction_can_cause_one_debt_only() -> None:
    assert orders.refund_id(payment(1), "T1") == orders.refund_id(payment(1), "T1")
    assert orders.refund_id(payment(1), "T1") != orders.refund_id(payment(1), "T2")
    assert orders.refund_id(payment(1), "T1") != orders.refund_id(payment(2), "T1")


def test_looking_ahead_changes_nothing() -> None:
    known = ORDER.fold((PLACED, STARTED, paid()))
    assert orders.status_after(known, (owed("withdrawn"),)) is OrderStatus.REFUNDING
    assert known == ORDER.fold((PLACED, STARTED, paid()))
