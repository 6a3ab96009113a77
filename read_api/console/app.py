"""The console put together: sign-in, pages, and the gate in front of them."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from fastapi import FastAPI
from nicegui import app as pages
from nicegui import ui
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from read_api.console import (
    assets,
    closing,
    dashboard,
    downloads,
    errors,
    funds,
    login,
    order,
    refunds,
    streams,
    system,
)
from read_api.console.gate import Gate
from read_api.console.house import House
from read_api.console.sessions import Clock, Sessions
from read_api.console.view import view_of

Page = Callable[..., Awaitable[None]]  # of a View, and of the id in the address if there is one

SHOWN: Final[dict[str, Page]] = {
    "/": dashboard.page,
    "/order": order.page,
    "/refunds": refunds.page,
    "/closing": closing.page,
    "/funds": funds.page,
    "/streams": streams.page,
    "/system": system.page,
}
FAVICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8"'
    ' fill="#c8361d"/><text x="16" y="23" font-size="19" text-anchor="middle" fill="#fff">团</text></svg>'
)
RECONNECT_SECONDS: Final = 15.0  # a page survives a connection that is away for so long


@asynccontextmanager
async def open_console(
    clock: Clock, *, gateway: str, issuer: str, origin: str
) -> AsyncIterator[ASGIApp]:
    """One of it a process: NiceGUI keeps pages in memory of its own."""
    connector = aiohttp.TCPConnector(limit=64)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar()
    ) as http:
        house = House(gateway, issuer, origin, clock, Sessions(clock), http)
        yield Gate(create_app(house), house.sessions, house.hosts)


def create_app(house: House) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    ready = [Route("/healthz", health), *assets.routes(), *login.routes(house)]
    app.router.routes.extend([*ready, *downloads.routes(house)])
    for path, body in SHOWN.items():
        register(house, path, body)
    register(house, "/{rest:path}", errors.absent)  # the last: whatever is no page
    pages.on_page_exception(lambda: errors.broken(house))
    ui.run_with(
        app,
        title="Tuan",
        favicon=FAVICON,
        language="zh-CN",
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=RECONNECT_SECONDS,
    )
    return app


def register(house: House, path: str, body: Page) -> None:
    about_one_thing = "id" in inspect.signature(body).parameters

    async def shown(request: Request) -> None:
        about = {"id": request.query_params.get("id", "").strip()} if about_one_thing else {}
        await body(view_of(house, request), **about)

    ui.page(path)(shown)


async def health(_: Request) -> Response:
    """Alive. Whether the API behind it answers is told on every page."""
    return JSONResponse({"ready": True, "service": "console"})
