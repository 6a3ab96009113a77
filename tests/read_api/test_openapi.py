"""The document is true: nothing a client may send gets an answer that is not in it."""

import asyncio
import re
import threading
from collections.abc import Iterator
from typing import Any, cast

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, settings
from psycopg_pool import AsyncConnectionPool
from schemathesis.specs.openapi.checks import positive_data_acceptance

from infra.embedded import ports
from infra.identity.tickets import LiveTickets
from read_api.app import create_app
from read_api.live.ports import Live
from read_api.snapshot import configure
from tests.read_api.conftest import NO_TICKETS, Fixed, NoReplays, NoStreams, Trusting
from tests.servers import Database
from tests.waiting import eventually

EVERYTHING = "Bearer acme/boss/read:all+read:own+read:board+finance:read+audit:read+admin"


app = create_app(
    cast(AsyncConnectionPool[Any], None), Trusting(), Fixed(), NoStreams(), NO_TICKETS, NoReplays()
)
# A feed has no end to compare with the document; tests/read_api/test_live.py reads them instead.
FEEDS = r"^/v1/live/(dashboard|campaigns|orders)"
schema = schemathesis.openapi.from_dict(app.openapi()).exclude(path_regex=FEEDS)


@pytest.fixture(scope="module")
def url(database: Database) -> Iterator[str]:
    """The API in a thread of its own, over HTTP."""
    port = ports.choose()
    servers: list[uvicorn.Server] = []

    async def serve() -> None:
        dsn = database.dsn_as("tuan_reader")
        async with (
            AsyncConnectionPool(dsn, min_size=2, max_size=4, configure=configure) as pool,
            AsyncConnectionPool(database.dsn_as("tuan_api"), min_size=1, max_size=2) as tickets,
        ):
            live = Live(LiveTickets(tickets, b"m" * 32))
            serving = create_app(
                pool, Trusting(), Fixed(), NoStreams(), live, NoReplays(), wait_seconds=0.01
            )
            config = uvicorn.Config(serving, port=port, log_config=None, lifespan="off")
            servers.append(uvicorn.Server(config))
            await servers[0].serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    eventually(lambda: servers and servers[0].started)
    yield f"http://127.0.0.1:{port}"
    servers[0].should_exit = True
    thread.join()


@schema.parametrize()
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_whatever_a_client_sends_the_answer_is_as_documented(case: Any, url: str) -> None:
    # A range may be empty and a cursor another list's: the document cannot say so.
    case.call_and_validate(
        base_url=url,
        headers={"Authorization": EVERYTHING},
        excluded_checks=[positive_data_acceptance],
    )


def test_every_operation_names_the_scopes_that_open_it() -> None:
    paths = app.openapi()["paths"]
    assert set(paths) == set(app.needs)
    for path, needs in app.needs.items():
        (operation,) = paths[path].values()
        assert operation["security"] == [{"token": [it]} for it in sorted(needs)]


def test_feeds_are_described_as_what_they_are() -> None:
    feeds = [path for path in app.needs if re.match(FEEDS, path)]
    assert len(feeds) == 3
    for path in feeds:
        answer = app.openapi()["paths"][path]["get"]["responses"]["200"]
        assert list(answer["content"]) == ["text/event-stream"]
        assert "cell.epoch.position" in answer["description"]
