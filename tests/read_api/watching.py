"""Live feeds over real HTTP: whoever watches, leaves, and comes back with the last id he heard."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple

import httpx
import msgspec
import psycopg
from psycopg_pool import AsyncConnectionPool

from infra.delivery.consumer import Consumer
from infra.delivery.handlers import projecting
from infra.embedded import ports
from infra.identity.api_keys import ApiKeys
from infra.identity.issuer_keys import IssuerKeys
from infra.identity.jwt import JwtReader
from infra.identity.register import Register
from infra.identity.service_tokens import ServiceTokens
from infra.identity.tickets import LiveTickets
from infra.identity.verifier import Verifier
from infra.serving import http_server
from infra.wanted import end
from projections import PROJECTIONS
from read_api.app import create_app
from read_api.document import ReadApi
from read_api.live.ports import Limits, Live
from read_api.snapshot import configure
from tests.builders import DAY, HOUR, NOON
from tests.read_api.conftest import NOWHERE, NoReplays, NoStreams
from tests.servers import Database
from tests.waiting import eventually_async

MAC_KEY = b"m" * 32
PAGE = "https://console.example"


class Hands:
    """A clock that the test sets: the evening of a business day, five hours before midnight in Shanghai."""

    def __init__(self) -> None:
        self.at = NOON - HOUR

    def now(self) -> datetime:
        return self.at


class Heard(NamedTuple):
    """One event as it arrived."""

    name: str
    id: str
    data: Any


class Watch:
    """One open feed, read as it arrives. `heard()` waits for the next event; None at the end of the feed."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.comments = 0
        self._heard: asyncio.Queue[Heard | None] = asyncio.Queue()

    async def read(self) -> None:
        fields: dict[str, str] = {}
        async for line in self.response.aiter_lines():
            name, _, value = line.partition(": ")
            self.comments += line.startswith(":")
            if line:
                fields[name] = value
            elif "data" in fields:
                data = msgspec.json.decode(fields["data"])
                self._heard.put_nowait(Heard(fields["event"], fields.get("id", ""), data))
                fields = {}
        self._heard.put_nowait(None)

    async def heard(self, seconds: float = 15) -> Heard | None:
        """Raises: TimeoutError."""
        return await asyncio.wait_for(self._heard.get(), seconds)

    async def ended(self, seconds: float) -> Heard | None:
        """Read on to the end of the feed, which must come in time; returns the last event."""
        last, deadline = None, time.monotonic() + seconds
        while (heard := await self.heard(deadline - time.monotonic())) is not None:
            last = heard
        return last


class House:
    """The API on a port, with real tokens, tickets and revocations."""

    def __init__(self, app: ReadApi, client: httpx.AsyncClient, clock: Hands) -> None:
        self.app = app
        self.client = client
        self.clock = clock
        self.services = ServiceTokens(MAC_KEY, clock)

    @property
    def taken(self) -> int:
        return int(self.app.state.hall.seats.taken)

    def token(self, who: str = "acme/boss/read:all", until: datetime = NOON + DAY) -> str:
        """`tenant/subject/scope+scope`, as a real token."""
        tenant, subject, scopes = who.split("/")
        return self.services.mint(tenant, subject, tuple(scopes.split("+")), until)

    async def get(
        self, path: str, who: str = "acme/boss/read:all", **headers: str
    ) -> httpx.Response:
        sent = {"authorization": f"Bearer {self.token(who)}", **headers}
        return await self.client.get(path, headers=sent)

    async def ticket(self, who: str = "acme/boss/read:all", token: str = "") -> str:
        sent = {"authorization": f"Bearer {token or self.token(who)}"}
        answer = await self.client.post("/v1/live/tickets", headers=sent)
        assert answer.status_code == 200, answer.text
        assert answer.json()["expires_in"] == 60
        return str(answer.json()["ticket"])

    @asynccontextmanager
    async def watch(
        self,
        path: str,
        who: str = "acme/boss/read:all",
        *,
        last: str = "",
        token: str = "",
        **headers: str,
    ) -> AsyncIterator[Watch]:
        """Open /v1/live/`path`; with a ticket in it no token is sent."""
        sent = dict(headers)
        if "ticket=" not in path:
            sent["authorization"] = f"Bearer {token or self.token(who)}"
        if last:
            sent["last-event-id"] = last
        async with self.client.stream("GET", f"/v1/live/{path}", headers=sent) as response:
            watch = Watch(response)
            if response.status_code != 200:
                await response.aread()
            reading = asyncio.create_task(watch.read())
            try:
                yield watch
            finally:
                await end(reading)

    async def refused(
        self, path: str, who: str = "acme/boss/read:all", **given: str
    ) -> tuple[int, str]:
        async with self.watch(path, who, **given) as watch:
            assert watch.response.status_code != 200
            assert watch.response.headers["content-type"] == "application/problem+json"
            return watch.response.status_code, watch.response.json()["code"]


@asynccontextmanager
async def open_house(database: Database, limits: Limits) -> AsyncIterator[House]:
    clock = Hands()
    api = database.dsn_as("tuan_api")

    async def no_issuer() -> bytes:
        raise OSError("nobody there")

    async with (
        Register(api, time.monotonic) as register,
        AsyncConnectionPool(api, min_size=0, max_size=2) as tickets,
        AsyncConnectionPool(
            database.dsn_as("tuan_reader"), min_size=2, max_size=4, configure=configure
        ) as pool,
    ):
        verifier = Verifier(
            jwts=JwtReader("i", "tuan", IssuerKeys(no_issuer, time.monotonic), clock, 5),
            services=ServiceTokens(MAC_KEY, clock),
            keys=ApiKeys(MAC_KEY),
            pool=tickets,
            register=register,
            clock=clock,
        )
        live = Live(LiveTickets(tickets, MAC_KEY), limits)
        app = create_app(pool, verifier, clock, NoStreams(), live, NoReplays())
        port = ports.choose()
        server = http_server(app, "127.0.0.1", port)
        app.state.hall.closing = lambda: server.should_exit
        serving = asyncio.create_task(server.serve())
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=15) as client:
            await eventually_async(lambda: started(server))
            yield House(app, client, clock)
        server.should_exit = True
        await serving


async def started(server: Any) -> bool:
    return bool(server.started)


@asynccontextmanager
async def following(database: Database) -> AsyncIterator[None]:
    """The read models follow the log until the end of the block."""
    handlers = [projecting(projection) for projection in PROJECTIONS]
    dsn = database.dsn_as("tuan_projector")
    consumer = Consumer("test", handlers, cell="cell_0", dsn=dsn, nats_servers=[NOWHERE])
    running = asyncio.create_task(consumer.run())
    try:
        yield
    finally:
        await end(running)


def execute(database: Database, statement: str, values: Iterable[Any] = ()) -> None:
    """As the owner of everything."""
    with psycopg.connect(database.dsn, autocommit=True) as conn:
        conn.execute(statement, tuple(values))
