"""What people find, and what the filters and pages give them."""

from typing import Any
from uuid import UUID

from domain.events.group import GroupOpened
from domain.events.order import OrderPlaced
from domain.ids import UserId
from domain.order import ORDER
from projections.figures import FIGURES
from tests.builders import ann, bob, cat
from tests.delivery.history import Fact, History, cell_of, facts_of
from tests.read_api.conftest import Readers, tell
from tests.servers import Database
from tests.shop import Shop


def placed(facts: list[Fact]) -> list[OrderPlaced]:
    return [it.event for it in facts if isinstance(it.event, OrderPlaced)]


async def test_an_order_is_shown_with_its_phrase(readers: Readers, acme: list[Fact]) -> None:
    one = placed(acme)[0]
    found = await readers.json(f"/v1/orders/{one.order_id}")
    state = ORDER.fold(it.event for it in acme if it.stream == one.order_id)
    assert found["buyer"] == str(one.buyer)
    assert found["amount_fen"] == one.amount.fen
    assert found["status"] == state.status
    assert found["display_status"] in {"待发货", "退款/售后", "已关闭", "拼团成功", "拼团中"}
    assert found["degraded"] is False


async def test_pages_give_every_order_once_newest_first(readers: Readers, acme: list[Fact]) -> None:
    items = await readers.pages("/v1/orders")
    assert {it["order_id"] for it in items} == {str(it.order_id) for it in placed(acme)}
    assert len(items) == len(placed(acme))
    times = [(it["placed_at"], it["order_id"]) for it in items]
    assert times == sorted(times, reverse=True)


async def test_filters_apply_together(readers: Readers, acme: list[Fact]) -> None:
    group = next(it.event for it in acme if isinstance(it.event, GroupOpened))
    items = await readers.pages(f"/v1/orders?group={group.group_id}")
    assert {it["order_id"] for it in items} == {
        str(it.order_id) for it in placed(acme) if it.group_id == group.group_id
    }
    ready = await readers.pages(f"/v1/orders?status=READY&campaign={group.campaign_id}")
    assert {it["status"] for it in ready} == {"READY"}
    assert await readers.pages(f"/v1/orders?status=READY&campaign={UUID(int=1)}") == []


async def test_what_happens_between_two_pages_moves_nothing(
    readers: Readers, database: Database, history: History
) -> None:
    shop = Shop(cell_of("paging"), stock=1000, allotment=900)
    bought = [shop.buys_alone(UserId(UUID(int=n))).order_id for n in range(1, 21)]
    boss = "paging/boss/read:all"
    await tell(database, history, facts_of(shop.cell), "paging")
    before = [it["order_id"] for it in await readers.pages("/v1/orders", boss)]
    first = await readers.json("/v1/orders?limit=8", boss)
    told = len(shop.cell.log)
    shop.cell.wait(minutes=1)
    for order_id in bought[:10]:
        shop.pays(order_id)  # changes rows of both pages
    later = [str(shop.buys_alone(UserId(UUID(int=n))).order_id) for n in range(30, 35)]
    await tell(database, history, facts_of(shop.cell)[told:], "paging")
    second = await readers.json(f"/v1/orders?limit=200&cursor={first['next']}", boss)
    assert [it["order_id"] for it in second["items"]] == before[8:]
    assert set(later) <= {it["order_id"] for it in await readers.pages("/v1/orders", boss)}


async def test_a_group_that_succeeded_shows_in_its_orders_at_once(
    readers: Readers, database: Database, history: History
) -> None:
    """Its orders say 拼团成功 until each is readied."""
    shop = Shop(cell_of("grouped"))
    opened = shop.opens_and_pays(ann)
    for who in (bob, cat):
        shop.joins_and_pays(who, opened.group_id)
    await tell(database, history, facts_of(shop.cell), "grouped")
    boss = "grouped/boss/read:all"
    found = await readers.json(f"/v1/orders/{opened.order_id}", boss)
    assert (found["status"], found["display_status"]) == ("GROUPED", "拼团成功")
    assert len(await readers.pages("/v1/orders?status=GROUPED", boss)) == 3
    assert await readers.pages("/v1/orders?status=GROUPING", boss) == []


