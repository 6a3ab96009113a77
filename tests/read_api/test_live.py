"""A client of a live feed that comes and goes sees everything once, and what it adds up to is true."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from domain.events.catalog import CampaignLaunched
from domain.events.order import OrderPlaced
from domain.identity import Principal
from infra.delivery.connect import connect
from infra.delivery.replay import rebuild
from projections import sales_dashboard, stock_levels
from read_api import timeline
from read_api.live.feed import bounds, day_of
from read_api.live.lookout import advanced
from read_api.live.ports import Limits
from read_api.live.sales import SalesFeed
from tests.builders import DAY, NOON
from tests.delivery.history import Fact, History, world
from tests.read_api.watching import PAGE, Heard, House, execute, following, open_house
from tests.servers import Database
from tests.waiting import eventually_async

CUT_WITHIN_SECONDS = 5.0


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    async with open_house(database, Limits(origins=frozenset({PAGE}))) as one:
        yield one


def first(facts: list[Fact], kind: Any) -> Any:
    return next(fact.event for fact in facts if isinstance(fact.event, kind))


def enrolled(database: Database, tenant: str) -> str:
    """A tenant that tokens may name."""
    execute(database, "insert into platform.tenants values (%s, 'cell_0', '丙')", (tenant,))
    return tenant


class Client:
    """What a page makes of a dashboard's feed: lines by key, replaced as they come."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str], Any] = {}
        self.names: list[str] = []
        self.last = ""

    def take(self, heard: Heard) -> None:
        self.names.append(heard.name)
        self.last = heard.id
        if heard.name != "delta":
            self.lines.clear()
        for kind in ("minutes", "campaigns", "provinces"):
            self.lines |= {(kind, line["key"]): line for line in heard.data[kind]}
        if heard.data["total"]:
            self.lines["total", "total"] = heard.data["total"]
        self.lines |= {("groups", it["group_id"]): it for it in heard.data["groups"] or ()}


async def test_an_order_is_told_without_gap_or_repeat_however_often_its_watcher_comes_back(
    house: House, database: Database, history: History
) -> None:
    dice = random.Random(7)
    tenant = enrolled(database, "story")
    facts = world(70, groups=12, tenant=tenant)
    placed = first(facts, OrderPlaced)
    begun = next(i for i, fact in enumerate(facts) if fact.event is placed) + 1
    position = history.append(facts[:begun], tenant=tenant)
    path, who = f"orders/{placed.order_id}", f"{tenant}/{placed.buyer}/read:own"
    heard: list[Heard] = []

    async def comes_and_goes(until: int, path: str) -> None:
        while not heard or int(heard[-1].id.split(".")[2]) < until:
            last = heard[-1].id if heard else ""
            async with house.watch(path, who, last=last) as watch:
                for _ in range(dice.choice((1, 1, 2, 3))):
                    if heard and int(heard[-1].id.split(".")[2]) >= until:
                        return
                    event = await watch.heard()
                    assert event is not None
                    heard.append(event)

    def rows() -> list[int]:
        query = "select position from read.timeline_v1 where order_id = %s order by position"
        return [row[0] for row in history.rows(query, placed.order_id)]

    async with following(database):
        await comes_and_goes(position, f"{path}?at_least=cell_0.1.{position}")
        for start in range(begun, len(facts), 25):
            position = history.append(facts[start : start + 25], tenant=tenant)

            async def arrived(position: int = position) -> bool:
                models = (await house.get("/v1/freshness")).json()["models"]
                return any(m["name"] == "timeline_v1" and m["position"] >= position for m in models)

            await eventually_async(arrived, 60)
            await comes_and_goes(rows()[-1], path)
    assert {event.name for event in heard} == {"entry"}
    assert [event.data["position"] for event in heard] == rows()
    assert [int(event.id.split(".")[2]) for event in heard] == rows()
    assert len(heard) > 5


