"""The permission table of the whole public URL: no route lacks a scope, and every scope opens something."""

from datetime import datetime
from typing import Any, NamedTuple, cast

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from psycopg_pool import AsyncConnectionPool
from starlette.routing import Route

from domain.identity import PUBLIC, SCOPES
from infra.services.gateway import WRITES
from read_api.access import needs_of
from read_api.app import ROUTERS, create_app
from tests.api.edge import NOON, Tokens, token
from tests.api.shop import Shop
from tests.read_api.conftest import NO_TICKETS, NoReplays, NoStreams

OPENS_NOTHING = {"bench"}  # a faster pace only
OPEN_TO_ALL = {
    "/openapi.json": "the document of the write API",
    "/v1/read/openapi.json": "the document of the read API",
    "/v1/commands/{name}": "says only that there is no such command",
    "/v1/notifications/{channel}/{tenant}": "proven by the channel's own signature",
}


class Clock:
    def now(self) -> datetime:
        return NOON


class Row(NamedTuple):
    """One route of the public URL and what it asks of a token."""

    method: str
    path: str
    needs: frozenset[str]


def reads() -> FastAPI:
    """The read API without a database: every request here ends before one is needed."""
    return create_app(
        cast(AsyncConnectionPool[Any], None),
        Tokens(),
        Clock(),
        NoStreams(),
        NO_TICKETS,
        NoReplays(),
    )


def table() -> list[Row]:
    shop = Shop()
    rows = [
        Row(one.method, one.path, one.endpoint.needs) for one in shop.edge.app(*shop.routes()).table
    ]
    for route in queries():
        rows += [Row(method, route.path, needs_of(route)) for method in sorted(route.methods or ())]
    rows += [Row("GET", one.path, PUBLIC) for one in reads().routes if isinstance(one, Route)]
    return rows


def queries() -> list[APIRoute]:
    """Every route of the read API's routers; the framework keeps them unseen inside the application."""
    found = [route for router in ROUTERS for route in router.routes]
    assert all(isinstance(route, APIRoute) for route in found)
    return cast(list[APIRoute], found)


def test_no_route_lacks_a_scope() -> None:
    for row in table():
        assert row.needs, f"{row.path} asks for nothing"
        assert row.needs <= SCOPES.keys() | PUBLIC, f"{row.path} asks for scopes that do not exist"


def test_what_is_open_to_all_is_known_one_by_one() -> None:
    assert {row.path for row in table() if row.needs == PUBLIC} == OPEN_TO_ALL.keys()


def test_reading_and_writing_do_not_share_paths() -> None:
    read = {route.path for route in queries()}
    assert read == reads().openapi()["paths"].keys()
    assert not [path for path in read if path.startswith(WRITES)]


READS = [row for row in table() if row.needs != PUBLIC and not row.path.startswith(WRITES)]


@pytest.mark.parametrize("row", READS, ids=lambda row: row.path)
async def test_every_query_refuses_a_token_with_every_other_scope(row: Row) -> None:
    path = row.path
    while "{" in path:
        before, _, rest = path.partition("{")
        path = f"{before}0193535a-0000-7000-8000-000000000001{rest.partition('}')[2]}"
    transport = httpx.ASGITransport(reads())
    async with httpx.AsyncClient(transport=transport, base_url="http://reads") as client:
        others = token(*(SCOPES.keys() - row.needs))
        response = await client.request(row.method, path, headers=others)
        assert (response.status_code, response.json()["code"]) == (403, "scope_missing")
        assert (await client.request(row.method, path)).status_code == 401


def test_every_scope_opens_something() -> None:
    opened = {scope for row in table() for scope in row.needs}
    assert SCOPES.keys() - opened == OPENS_NOTHING