async def test_shoppers_see_groups_that_are_there_for_them(
    readers: Readers, database: Database, history: History
) -> None:
    shop = Shop(cell_of("board"))
    waiting, running = shop.opens(ann), shop.opens_and_pays(bob)
    shop.joins(cat, running.group_id)
    await tell(database, history, facts_of(shop.cell), "board")
    shopper, boss = "board/ann/read:board", "board/boss/read:all"
    (shown,) = await readers.pages("/v1/groups", shopper)
    assert (shown["group_id"], shown["leader"]) == (str(running.group_id), None)
    assert (shown["seats"], shown["held"], shown["filled"], shown["free"]) == (3, 1, 1, 1)
    assert (await readers.get(f"/v1/groups/{waiting.group_id}", shopper)).status_code == 404
    assert await readers.pages("/v1/groups?status=PENDING_LEADER", shopper) == []
    assert (await readers.json(f"/v1/groups/{waiting.group_id}", boss))["leader"] == str(ann)
    (hidden,) = await readers.pages("/v1/groups?status=PENDING_LEADER", boss)
    assert hidden["group_id"] == str(waiting.group_id)


async def test_groups_come_nearest_their_deadline_first(readers: Readers) -> None:
    items = await readers.pages("/v1/groups?status=FAILED")
    assert len(items) > 7
    assert [it["closes_at"] for it in items] == sorted(it["closes_at"] for it in items)


async def test_stock_pools(readers: Readers) -> None:
    pools = await readers.pages("/v1/stock-pools")
    assert {it["kind"] for it in pools} == {"warehouse", "allotment"}
    for pool in pools:
        assert (
            pool["available"]
            == pool["received"] - pool["held"] - pool["sold"] + pool["oversell_cap"]
        )
        assert await readers.json(f"/v1/stock-pools/{pool['pool_id']}") == pool


async def test_the_dashboard_serves_five_figures_with_their_definitions(readers: Readers) -> None:
    query = "/v1/dashboard/sales?since=2026-06-01T00:00:00Z&until=2026-06-08T00:00:00Z"
    by_campaign = await readers.json(f"{query}&by=campaign")
    assert by_campaign["definitions"] == {name: it._asdict() for name, it in FIGURES.items()}
    assert set(by_campaign["definitions"]) == {"placed", "paid", "formed", "verified", "net"}
    total = by_campaign["total"]
    assert total["placed_fen"] > total["paid_fen"] > total["formed_fen"] > 0
    assert total["net_fen"] < total["paid_fen"]
    rate = total["groups_succeeded"] / (total["groups_succeeded"] + total["groups_failed"])
    assert total["success_rate"] == round(rate, 4)
    by_province = await readers.json(f"{query}&by=province")
    assert {it["key"] for it in by_province["lines"]} == {"11", "31", "44"}
    assert sums(by_province["lines"]) == sums(by_campaign["lines"])
    assert by_province["total"]["success_rate"] is None
    by_minute = await readers.json(
        "/v1/dashboard/sales?since=2026-06-01T12:00:00Z&until=2026-06-02T12:00:00Z"
    )
    assert all(it["key"].endswith("Z") for it in by_minute["lines"])


def sums(lines: list[dict[str, Any]]) -> tuple[int, ...]:
    names = ("placed_fen", "paid_fen", "formed_fen", "net_fen", "orders_placed", "orders_paid")
    return tuple(sum(line[name] for line in lines) for name in names)


async def test_refusals_by_reason(readers: Readers, history: History) -> None:
    history.conn.execute(
        """insert into read.refusals_v1 values
           ('acme', '2026-06-01T12:00Z', 'join_group', 'group_full', 3, 3),
           ('acme', '2026-06-01T12:01Z', 'join_group', 'group_full', 2, 9),
           ('acme', '2026-06-01T12:01Z', 'join_group', 'accepted', 95, 8),
           ('other', '2026-06-01T12:01Z', 'join_group', 'stock_short', 1000, 7)"""
    )
    range = "since=2026-06-01T00:00:00Z&until=2026-06-02T00:00:00Z"
    found = await readers.json(f"/v1/dashboard/refusals?{range}")
    assert [(it["code"], it["times"]) for it in found["lines"]] == [("group_full", 5)]
    assert (found["refused"], found["decided"]) == (5, 100)
    by_minute = await readers.json(f"/v1/dashboard/refusals?{range}&by=minute")
    assert [it["times"] for it in by_minute["lines"]] == [3, 2]
