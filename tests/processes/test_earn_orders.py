"""What was sold is earned in whatever order facts are told, once, and costs nothing where nobody is onboarded."""

import random
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from commands.processes.earn_orders import EARN_ORDERS, use_of
from commands.processes.todo import Open, Point, Wait
from commands.recognise_earning import RecogniseEarning
from domain.events.earning import EarningRecognised
from domain.events.merchant import MerchantOnboarded
from domain.events.order import OrderReadied
from domain.events.voucher import VoucherVerified
from domain.ids import OrderId, VoucherId, merchant_id
from domain.money import Money
from infra.processes.list import apply
from projections.recorded import Recorded
from tests.builders import DAY, HOUR, NOON, ann, order
from tests.in_memory import Cell
from tests.processes.desk import Desk
from tests.processes.tools import FakeTools
from tests.servers import Database
from tests.settlement import Finance
from tests.shop import Shop

VOUCHER = VoucherId(UUID(int=0x70))
READIED = OrderReadied(order(1), Money(990), NOON)
USED = VoucherVerified(VOUCHER, order(1), "tea-house", 1, 2, 3, "广州一店", NOON, NOON)
TEA_HOUSE = merchant_id("demo", "tea-house")
ONBOARDED = MerchantOnboarded(
    TEA_HOUSE, "tea-house", "春茶坊", False, "channel_transfer", "sealed", NOON
)


def test_a_sale_and_each_use_of_a_unit_are_asked_for() -> None:
    assert EARN_ORDERS.changes(READIED) == [Open(order(1), order(1))]
    uses = [Open(use_of(VOUCHER, unit), order(1)) for unit in (1, 2)]
    assert EARN_ORDERS.changes(USED) == uses


async def test_a_use_is_asked_for_by_its_name() -> None:
    tools = FakeTools(
        reply=b'{"earning_id":"00000000-0000-0000-0000-000000000001","recognised":true}'
    )
    use = use_of(VOUCHER, 1)
    assert await EARN_ORDERS.work(Point("earn_orders", "demo", use, order(1), 0), tools) is None
    assert tools.asked == [RecogniseEarning(order(1), use)]


async def test_a_refusal_is_asked_about_again() -> None:
    tools = FakeTools(outcome="agreement_missing")
    point = Point("earn_orders", "demo", order(1), order(1), 0)
    assert await EARN_ORDERS.work(point, tools) == Wait("agreement_missing")


# --- with the whole cell ----------------------------------------------------------------------


def sold(shop: Shop, quantity: int = 1) -> OrderId:
    placed = shop.buys_alone(ann, quantity)
    shop.pays(placed.order_id)
    return placed.order_id


def desk_of(cell: Cell, kills: float = 0.0) -> Desk:
    return Desk(cell, EARN_ORDERS, None, random.Random(7), kills)


async def test_every_sale_is_earned_once_though_the_worker_dies_again_and_again() -> None:
    shop = Shop(Cell(), per_user_limit=100, max_quantity=3)
    finance = Finance(shop.cell, shop)
    finance.signs()
    finance.collects()
    orders = [sold(shop, 1 + n % 3) for n in range(12)]
    desk = desk_of(shop.cell, kills=0.3)
    for _ in range(3):
        await desk.run(HOUR)
        desk.lose_the_list()
    assert desk.died > 0
    earned = shop.cell.happened(EarningRecognised)
    assert sorted(one.order_id for one in earned) == sorted(orders)


async def test_what_is_refunded_whole_before_it_was_earned_is_no_concern() -> None:
    shop = Shop(Cell())
    finance = Finance(shop.cell, shop)
    finance.signs()
    finance.collects()
    order_id = sold(shop)
    finance.refunds(order_id, 1290)
    desk = desk_of(shop.cell)
    await desk.run(HOUR)
    assert desk.due == {}
    assert shop.cell.happened(EarningRecognised) == []


async def test_a_sale_that_earns_nothing_leaves_no_point_behind() -> None:
    shop = Shop(Cell())
    finance = Finance(shop.cell, shop)
    finance.signs()
    sold(shop)
    desk = desk_of(shop.cell)
    await desk.run(HOUR)
    assert desk.due == {}
    assert shop.cell.happened(EarningRecognised) == []


async def test_units_are_earned_as_they_are_used() -> None:
    shop = Shop(Cell(), max_quantity=3)
    finance = Finance(shop.cell, shop)
    finance.signs()
    order_id = sold(shop, 3)
    for unit in (0, 1, 1, 0, 2, 2):
        shop.cell.ask(RecogniseEarning(order_id, use_of(VOUCHER, unit)))
    earned = shop.cell.happened(EarningRecognised)
    assert [(one.first, one.count, one.cause) for one in earned] == [
        (0, 1, "verification"),
        (1, 1, "verification"),
        (2, 1, "verification"),
    ]
    assert sum(one.amounts.cash.fen for one in earned) == 3 * 1290


# --- with the real list -----------------------------------------------------------------------


@pytest.fixture
async def conn(fresh_database: Database):  # type: ignore[no-untyped-def]
    async with await AsyncConnection.connect(
        fresh_database.dsn_as("tuan_projector"), autocommit=True
    ) as connection:
        await connection.execute("set search_path to read")
        yield connection


async def points(conn: AsyncConnection[Any]) -> set[tuple[str, UUID]]:
    rows = await (await conn.execute("select tenant, subject from todo")).fetchall()
    return {(row[0], row[1]) for row in rows}


async def test_only_tenants_with_a_merchant_are_followed_from_then_on(
    conn: AsyncConnection[Any],
) -> None:
    facts = [
        Recorded(1, NOON, "demo", order(1), READIED),
        Recorded(2, NOON, "demo", TEA_HOUSE, ONBOARDED),
        Recorded(3, NOON, "demo", order(2), OrderReadied(order(2), Money(990), NOON)),
        Recorded(4, NOON, "other", order(3), OrderReadied(order(3), Money(990), NOON)),
        Recorded(5, NOON + DAY, "demo", order(4), OrderReadied(order(4), Money(990), NOON)),
    ]
    for cut in range(len(facts) + 1):
        await conn.execute("delete from todo")
        await conn.execute("delete from todo_tenants")
        for part in (facts[:cut], facts[cut:]):
            await apply(EARN_ORDERS, part, conn)
        assert await points(conn) == {("demo", order(2)), ("demo", order(4))}


async def test_facts_in_any_order_leave_no_point_open(conn: AsyncConnection[Any]) -> None:
    shop = Shop(Cell())
    finance = Finance(shop.cell, shop)
    finance.signs()
    finance.collects()
    order_id = sold(shop)
    finance.earns(order_id)
    told = shop.cell.happened(OrderReadied, EarningRecognised)
    for way in permutations([*told, *told]):
        if way[-1] != told[-1]:
            continue  # the last word about an order is that it was earned
        await conn.execute("delete from todo")
        facts = [Recorded(n, NOON, "demo", order_id, fact) for n, fact in enumerate(way, 2)]
        await apply(EARN_ORDERS, [Recorded(1, NOON, "demo", TEA_HOUSE, ONBOARDED), *facts], conn)
        assert await points(conn) == set()