async def test_a_dashboard_adds_up_however_often_its_watcher_comes_back(
    house: House, database: Database, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SalesFeed, "pace_seconds", 0.05)
    dice = random.Random(8)
    tenant = enrolled(database, "adds-up")
    boss = f"{tenant}/boss/read:all"
    facts = world(71, groups=12, tenant=tenant)
    since, until = bounds(day_of(house.clock.at))
    today = {"since": since.isoformat(), "until": until.isoformat()}
    client = Client()

    async def truth() -> dict[tuple[str, str], Any]:
        lines: dict[tuple[str, str], Any] = {}
        for by, kind in (
            ("minute", "minutes"),
            ("campaign", "campaigns"),
            ("province", "provinces"),
        ):
            answer = await house.client.get(
                "/v1/dashboard/sales",
                params={**today, "by": by},
                headers={"authorization": f"Bearer {house.token(boss)}"},
            )
            lines |= {(kind, line["key"]): line for line in answer.json()["lines"]}
            if by == "campaign":
                lines["total", "total"] = answer.json()["total"]
        return lines

    def settled() -> bool:
        query = "select min(position) from read.checkpoints where handler = %s"
        return bool(history.rows(query, sales_dashboard.NAME)[0][0] == history.head)

    async with following(database):
        at = 0
        while at < len(facts) or not settled() or client.lines != await truth():
            async with house.watch("dashboard", boss, last=client.last) as watch:
                for _ in range(dice.choice((1, 2))):
                    step = dice.randint(5, 40)
                    history.append(facts[at : at + step], tenant=tenant)
                    at += step
                    try:
                        heard = await watch.heard(0.6)
                    except TimeoutError:
                        break  # nothing of today's changed
                    assert heard is not None
                    client.take(heard)
    assert client.names[0] == "state"
    assert set(client.names[1:]) == {"delta"}
    assert client.lines["total", "total"]["orders_placed"] > 5


async def test_a_campaigns_feed_holds_its_groups_and_sales(
    house: House, database: Database, history: History
) -> None:
    tenant = enrolled(database, "campaign")
    boss = f"{tenant}/boss/read:all"
    facts = world(72, groups=8, tenant=tenant)
    campaign = first(facts, CampaignLaunched).campaign_id
    half = len(facts) // 2
    position = history.append(facts[:half], tenant=tenant)
    client = Client()
    async with following(database):
        path = f"campaigns/{campaign}?at_least=cell_0.1.{position}"
        async with house.watch(path, boss) as watch:
            heard = await watch.heard()
            assert heard is not None
            client.take(heard)
            history.append(facts[half:], tenant=tenant)

            async def complete() -> bool:
                heard = await watch.heard()
                assert heard is not None
                client.take(heard)
                query = "select group_id, status, filled from read.group_board_v1 where tenant = %s"
                stored = {(str(row[0]), *row[1:]) for row in history.rows(query, tenant)}
                mine = {
                    (key, it["status"], it["filled"])
                    for (kind, key), it in client.lines.items()
                    if kind == "groups"
                }
                return bool(stored) and stored == mine

            await eventually_async(complete, 60)
    assert client.names[0] == "state"
    assert set(client.names[1:]) == {"delta"}
    assert client.lines["total", "total"]["orders_placed"] > 0


