"""The write API put together: one route for each use case, and the few that are not use cases."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response as StarletteResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from commands.api.commands import command_route, status_route
from commands.api.counter import Counter
from commands.api.http import JSON, SAFE, Endpoint, Request, Response, problem_response
from commands.api.openapi import ApiRoute, document
from commands.api.problems import UNKNOWN_COMMAND, Refused
from commands.use_case import UseCase
from domain.identity import PUBLIC
from domain.problem import INTERNAL, METHOD, NOT_FOUND, Problem

PROBLEM_OF_STATUS: Final[Mapping[int, Problem]] = {404: NOT_FOUND, 405: METHOD}


class WriteApi(FastAPI):
    """FastAPI with a short cut: a POST to a path without parameters is found at once, past its layers.

    The layers (exit stacks, error middleware, a regular expression for each route) cost as much as
    everything else the edge does for a command. Servers may take the `hot` routes past ASGI too (ADR 9).
    """

    def __init__(self, routes: Sequence[ApiRoute]) -> None:
        super().__init__(
            title="Tuan write API",
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            exception_handlers={HTTPException: say_no, Exception: say_sorry},
        )
        self.table = tuple(routes)
        self.hot = {
            one.path: one.endpoint for one in routes if one.method == "POST" and "{" not in one.path
        }
        for one in routes:
            self.router.routes.append(Route(one.path, one.endpoint, methods=[one.method]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            endpoint = self.hot.get(scope["path"])
            if endpoint is not None:
                return await endpoint(scope, receive, send)
        await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        return document(self.table)


def create_app(
    use_cases: Mapping[str, UseCase], counter: Counter, others: Iterable[ApiRoute] = ()
) -> WriteApi:
    """The write API, plus `others` (payments). Timer-only use cases (no scope) have no route."""
    asked = [one for one in use_cases.values() if one.scope]
    routes = [
        *(command_route(one, counter) for one in asked),
        status_route(frozenset(one.scope for one in asked), counter),
        *others,
        ApiRoute("POST", "/v1/commands/{name}", Endpoint(PUBLIC, unknown_command)),
    ]
    described = msgspec.json.encode(document(routes))

    async def describe(_: Request) -> Response:
        return Response(200, [JSON, *SAFE], described)

    return WriteApi([*routes, ApiRoute("GET", "/openapi.json", Endpoint(PUBLIC, describe))])


async def unknown_command(_: Request) -> Response:
    raise Refused(UNKNOWN_COMMAND)


async def say_no(request: StarletteRequest, error: Exception) -> StarletteResponse:
    """Paths and methods that no route answers."""
    assert isinstance(error, HTTPException)
    return dressed(request, PROBLEM_OF_STATUS.get(error.status_code, INTERNAL), error.headers)


async def say_sorry(request: StarletteRequest, _: Exception) -> StarletteResponse:
    """A bug outside our endpoints; the framework logs it."""
    return dressed(request, INTERNAL)


def dressed(
    request: StarletteRequest, problem: Problem, extra: Mapping[str, str] | None = None
) -> StarletteResponse:
    plain = problem_response(Refused(problem), request.headers.get("accept-language", ""))
    headers = {name.decode(): value.decode() for name, value in plain.headers} | dict(extra or {})
    return StarletteResponse(plain.body, plain.status, headers)
