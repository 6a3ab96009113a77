"""`tuan gateway`: the one public URL. Commands go to the owner of the tenant's cell, queries are answered here.

It owns nothing and decides nothing, so any number of them may run.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from psycopg_pool import AsyncConnectionPool
from starlette.types import ASGIApp, Receive, Scope, Send

from commands.api.app import WriteApi
from commands.api.http import JSON, SAFE, Response, respond
from commands.ports import Clock
from commands.registry import DECIDERS, USE_CASES
from domain.identity import TokenVerifier
from infra.cell.browser import StreamBrowser
from infra.cell.inbox import PostgresInbox
from infra.cell.opening import open_owners
from infra.cell.replays import LedgerReplays
from infra.clock import clock_from
from infra.edge import counter, open_cashier, write_api
from infra.evidence.anchoring import ROLE, signer_of
from infra.evidence.packer import EvidencePacker
from infra.forwarding import AlwaysElsewhere, HttpForwarder, InboxOfCell, open_session
from infra.http_metrics import Measured
from infra.identity.opening import open_register, open_tickets, open_verifier
from infra.identity.register import Register
from infra.identity.service_tokens import ServiceTokens
from infra.serving import http_server
from infra.settings import Settings
from read_api.app import create_app
from read_api.document import ReadApi
from read_api.live.ports import Limits, Live
from read_api.snapshot import configure

WRITES: Final = (
    *("/v1/commands/", "/v1/payments", "/v1/notifications/", "/v1/onboarding", "/openapi.json"),
)
READ_CONNECTIONS_MAX: Final = 16
LABELS: Final = {
    "/v1/commands/": "command_status",
    "/v1/notifications/": "notifications",
    "/v1/live/": "live",
}


async def main(settings: Settings) -> None:
    """Serve until a signal; what is in flight is finished."""
    clock = clock_from(settings)
    async with AsyncExitStack() as stack:
        register = await stack.enter_async_context(open_register(settings))
        verifier = await stack.enter_async_context(open_verifier(settings, clock, register))
        pool, owners = await stack.enter_async_context(open_owners(settings, register))
        session = await stack.enter_async_context(open_session())
        tokens = ServiceTokens(settings.key("mac_key"), clock)
        desk = counter(
            settings,
            clock,
            verifier,
            AlwaysElsewhere(owners),
            HttpForwarder(session, tokens, USE_CASES, owners.doubt),
            InboxOfCell(register, lambda cell: PostgresInbox(pool, cell)),
        )
        cashier = await stack.enter_async_context(open_cashier(settings, clock))
        writes = write_api(desk, cashier)
        reads = await stack.enter_async_context(open_read_api(settings, verifier, clock))
        app = Gateway(writes, reads, register)
        measured = Measured(app, frozenset(writes.hot), LABELS)
        server = http_server(measured, settings.host, settings.gateway_port)
        reads.state.hall.closing = lambda: server.should_exit  # feeds would never be finished
        await server.serve()


class Gateway:
    """Paths of the write API go there, `/healthz` and `/metrics` are its own, the rest is read."""

    def __init__(self, writes: WriteApi, reads: ASGIApp, register: Register) -> None:
        self._writes = writes
        self._reads = reads
        self._register = register

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path.startswith(WRITES):
            return await self._writes(scope, receive, send)
        if path == "/healthz":
            return await respond(self._health(), send)
        if path == "/metrics":
            headers = [(b"content-type", CONTENT_TYPE_LATEST.encode()), *SAFE]
            return await respond(Response(200, headers, generate_latest()), send)
        await self._reads(scope, receive, send)

    def _health(self) -> Response:
        """200 while callers can be told apart; the cell's own health is its engine's to tell."""
        ready = self._register.fresh
        body = msgspec.json.encode({"ready": ready, "service": "gateway"})
        return Response(200 if ready else 503, [JSON, *SAFE], body)


@asynccontextmanager
async def open_read_api(
    settings: Settings, verifier: TokenVerifier, clock: Clock
) -> AsyncIterator[ReadApi]:
    """The queries and live feeds, with connections that may only read."""
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        settings.dsn("tuan_reader"),
        min_size=1,
        max_size=READ_CONNECTIONS_MAX,
        open=False,
        name="reads",
        configure=configure,
    )
    limits = Limits(
        settings.live_feeds_per_tenant, settings.live_feeds_per_principal, origins(settings)
    )
    async with pool, open_tickets(settings) as tickets:
        yield create_app(
            pool,
            verifier,
            clock,
            StreamBrowser(settings.dsn("tuan_projector"), DECIDERS),
            Live(tickets, limits),
            LedgerReplays(settings.dsn("tuan_projector")),
            cell=settings.cell,
            wait_seconds=settings.read_wait_seconds,
            packer=EvidencePacker(settings.dsn(ROLE), signer_of(settings), clock),
        )


def origins(settings: Settings) -> frozenset[str]:
    """The pages that may open live feeds."""
    given = [origin.strip() for origin in settings.live_origins.split(",") if origin.strip()]
    return frozenset(given or (settings.console_origin, settings.public_url))