async def test_all_watchers_of_a_tenants_orders_ask_together_whether_there_is_news(
    house: House, history: History, acme: list[Fact], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    original = timeline.READING.open

    def counted(state: Any, principal: Principal) -> Any:
        opened.append(principal.tenant)
        return original(state, principal)

    monkeypatch.setattr(timeline.READING, "open", counted)
    orders = [fact.stream for fact in acme if isinstance(fact.event, OrderPlaced)]
    boss, stranger = (
        Principal(tenant, "boss", frozenset({"read:all"}), NOON + DAY)
        for tenant in ("acme", "other")
    )
    news = house.app.state.hall.news
    told = await asyncio.gather(
        *(news.of(boss, order, 0) for order in orders),
        *(news.of(boss, order, history.head) for order in orders[1:]),
        news.of(stranger, orders[0], 0),
    )
    assert told[: len(orders)] == [True] * len(orders)
    assert told[-1] is False
    assert sorted(opened) == ["acme", "other"]
    assert await news.of(boss, orders[0], history.head) is False


def test_news_are_only_asked_for_when_nothing_but_events_happened() -> None:
    assert advanced(((1, 5, 0),), ((1, 6, 0),))
    assert advanced(((1, 5, 0),), ((2, 6, 0),))
    assert not advanced(None, ((1, 6, 0),))
    assert not advanced(((1, 5, 0),), ((1, 6, 1),))  # remade
    assert not advanced(((1, 5, 0),), ((1, 4, 0),))  # lost


@pytest.mark.parametrize("last", ["cell_0.7.{head}", "cell_0.1.{ahead}", "cell_9.1.1"])
async def test_what_is_no_part_of_this_log_begins_anew(
    house: House, history: History, acme: list[Fact], last: str
) -> None:
    named = last.format(head=history.head, ahead=history.head + 1000)
    order = first(acme, OrderPlaced)
    for path in ("dashboard", f"orders/{order.order_id}", f"campaigns/{order.campaign_id}"):
        async with house.watch(path, last=named) as watch:
            heard = await watch.heard()
        assert heard is not None
        assert heard.name == "reset"
        again = heard.id
        async with house.watch(f"{path}?last_event_id={again}") as watch:
            with pytest.raises(TimeoutError):
                await watch.heard(0.5)  # it has everything


async def test_a_new_day_begins_anew(house: House) -> None:
    async with house.watch("dashboard") as watch:
        assert (await watch.heard()) is not None
        house.clock.at += timedelta(hours=6)  # past midnight in Shanghai
        heard = await watch.heard()
    assert heard is not None
    assert heard.name == "reset"
    assert heard.data["since"].startswith("2026-06-02T00:00:00+08:00")


async def test_rows_that_changed_behind_the_clients_back_are_sent_again(
    house: House, database: Database, history: History
) -> None:
    last = f"cell_0.1.{history.head}"
    async with house.watch("dashboard") as watch:
        state = await watch.heard()
        assert state is not None
        execute(database, "update read.sales_minutes_v1 set placed_fen = placed_fen + 1")
        async with await connect(database.dsn_as("tuan_projector"), "test") as conn:
            assert (await rebuild(conn, stock_levels.PROJECTION, ["cell_0"])).same
            assert not (await rebuild(conn, sales_dashboard.PROJECTION, ["cell_0"])).same
        heard = await watch.heard()
    assert heard is not None
    assert (heard.name, heard.data) == ("reset", state.data)
    async with house.watch("dashboard", last=last) as watch:
        resumed = await watch.heard()
    assert resumed is not None
    assert resumed.name == "reset"


async def test_a_feed_is_never_stored_and_costs_no_connection_while_nothing_happens(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("read_api.live.stream.HEARTBEAT_SECONDS", 0.1)
    async with house.watch("dashboard", origin=PAGE) as watch:
        headers = watch.response.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert headers["cache-control"] == "no-store"
        assert headers["x-accel-buffering"] == "no"
        assert headers["access-control-allow-origin"] == PAGE
        assert await watch.heard() is not None
        with pytest.raises(TimeoutError):
            await watch.heard(2.5)
        assert watch.comments > 0

        async def idle() -> bool:
            stats = house.app.state.pool.get_stats()
            return bool(stats["pool_available"] == stats["pool_size"])

        await eventually_async(idle)
    await eventually_async(lambda: nobody(house))


async def nobody(house: House) -> bool:
    return house.taken == 0


async def test_a_reader_that_does_not_read_loses_its_place(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("read_api.live.stream.SEND_SECONDS", 0.2)
    sent: list[Any] = []
    never = asyncio.Event()

    async def blocked(message: Any) -> None:
        sent.append(message["type"])
        if message["type"] == "http.response.body":
            await never.wait()

    async def receive() -> Any:
        await never.wait()

    headers = [(b"authorization", f"Bearer {house.token()}".encode())]
    scope = {
        "type": "http", "method": "GET", "path": "/v1/live/dashboard", "raw_path": b"", "root_path": "",
        "query_string": b"", "headers": headers, "http_version": "1.1", "scheme": "http", "server": None,
        "client": None,
    }  # fmt: skip
    async with asyncio.timeout(CUT_WITHIN_SECONDS):
        await house.app(scope, receive, blocked)
    assert sent == ["http.response.start", "http.response.body"]
    assert house.taken == 0


async def test_when_the_process_ends_its_feeds_do_too(house: House) -> None:
    async with house.watch("dashboard") as watch:
        house.app.state.hall.closing = lambda: True
        last = await watch.ended(CUT_WITHIN_SECONDS)
    assert last is not None
    assert last.name == "state"
