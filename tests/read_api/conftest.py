"""Two tenants' worlds in the read models, and callers with tokens that say what they are."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool

from commands.registry import DECIDERS
from domain.identity import IdentityUnavailable, Principal, Unauthenticated
from infra.cell.browser import StreamBrowser
from infra.cell.replays import LedgerReplays
from infra.delivery.connect import connect
from infra.delivery.consumer import Consumer
from infra.delivery.handlers import projecting
from infra.delivery.replay import make_tables
from infra.wanted import end
from projections import PROJECTIONS, refusals
from read_api.app import create_app
from read_api.live.ports import Live, TooManyTickets
from read_api.snapshot import configure
from tests.builders import DAY, NOON
from tests.delivery.history import Fact, History, world
from tests.servers import Database
from tests.waiting import eventually_async

NOWHERE = "nats://127.0.0.1:1"  # delivery goes on without it


class NoStreams:
    """A log in which nobody has any stream."""

    async def read(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
        return []


class NoReplays:
    """A month in which nothing was earned."""

    async def replay(self, *_: Any) -> dict[str, Any]:
        empty: dict[str, Any] = {"differences": [], "corrections": [], "adjustments": []}
        return empty | {"entries": 0, "moved": 0, "unearned": 0}


class Fixed:
    """The clock of these tests: a week after everything began."""

    def now(self) -> Any:
        return NOON + 7 * DAY


class Trusting:
    """Tokens are `tenant/subject/scope+scope`."""

    async def verify(self, token: str) -> Principal:
        if token == "down":
            raise IdentityUnavailable
        parts = token.split("/")
        if len(parts) != 3:
            raise Unauthenticated
        return Principal(parts[0], parts[1], frozenset(parts[2].split("+")), NOON + 365 * DAY)

    def still_valid(self, principal: Principal) -> bool:
        return True


class NoTickets:
    """Nobody gets one."""

    async def issue(self, principal: Principal, scopes: frozenset[str]) -> str:
        raise TooManyTickets

    async def redeem(self, ticket: str) -> Principal:
        raise Unauthenticated


NO_TICKETS = Live(NoTickets())


class Readers:
    """The API, asked by whoever the test wants."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(
        self, path: str, token: str = "acme/boss/read:all", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return await self.client.get(
            path, headers={"authorization": f"Bearer {token}", **(headers or {})}
        )

    async def json(self, path: str, token: str = "acme/boss/read:all") -> Any:
        answer = await self.get(path, token)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def pages(self, path: str, token: str = "acme/boss/read:all") -> list[Any]:
        """Every item of every page."""
        items: list[Any] = []
        cursor = ""
        while True:
            page = await self.json(f"{path}{'&' if '?' in path else '?'}limit=7{cursor}", token)
            items += page["items"]
            if page["next"] is None:
                return items
            cursor = f"&cursor={page['next']}"


@pytest.fixture(scope="module")
def history(database: Database) -> Iterator[History]:
    log = History(database.dsn)
    log.conn.execute(
        "insert into platform.tenants values ('acme', 'cell_0', '甲'), ('other', 'cell_0', '乙')"
    )
    yield log
    log.conn.close()


@pytest.fixture(scope="module")
def acme() -> list[Fact]:
    return world(1, groups=30)


@pytest.fixture(scope="module")
def other() -> list[Fact]:
    return world(2, groups=10, tenant="other")


@pytest.fixture(scope="module", autouse=True)
def delivered(database: Database, history: History, acme: list[Fact], other: list[Fact]) -> None:
    """The read models hold both worlds."""
    history.append(acme)
    history.append(other, tenant="other")
    asyncio.run(deliver(database, history))


async def tell(database: Database, history: History, facts: list[Fact], tenant: str) -> int:
    """Something more happens, and arrives; returns the position."""
    position = history.append(facts, tenant=tenant)
    await deliver(database, history)
    return position


async def deliver(database: Database, history: History) -> None:
    dsn = database.dsn_as("tuan_projector")
    async with await connect(dsn, "test") as conn:
        for projection in PROJECTIONS:
            await make_tables(conn, projection.tables, projection.ddl)
        await make_tables(conn, refusals.TABLES, refusals.TABLE)
    handlers = [projecting(projection) for projection in PROJECTIONS]
    consumer = Consumer("test", handlers, cell="cell_0", dsn=dsn, nats_servers=[NOWHERE])
    running = asyncio.create_task(consumer.run())

    async def there() -> bool:
        return consumer.front.position == history.head

    await eventually_async(there, 60)
    await end(running)


@pytest.fixture
async def readers(database: Database) -> AsyncIterator[Readers]:
    browser = StreamBrowser(database.dsn_as("tuan_projector"), DECIDERS)
    replays = LedgerReplays(database.dsn_as("tuan_projector"))
    async with (
        AsyncConnectionPool(
            database.dsn_as("tuan_reader"), min_size=2, max_size=8, configure=configure
        ) as pool,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(
                create_app(
                    pool, Trusting(), Fixed(), browser, NO_TICKETS, replays, wait_seconds=0.3
                )
            ),
            base_url="http://tuan",
        ) as client,
    ):
        yield Readers(client)
