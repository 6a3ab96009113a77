"""`tuan dev-issuer`: tokens for whoever asks, on a machine where that is harmless.

It signs anything, so it starts only where the database was started by `tuan up` itself: nothing real is there.
"""

from typing import Annotated, Final

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.problem import MEDIA_TYPE, Problem, render
from infra.clock import clock_from
from infra.identity.dev_keys import DevIssuer, TokenRequest, load_or_make
from infra.settings import Settings, SettingsError, embedded

BATCH_MAX: Final = 10_000
BAD = Problem(422, "invalid_body", "请求体有误", "The request is not understood; see `detail`.")


class Token(msgspec.Struct, frozen=True):
    """Like an OAuth token answer."""

    access_token: str
    expires_in: int
    token_type: str = "Bearer"


def main(settings: Settings) -> None:
    """Serve until a signal. Raises: SettingsError outside the embedded default."""
    if not embedded(settings):
        raise SettingsError(
            "the development issuer signs anything, so it runs only beside the embedded database of"
            " `tuan up`: set TUAN_TOKEN_ISSUER to your own OpenID issuer instead"
        )
    issuer = DevIssuer(
        load_or_make(settings.keys),
        issuer=settings.issuer,
        audience=settings.token_audience,
        clock=clock_from(settings),
    )
    uvicorn.run(
        create_app(issuer),
        host=settings.host,
        port=settings.dev_issuer_port,
        access_log=False,
        log_config=None,
    )


def create_app(issuer: DevIssuer) -> Starlette:
    jwks = msgspec.json.encode(issuer.jwks())
    one = msgspec.json.Decoder(TokenRequest)
    many = msgspec.json.Decoder(Annotated[list[TokenRequest], msgspec.Meta(max_length=BATCH_MAX)])

    async def keys(_: Request) -> Response:
        return json(jwks)

    async def health(_: Request) -> Response:
        return json(b'{"status":"ok"}')

    async def token(request: Request) -> Response:
        return json(msgspec.json.encode(mint(issuer, one.decode(await request.body()))))

    async def tokens(request: Request) -> Response:
        asked = many.decode(await request.body())
        return json(msgspec.json.encode([mint(issuer, each) for each in asked]))

    return Starlette(
        routes=[
            Route("/healthz", health),
            Route("/jwks.json", keys),
            Route("/.well-known/jwks.json", keys),
            Route("/token", token, methods=["POST"]),
            Route("/tokens", tokens, methods=["POST"]),
        ],
        exception_handlers={
            msgspec.MsgspecError: not_understood,
            UnicodeDecodeError: not_understood,
        },
    )


def mint(issuer: DevIssuer, asked: TokenRequest) -> Token:
    return Token(issuer.sign(asked), asked.ttl_seconds)


def json(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers={"cache-control": "no-store"})


async def not_understood(request: Request, error: Exception) -> Response:
    language = request.headers.get("accept-language", "")
    body = render(BAD, language, detail=str(error))
    return Response(body, BAD.status, media_type=MEDIA_TYPE.decode())
