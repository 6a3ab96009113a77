"""`tuan engine`: the write API of a cell, and its one writer whenever no other engine is."""

import asyncio
import gc
from contextlib import AsyncExitStack
from typing import Any

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from commands.engine.engine import Engine
from commands.registry import USE_CASES
from infra.cell.committed import open_pinger
from infra.cell.inbox import PostgresInbox
from infra.cell.opening import open_engine, open_owners
from infra.cell.upkeep import upkeep
from infra.clock import clock_from
from infra.edge import counter, open_cashier, write_api
from infra.forwarding import HttpForwarder, InboxOfCell, OwnCellOnly, open_session
from infra.identity.opening import open_register, open_verifier
from infra.identity.service_tokens import ServiceTokens
from infra.ids import minter
from infra.serving import http_server
from infra.settings import Settings

GC_EVERY = 50_000  # allocations; states in memory live long, so looking at them often finds nothing


async def main(settings: Settings) -> None:
    """Serve until a signal; then finish what is queued and give the cell up."""
    clock = clock_from(settings)
    async with AsyncExitStack() as stack:
        register = await stack.enter_async_context(open_register(settings))
        verifier = await stack.enter_async_context(open_verifier(settings, clock, register))
        pool, owners = await stack.enter_async_context(open_owners(settings, register))
        session = await stack.enter_async_context(open_session())
        tokens = ServiceTokens(settings.key("mac_key"), clock)
        pinger = await stack.enter_async_context(
            open_pinger(settings.cell, settings.nats_servers())
        )
        engine = await stack.enter_async_context(
            open_engine(settings, USE_CASES, clock, minter(clock), pinger)
        )
        desk = counter(
            settings,
            clock,
            verifier,
            OwnCellOnly(engine, settings.cell, owners, register),
            HttpForwarder(session, tokens, USE_CASES, owners.doubt),
            InboxOfCell(register, lambda cell: PostgresInbox(pool, cell)),
        )
        cashier = await stack.enter_async_context(open_cashier(settings, clock))
        keeping = asyncio.create_task(upkeep(settings.dsn(), engine, clock))
        stack.callback(keeping.cancel)
        api = write_api(desk, cashier)
        app = with_health(api, engine)
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_EVERY, 20, 50)
        await http_server(app, settings.host, settings.engine_port, hot=api.hot).serve()


def with_health(api: ASGIApp, engine: Engine) -> ASGIApp:
    """`/healthz` beside the API: alive, and whether this process owns the cell."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/healthz":
            await api(scope, receive, send)
            return
        body = msgspec.json.encode(state(engine))
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def state(engine: Engine) -> dict[str, Any]:
    head = engine.head
    return {
        "cell": engine.cell,
        "owner": head is not None,
        "epoch": head.epoch if head else None,
        "position": head.position if head else None,
        "decided": engine.decided,
    }
