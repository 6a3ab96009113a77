"""The thin ASGI under every route: a request, a response, and one place where problems become bytes.

A framework's request object, dependency injection and response model cost more than all of our own work
on a command, so routes here are bare ASGI applications; FastAPI keeps the routing table and the document.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from starlette.types import Receive, Scope, Send

from commands.api.problems import TOO_LARGE, Refused
from commands.ports import Headers
from domain.identity import IdentityUnavailable
from domain.problem import IDENTITY_DOWN, INTERNAL, MEDIA_TYPE, render

log = logging.getLogger(__name__)

BODY_MAX: Final = 64 * 1024  # bytes; the largest honest command is far below
JSON: Final = (b"content-type", b"application/json")
NO_STORE: Final = (b"cache-control", b"no-store")
NO_SNIFF: Final = (b"x-content-type-options", b"nosniff")
SAFE: Final = (NO_STORE, NO_SNIFF)
CLOSE: Final = (b"connection", b"close")


class Disconnected(Exception):
    """The client went away before its request was complete."""


class Request:
    """What a route sees. `headers` has lower-case names; of repeated headers the last counts.

    `whole` is the body where it is known already and small enough; else `receive` is asked for it.
    """

    __slots__ = ("headers", "path", "receive", "scope", "whole")

    def __init__(self, scope: Scope, receive: Receive, whole: bytes | None = None) -> None:
        self.scope = scope
        self.receive = receive
        self.whole = whole
        self.path: str = scope["path"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])

    def text(self, name: bytes) -> str:
        """A header as text; empty when it is not there."""
        return self.headers.get(name, b"").decode("latin-1")

    async def body(self) -> bytes:
        """All of it. Raises: Refused above `BODY_MAX` bytes, Disconnected."""
        if self.whole is not None:
            return self.whole
        message = await self.receive()
        chunk: bytes = message.get("body", b"")
        if message["type"] == "http.request" and not message.get("more_body"):
            if len(chunk) > BODY_MAX:
                raise Refused(TOO_LARGE)
            return chunk  # nearly always: the whole body in one message
        chunks = [chunk]
        size = len(chunk)
        while message["type"] == "http.request" and message.get("more_body") and size <= BODY_MAX:
            message = await self.receive()
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
        if size > BODY_MAX:
            raise Refused(TOO_LARGE)
        if message["type"] != "http.request":
            raise Disconnected
        return b"".join(chunks)


class Response(NamedTuple):
    """`headers` holds everything but the content length."""

    status: int
    headers: Headers
    body: bytes = b""


class Endpoint:
    """One route as an ASGI application. Any one of `needs` in the token opens it."""

    def __init__(
        self, needs: frozenset[str], handle: Callable[[Request], Awaitable[Response]]
    ) -> None:
        self.needs = needs
        self.handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self.answer(Request(scope, receive))
        except Disconnected:
            return
        await respond(response, send)

    async def answer(self, request: Request) -> Response:
        """Raises: Disconnected, and nothing else."""
        try:
            return await self.handle(request)
        except Refused as refused:
            return problem_response(refused, request.text(b"accept-language"))
        except Disconnected:
            raise
        except IdentityUnavailable:
            down = Refused(IDENTITY_DOWN, retry_after_seconds=1)
            return problem_response(down, request.text(b"accept-language"))
        except Exception:  # a bug of ours: logged in full, shown to nobody
            log.exception("unexpected error at %s", request.path)
            return problem_response(Refused(INTERNAL), request.text(b"accept-language"))


def problem_response(refused: Refused, accept_language: str = "") -> Response:
    """RFC 9457, never cached."""
    problem = refused.problem
    headers = [(b"content-type", MEDIA_TYPE), *SAFE]
    if refused.retry_after_seconds:
        headers.append((b"retry-after", str(refused.retry_after_seconds).encode()))
    if problem.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if problem.status == 413:
        headers.append(CLOSE)  # the rest of the body is not worth reading
    return Response(problem.status, headers, render(problem, accept_language, **refused.members))


async def respond(response: Response, send: Send) -> None:
    length = (b"content-length", str(len(response.body)).encode())
    start = {
        "type": "http.response.start",
        "status": response.status,
        "headers": [*response.headers, length],
    }
    await send(start)
    await send({"type": "http.response.body", "body": response.body})
