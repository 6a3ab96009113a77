"""Nobody reads what is not theirs: scopes, tenants, buyers, and a second wall behind them."""

import re
from typing import Any
from uuid import UUID

import psycopg
import pytest
from fastapi.routing import APIRoute

from domain.events.earning import EarningRecognised
from domain.events.group import GroupOpened
from domain.events.order import OrderPlaced
from domain.events.stock import PoolOpened
from domain.identity import SCOPES
from infra.delivery.connect import connect
from projections import PROJECTIONS
from read_api.access import needs_of
from read_api.app import ROUTERS
from tests.delivery.history import Fact
from tests.read_api.conftest import Readers
from tests.servers import Database

EACH = 5  # of a kind: one is like the next
EVERYTHING = "read:all+read:own+read:board+finance:read+audit:read+admin"
ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
TABLES = [table for projection in PROJECTIONS for table in projection.tables]


def ids(facts: list[Fact]) -> dict[str, list[UUID]]:
    """Every id of a tenant that has a route of its own."""
    kinds = {"orders": OrderPlaced, "groups": GroupOpened, "stock-pools": PoolOpened}
    return {
        path: [it.stream for it in facts if isinstance(it.event, kind)]
        for path, kind in kinds.items()
    }


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
async def test_every_route_needs_a_scope(route: APIRoute, readers: Readers) -> None:
    needs = needs_of(route)
    assert needs
    assert needs <= set(SCOPES)
    path = re.sub(r"\{(\w*id)\}", str(UUID(int=1)), route.path).replace("{code}", "1120")
    method = "".join(route.methods or ())
    assert (await readers.client.request(method, path)).status_code == 401
    useless = "+".join(set(SCOPES) - needs)
    token = {"authorization": f"Bearer acme/boss/{useless}"}
    refused = await readers.client.request(method, path, headers=token)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


async def test_no_token_a_wrong_one_and_no_way_to_tell(readers: Readers) -> None:
    nobody = await readers.client.get("/v1/orders")
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    assert nobody.headers["content-type"] == "application/problem+json"
    assert (await readers.get("/v1/orders", "nonsense")).status_code == 401
    assert (await readers.get("/v1/orders", "down")).status_code == 503


async def test_strangers_find_nothing(
    readers: Readers, acme: list[Fact], other: list[Fact]
) -> None:
    """Ids of every kind of each tenant, tried with every scope of the other."""
    for mine, stranger in ((acme, "other"), (other, "acme")):
        for path, known in ids(mine).items():
            for id in known[:EACH]:
                answer = await readers.get(f"/v1/{path}/{id}", f"{stranger}/boss/{EVERYTHING}")
                assert answer.status_code == 404, (path, id)
                told = await readers.get(f"/v1/streams/{id}", f"{stranger}/boss/{EVERYTHING}")
                assert told.status_code == 404
                led = await readers.json(f"/v1/lookup/{id}", f"{stranger}/boss/{EVERYTHING}")
                assert led == {"found": []}
        for id in ids(mine)["orders"][:EACH]:
            path = f"/v1/orders/{id}/timeline"
            assert (await readers.get(path, f"{stranger}/boss/{EVERYTHING}")).status_code == 404


# Whose streams have a route of their own; an earning's is named by its order.
MONEY = {
    "refund": "refunds",
    "payout": "payouts",
    "bill": "bills",
    "break": "breaks",
    "merchant": "merchants",
    "statement": "statements",
    "correction": "ledger/corrections",
}
LED_BY = {"payout": "payout", "refund": "refund", "order": "order"}


def of_money(facts: list[Fact]) -> list[str]:
    """Paths to some of what each kind of stream about money holds, and to what leads to it."""
    streams: dict[str, set[UUID]] = {}
    for it in facts:
        streams.setdefault(it.category, set()).add(it.stream)
    few = {kind: sorted(known)[:EACH] for kind, known in streams.items()}
    earned = {it.event.order_id for it in facts if isinstance(it.event, EarningRecognised)}
    return [
        *(f"{path}/{id}" for kind, path in MONEY.items() for id in few[kind]),
        *(f"lineage/{name}/{id}" for kind, name in LED_BY.items() for id in few[kind]),
        *(f"earnings/{id}" for id in sorted(earned)[:EACH]),
    ]


