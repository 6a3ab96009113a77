"""Who gets into a live feed, by token or ticket, and how soon he is out again."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from domain.events.catalog import CampaignLaunched
from domain.events.order import OrderPlaced
from domain.identity import Principal, Unauthenticated
from infra.identity.api_keys import ApiKeys
from infra.identity.register import revoke
from infra.identity.tickets import UNSPENT_MAX, LiveTickets
from read_api.live.ports import TICKET_SECONDS, Limits
from tests.builders import DAY, MINUTE, NOON
from tests.delivery.history import Fact
from tests.read_api.watching import MAC_KEY, PAGE, House, open_house
from tests.servers import Database
from tests.waiting import eventually_async

CUT_WITHIN_SECONDS = 5.0
UNAUTHENTICATED = (401, "unauthenticated")
FORBIDDEN = (403, "scope_missing")
NOT_FOUND = (404, "not_found")
TOO_MANY = (429, "too_many_requests")


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    async with open_house(database, Limits(3, 2, frozenset({PAGE}))) as one:
        yield one


@pytest.fixture
async def operator(database: Database) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    async with await psycopg.AsyncConnection.connect(database.dsn, autocommit=True) as session:
        yield session


def first(facts: list[Fact], kind: Any) -> Any:
    return next(fact.event for fact in facts if isinstance(fact.event, kind))


async def test_a_ticket_opens_one_feed_once_on_whichever_gateway(
    house: House, database: Database
) -> None:
    ticket = await house.ticket()
    async with house.watch(f"dashboard?ticket={ticket}", origin=PAGE) as watch:
        heard = await watch.heard()
    assert heard is not None
    assert heard.name == "state"
    assert await house.refused(f"dashboard?ticket={ticket}") == UNAUTHENTICATED
    another = await house.ticket()
    async with AsyncConnectionPool(database.dsn_as("tuan_api"), max_size=2, min_size=0) as pool:
        elsewhere = LiveTickets(pool, MAC_KEY)
        assert (await elsewhere.redeem(another)).tenant == "acme"
        with pytest.raises(Unauthenticated):
            await elsewhere.redeem(another)
        with pytest.raises(Unauthenticated):
            await LiveTickets(pool, b"x" * 32).redeem(await house.ticket())


async def test_a_ticket_is_good_for_a_minute(
    house: House, operator: psycopg.AsyncConnection[Any]
) -> None:
    ticket = await house.ticket()
    left = await operator.execute(
        "select max(extract(epoch from good_until - clock_timestamp())) from platform.live_tickets"
    )
    ((seconds,),) = await left.fetchall()
    assert 0 < seconds <= TICKET_SECONDS
    await operator.execute("update platform.live_tickets set good_until = clock_timestamp()")
    assert await house.refused(f"dashboard?ticket={ticket}") == UNAUTHENTICATED
    for wrong in ("", "tuan_tkt_", "tuan_tkt_%F0%9F%8D%B5", ticket[:-1], "x" * 99):
        assert await house.refused(f"dashboard?ticket={wrong}") == UNAUTHENTICATED


async def test_a_ticket_carries_no_more_than_the_token_behind_it(
    house: House, acme: list[Fact]
) -> None:
    placed = first(acme, OrderPlaced)
    buyer = f"acme/{placed.buyer}/read:own+shop"
    ticket = await house.ticket(buyer)
    assert await house.refused(f"dashboard?ticket={ticket}") == FORBIDDEN
    ticket = await house.ticket(buyer)
    async with house.watch(f"orders/{placed.order_id}?ticket={ticket}") as watch:
        heard = await watch.heard()
    assert heard is not None
    assert heard.data["data"] is None  # words only: he is no operator
    answer = await house.client.post(
        "/v1/live/tickets", headers={"authorization": f"Bearer {house.token('acme/ann/shop')}"}
    )
    assert (answer.status_code, answer.json()["code"]) == FORBIDDEN
    assert (await house.client.post("/v1/live/tickets")).status_code == 401


async def test_a_token_in_the_url_opens_nothing(house: House) -> None:
    token = house.token()
    assert await house.refused(f"dashboard?ticket={token[:99]}") == UNAUTHENTICATED
    answer = await house.client.get("/v1/live/dashboard", params={"token": token})
    assert answer.status_code == 401


async def test_tickets_are_kept_as_digests_and_nobody_can_hoard_them(
    house: House, operator: psycopg.AsyncConnection[Any]
) -> None:
    tickets = [await house.ticket("acme/hoarder/read:all") for _ in range(UNSPENT_MAX)]
    sent = {"authorization": f"Bearer {house.token('acme/hoarder/read:all')}"}
    refused = await house.client.post("/v1/live/tickets", headers=sent)
    assert (refused.status_code, refused.json()["code"]) == TOO_MANY
    rows = await (await operator.execute("select t::text from platform.live_tickets t")).fetchall()
    assert not [1 for (row,) in rows for ticket in tickets if ticket[-20:] in row]
    await operator.execute("update platform.live_tickets set good_until = clock_timestamp()")
    await house.ticket("acme/hoarder/read:all")  # those of yesterday are swept away
    left = await operator.execute("select count(*) from platform.live_tickets")
    assert await left.fetchone() == (1,)


async def test_strangers_find_no_feed_by_token_or_ticket(
    house: House, acme: list[Fact], other: list[Fact]
) -> None:
    for mine, stranger in ((acme, "other"), (other, "acme")):
        boss = f"{stranger}/boss/read:all+read:own"
        paths = (
            f"orders/{first(mine, OrderPlaced).order_id}",
            f"campaigns/{first(mine, CampaignLaunched).campaign_id}",
        )
        for path in paths:
            assert await house.refused(path, boss) == NOT_FOUND
            assert await house.refused(path, boss, last="cell_0.1.1") == NOT_FOUND
            ticket = await house.ticket(boss)
            assert await house.refused(f"{path}?ticket={ticket}") == NOT_FOUND
    assert house.taken == 0


async def test_a_buyer_watches_his_own_orders_only(house: House, acme: list[Fact]) -> None:
    orders = [fact.event for fact in acme if isinstance(fact.event, OrderPlaced)]
    mine, theirs = orders[0], next(it for it in orders if it.buyer != orders[0].buyer)
    me = f"acme/{mine.buyer}/read:own"
    async with house.watch(f"orders/{mine.order_id}", me) as watch:
        assert await watch.heard() is not None
    assert await house.refused(f"orders/{theirs.order_id}", me) == NOT_FOUND
    assert await house.refused(f"orders/{mine.order_id}", "acme/no-buyer/read:own") == NOT_FOUND
    assert await house.refused("dashboard", me) == FORBIDDEN
    campaign = first(acme, CampaignLaunched).campaign_id
    assert await house.refused(f"campaigns/{campaign}", me) == FORBIDDEN


@pytest.mark.parametrize("by", ["token", "ticket"])
async def test_who_is_revoked_is_cut(
    house: House, operator: psycopg.AsyncConnection[Any], by: str
) -> None:
    who = f"acme/leaver-{by}/read:all"
    path = f"dashboard?ticket={await house.ticket(who)}" if by == "ticket" else "dashboard"
    async with house.watch(path, who) as watch:
        assert await watch.heard() is not None
        await revoke(operator, f"sub:acme:leaver-{by}")
        last = await watch.ended(CUT_WITHIN_SECONDS)
    assert last is not None
    assert (last.name, last.data["code"]) == ("end", "unauthenticated")
    assert await house.refused("dashboard", who) == UNAUTHENTICATED


async def test_a_revoked_key_cuts_the_feeds_it_opened_and_the_tickets_it_bought(
    house: House, operator: psycopg.AsyncConnection[Any]
) -> None:
    keys = ApiKeys(MAC_KEY)
    key = await keys.issue(
        operator, tenant="acme", principal="erp", scopes=["read:all"], expires_at=NOON + DAY
    )
    unspent = await house.ticket(token=key.text)
    path = f"dashboard?ticket={await house.ticket(token=key.text)}"
    async with house.watch("dashboard", token=key.text) as direct, house.watch(path) as watch:
        assert await direct.heard() is not None
        assert await watch.heard() is not None
        assert await keys.revoke(operator, key.id)
        for one in (direct, watch):
            last = await one.ended(CUT_WITHIN_SECONDS)
            assert last is not None
            assert last.name == "end"
    assert await house.refused(f"dashboard?ticket={unspent}") == UNAUTHENTICATED


async def test_a_feed_ends_with_the_token_behind_it(house: House) -> None:
    token = house.token(until=house.clock.at + MINUTE)
    path = f"dashboard?ticket={await house.ticket(token=token)}"
    async with house.watch("dashboard", token=token) as direct, house.watch(path) as watch:
        assert await direct.heard() is not None
        assert await watch.heard() is not None
        house.clock.at += MINUTE + timedelta(seconds=1)
        for one in (direct, watch):
            last = await one.ended(CUT_WITHIN_SECONDS)
            assert last is not None
            assert last.data["code"] == "unauthenticated"


async def test_seats_are_counted_by_principal_and_tenant_and_given_back(house: House) -> None:
    async def free() -> bool:
        return house.taken == 0

    async with house.watch("dashboard") as one, house.watch("dashboard") as two:
        assert (one.response.status_code, two.response.status_code) == (200, 200)
        assert await house.refused("dashboard") == TOO_MANY
        async with house.watch("dashboard", "acme/second/read:all") as three:
            assert three.response.status_code == 200
            assert await house.refused("dashboard", "acme/third/read:all") == TOO_MANY
            async with house.watch("dashboard", "other/boss/read:all") as foreign:
                assert foreign.response.status_code == 200
    await eventually_async(free)
    async with house.watch("dashboard") as again:
        assert again.response.status_code == 200


async def test_only_known_pages_may_watch(house: House) -> None:
    for origin in ("https://evil.example", "null", PAGE + ".evil.example"):
        assert await house.refused("dashboard", origin=origin) == (403, "origin_refused")
    ticket = await house.ticket()
    path = f"dashboard?ticket={ticket}"
    assert await house.refused(path, origin="https://evil.example") == (403, "origin_refused")
    async with house.watch(path, origin=PAGE) as watch:  # the stranger has not spent it
        assert watch.response.status_code == 200


@pytest.mark.parametrize(
    ("path", "last", "expected"),
    [
        ("dashboard?nonsense=1", "", (422, "invalid_query")),
        ("dashboard", "nonsense", (400, "token_invalid")),
        ("dashboard?last_event_id=1.2.3", "", (400, "token_invalid")),
        ("orders/1", "", (422, "invalid_query")),
        ("orders/00000000-0000-0000-0000-000000000001", "", NOT_FOUND),
        ("campaigns/00000000-0000-0000-0000-000000000001", "", NOT_FOUND),
        ("orders/00000000-0000-0000-0000-000000000001?at_least=nonsense", "", (400, "token_invalid")),
        ("dashboard?at_least=cell_0.1.99999999", "", (409, "not_yet_visible")),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_said_before_the_feed_begins(
    house: House, path: str, last: str, expected: tuple[int, str]
) -> None:
    assert await house.refused(path, last=last) == expected
    assert house.taken == 0


async def test_the_tickets_table_is_nobody_elses(database: Database) -> None:
    for role in ("tuan_reader", "tuan_projector", "tuan_engine"):
        async with await psycopg.AsyncConnection.connect(database.dsn_as(role)) as session:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await session.execute("select from platform.live_tickets")
    async with await psycopg.AsyncConnection.connect(database.dsn_as("tuan_api")) as session:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await session.execute("update platform.live_tickets set scopes = '{admin}'")


async def test_a_principal_comes_back_from_a_ticket_as_it_went_in(
    house: House, database: Database
) -> None:
    who = Principal("acme", "ann", frozenset({"read:own", "shop"}), NOON + DAY, marks=("jti:1",))
    async with AsyncConnectionPool(database.dsn_as("tuan_api"), max_size=2, min_size=0) as pool:
        tickets = LiveTickets(pool, MAC_KEY)
        ticket = await tickets.issue(who, frozenset({"read:own", "read:all"}))
        back = await tickets.redeem(ticket)
    assert back == who._replace(scopes=frozenset({"read:own"}))
