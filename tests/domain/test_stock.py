"""A pool never promises more than it received plus its declared cap."""

from uuid import UUID

import pytest

from domain import stock
from domain.errors import Rejected
from domain.events.stock import (
    HoldReleased,
    PoolOpened,
    StockCommitted,
    StockEvent,
    StockHeld,
    StockMovedIn,
    StockMovedOut,
    StockReceived,
    StockReturned,
)
from domain.stock import STOCK, Change
from tests.builders import ALLOTMENT, NOON, TEA, WAREHOUSE
from tests.given import given_for

given = given_for(STOCK)
counting = given_for(STOCK, counts=True)

HOLDER = UUID(int=0x401D)
OPENED = PoolOpened(WAREHOUSE, TEA, "warehouse", "广州仓", 0, NOON)
LENIENT = PoolOpened(WAREHOUSE, TEA, "virtual", "券库", 2, NOON)
TEN = StockReceived(WAREHOUSE, 10, "DN-1", NOON)
ALLOTTED = PoolOpened(ALLOTMENT, TEA, "allotment", "广州仓", 0, NOON)


def held(quantity: int) -> StockHeld:
    return StockHeld(WAREHOUSE, HOLDER, quantity, NOON)


def test_a_pool_opens_once() -> None:
    given().when(
        stock.open_pool,
        pool_id=WAREHOUSE,
        sku_id=TEA,
        kind="warehouse",
        location="广州仓",
        oversell_cap=0,
        at=NOON,
    ).then(OPENED)


def test_deliveries_are_counted() -> None:
    counting(OPENED).when(stock.receive, quantity=10, reference="DN-1", at=NOON).then(TEN)


def test_an_unknown_pool_receives_nothing() -> None:
    given().when(stock.receive, quantity=10, reference="DN-1", at=NOON).rejected(stock.PoolNotFound)


def test_a_campaigns_pool_takes_no_deliveries_and_feeds_no_campaign() -> None:
    given(ALLOTTED).when(stock.receive, quantity=1, reference="DN-1", at=NOON).rejected(
        stock.AllotmentPool
    )
    given(ALLOTTED).when(stock.move_out, to_pool=WAREHOUSE, quantity=1, at=NOON).rejected(
        stock.AllotmentPool
    )


def settle(*history: StockEvent, **change: int) -> tuple[StockEvent, ...]:
    pool = STOCK.fold(history)
    return stock.settle(pool, holder=HOLDER, change=Change(**change), at=NOON)


def test_the_last_unit_can_be_held() -> None:
    assert settle(OPENED, TEN, held(9), hold=1) == (held(1),)


def test_no_unit_is_held_twice() -> None:
    with pytest.raises(stock.StockShort) as refusal:
        settle(OPENED, TEN, held(9), hold=2)
    assert refusal.value.facts == {"available": 1}


def test_sold_units_are_not_available() -> None:
    sold = StockCommitted(WAREHOUSE, HOLDER, 9, NOON)
    with pytest.raises(Rejected):
        settle(OPENED, TEN, held(9), sold, hold=2)


def test_a_declared_cap_lets_that_many_more_be_promised() -> None:
    ten = StockReceived(WAREHOUSE, 10, "V-1", NOON)
    assert settle(LENIENT, ten, hold=12) == (held(12),)
    with pytest.raises(stock.StockShort):
        settle(LENIENT, ten, hold=13)


def test_released_units_are_available_again() -> None:
    released = HoldReleased(WAREHOUSE, HOLDER, 10, NOON)
    assert settle(OPENED, TEN, held(10), release=10) == (released,)
    assert stock.available(STOCK.fold((OPENED, TEN, held(10), released))) == 10


def test_held_units_are_sold_once() -> None:
    assert settle(OPENED, TEN, held(10), commit=10) == (
        StockCommitted(WAREHOUSE, HOLDER, 10, NOON),
    )


def test_units_can_be_held_and_sold_in_one_breath() -> None:
    assert settle(OPENED, TEN, held(3), hold=2, commit=5) == (
        held(2),
        StockCommitted(WAREHOUSE, HOLDER, 5, NOON),
    )


def test_giving_back_more_than_is_held_is_a_bug_and_not_a_refusal() -> None:
    with pytest.raises(AssertionError):
        settle(OPENED, TEN, held(3), release=4)


def test_returned_units_may_be_sold_again() -> None:
    history = (OPENED, TEN, held(10), StockCommitted(WAREHOUSE, HOLDER, 10, NOON))
    back = StockReturned(WAREHOUSE, HOLDER, 2, NOON)
    counting(*history).when(stock.take_back, holder=HOLDER, quantity=2, at=NOON).then(back)
    assert stock.available(STOCK.fold((*history, back))) == 2


def test_an_allotment_opens_with_its_units() -> None:
    source = STOCK.fold((OPENED, TEN))
    given().when(stock.open_allotment, pool_id=ALLOTMENT, source=source, quantity=4, at=NOON).then(
        ALLOTTED, StockMovedIn(ALLOTMENT, WAREHOUSE, 4, NOON)
    )


def test_only_free_units_move_to_another_pool() -> None:
    counting(OPENED, TEN, held(6)).when(
        stock.move_out, to_pool=ALLOTMENT, quantity=4, at=NOON
    ).then(StockMovedOut(WAREHOUSE, ALLOTMENT, 4, NOON))
    given(OPENED, TEN, held(6)).when(
        stock.move_out, to_pool=ALLOTMENT, quantity=5, at=NOON
    ).rejected(stock.StockShort, available=4)


def test_an_oversell_cap_is_no_stock_to_move() -> None:
    given(LENIENT).when(stock.move_out, to_pool=ALLOTMENT, quantity=1, at=NOON).rejected(
        stock.StockShort, available=0
    )


def test_an_unknown_pool_feeds_no_campaign() -> None:
    given().when(stock.move_out, to_pool=ALLOTMENT, quantity=1, at=NOON).rejected(
        stock.PoolNotFound
    )


def test_everything_free_goes_home() -> None:
    given(OPENED, TEN, held(6)).when(stock.go_home, home=ALLOTMENT, at=NOON).then(
        StockMovedOut(WAREHOUSE, ALLOTMENT, 4, NOON)
    )
    given(OPENED, TEN, held(10)).when(stock.go_home, home=ALLOTMENT, at=NOON).then_nothing()


def test_what_comes_home_is_counted() -> None:
    counting(OPENED).when(stock.move_in, from_pool=ALLOTMENT, quantity=4, at=NOON).then(
        StockMovedIn(WAREHOUSE, ALLOTMENT, 4, NOON)
    )
    given(OPENED).when(stock.move_in, from_pool=ALLOTMENT, quantity=0, at=NOON).then_nothing()