async def test_strangers_find_nothing_of_money_and_its_owner_does(
    readers: Readers, acme: list[Fact], other: list[Fact]
) -> None:
    for owner, mine, stranger in (("acme", acme, "other"), ("other", other, "acme")):
        for path in of_money(mine):
            answer = await readers.get(f"/v1/{path}", f"{stranger}/boss/{EVERYTHING}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
            found = await readers.get(f"/v1/{path}", f"{owner}/boss/{EVERYTHING}")
            assert found.status_code == 200, (path, found.text)


async def test_lists_hold_ones_own_tenant_only(
    readers: Readers, acme: list[Fact], other: list[Fact]
) -> None:
    for path, name in (("orders", "order_id"), ("stock-pools", "pool_id")):
        for mine, tenant in ((acme, "acme"), (other, "other")):
            found = await readers.pages(f"/v1/{path}", f"{tenant}/boss/read:all")
            assert {it[name] for it in found} == {str(it) for it in ids(mine)[path]}
    range = "since=2026-06-01T00:00:00Z&until=2026-06-08T00:00:00Z&by=campaign"
    totals = [
        (await readers.json(f"/v1/dashboard/sales?{range}", f"{tenant}/boss/read:all"))["total"]
        for tenant in ("acme", "other")
    ]
    assert [it["orders_placed"] for it in totals] == [
        len(ids(facts)["orders"]) for facts in (acme, other)
    ]


async def test_a_buyer_sees_only_his_own_orders(readers: Readers, acme: list[Fact]) -> None:
    orders = [it.event for it in acme if isinstance(it.event, OrderPlaced)]
    mine, theirs = orders[0], next(it for it in orders if it.buyer != orders[0].buyer)
    me = f"acme/{mine.buyer}/read:own"
    assert (await readers.get(f"/v1/orders/{mine.order_id}", me)).status_code == 200
    assert (await readers.get(f"/v1/orders/{theirs.order_id}", me)).status_code == 404
    assert {it["buyer"] for it in await readers.pages("/v1/orders", me)} == {str(mine.buyer)}
    assert (await readers.get("/v1/orders", "acme/no-buyer/read:own")).status_code == 404


async def reader_of(database: Database, tenant: str | None) -> psycopg.AsyncConnection[Any]:
    conn = await connect(database.dsn_as("tuan_reader"), "test")
    if tenant is not None:
        await conn.execute("select set_config('app.tenant', %s, false)", (tenant,))
    return conn


@pytest.mark.parametrize("table", [*TABLES, "refusals_v1", "parked"])
async def test_without_a_where_clause_other_tenants_stay_invisible(
    database: Database, table: str
) -> None:
    async with await connect(database.dsn_as("tuan_projector"), "test") as conn:
        cursor = await conn.execute(f"select distinct tenant from read.{table}")
        everybody = {row[0] for row in await cursor.fetchall()}
    if table in TABLES:
        assert {"acme", "other"} <= everybody
    for tenant, expected in (("acme", {"acme"} & everybody), ("nobody", set()), (None, set())):
        async with await reader_of(database, tenant) as conn:
            cursor = await conn.execute(f"select distinct tenant from read.{table}")
            assert {row[0] for row in await cursor.fetchall()} == expected


async def test_every_table_with_a_tenant_is_walled_off(database: Database) -> None:
    async with await connect(database.dsn, "test") as conn:
        cursor = await conn.execute(
            """select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
               where c.relnamespace = 'read'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
                 and a.attname = 'tenant' and not c.relrowsecurity
                 and has_table_privilege('tuan_reader', c.oid, 'select')"""
        )
        assert await cursor.fetchall() == []


@pytest.mark.parametrize(
    "statement",
    [
        "select 1 from cell_0.events",
        "select 1 from cell_0.commands",
        "select 1 from platform.tenants",
        "select 1 from vault.subject_keys",
        "update read.order_status_v2 set status = 'READY'",
        "delete from read.checkpoints",
        "create table read.mine (id int)",
    ],
)
async def test_the_reader_reaches_nothing_else(database: Database, statement: str) -> None:
    async with await reader_of(database, "acme") as conn:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await conn.execute(statement)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/orders?nonsense=1", 422, "invalid_query"),
        ("/v1/orders?limit=0", 422, "invalid_query"),
        ("/v1/orders?limit=201", 422, "invalid_query"),
        ("/v1/orders?status=EATEN", 422, "invalid_query"),
        ("/v1/orders?cursor=nonsense", 400, "cursor_invalid"),
        ("/v1/orders?cursor=WyJncm91cHMiLG51bGwsIjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMSJd", 400, "cursor_invalid"),
        ("/v1/orders?campaign=1", 422, "invalid_query"),
        ("/v1/orders/1", 422, "invalid_query"),
        ("/v1/orders/00000000-0000-0000-0000-000000000001?limit=1", 422, "invalid_query"),
        ("/v1/orders?at_least=nonsense", 400, "token_invalid"),
        ("/v1/orders?at_least=cell_9.1.1", 409, "not_yet_visible"),
        ("/v1/orders?at_least=cell_0.1.99999999", 409, "not_yet_visible"),
        ("/v1/dashboard/sales?since=2026-06-02T00:00:00Z&until=2026-06-01T00:00:00Z", 422, "invalid_query"),
        ("/v1/dashboard/sales?since=2026-01-01T00:00:00Z&until=2026-06-01T00:00:00Z", 422, "invalid_query"),
        ("/v1/dashboard/sales?since=2026-06-01T00:00:00", 422, "invalid_query"),
        ("/v1/nothing", 404, "not_found"),
    ],
)  # fmt: skip
async def test_what_is_not_understood_is_refused(
    readers: Readers, path: str, status: int, code: str
) -> None:
    answer = await readers.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "zh", "en"} <= set(answer.json())
