"""The floor: what one POST costs with the same token check and JSON decoding, and nothing behind it."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.identity import Unauthenticated
from infra.clock import clock_from
from infra.identity.opening import open_register, open_verifier
from infra.settings import load

ANSWER = b'{"status":"ok"}'


def create_app() -> Starlette:
    settings = load()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with (
            open_register(settings) as register,
            open_verifier(settings, clock_from(settings), register) as verifier,
        ):
            app.state.verifier = verifier
            yield

    async def place(request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            await request.app.state.verifier.verify(token)
        except Unauthenticated:
            return Response(status_code=401)
        msgspec.json.decode(await request.body())
        return Response(ANSWER, media_type="application/json")

    return Starlette(
        routes=[Route("/v1/commands/join_group", place, methods=["POST"])], lifespan=lifespan
    )


if __name__ == "__main__":
    uvicorn.run(create_app(), port=int(sys.argv[1]), access_log=False, log_level="warning")
