"""What a service without routes of its own shows of itself: `/healthz` and `/metrics`."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.serving import http_server
from infra.wanted import end


async def serve_beside(
    work: Coroutine[Any, Any, None], host: str, port: int, state: Callable[[], dict[str, Any]]
) -> None:
    """Run `work` until a signal, and tell on `port` how it is. `state()["ready"]` decides 200 or 503.

    `work` is expected to run for ever: when it ends, or fails, so does the service.
    """
    server = http_server(create_app(state), host, port)
    working = asyncio.create_task(work)
    serving = asyncio.create_task(server.serve())
    await asyncio.wait((working, serving), return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await end(working)
    await asyncio.wait((serving,))
    if not working.cancelled():
        working.result()
    serving.result()


def create_app(state: Callable[[], dict[str, Any]]) -> Starlette:
    async def healthz(_: Request) -> Response:
        now = state()
        code = 200 if now.get("ready") else 503
        return Response(msgspec.json.encode(now), code, media_type="application/json")

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/healthz", healthz), Route("/metrics", metrics)])
