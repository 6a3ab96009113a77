"""How long requests took, by route and status: a bare ASGI layer, for a few microseconds a request."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS: Final = Histogram(
    "tuan_http_request_seconds",
    "Time from the request's first byte to the last of its answer.",
    ("route", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
OTHER: Final = "other"  # paths with ids in them, and nonsense: a label each would never end


class Measured:
    """`names` are the paths that get a label of their own; `prefixes` those that share one."""

    def __init__(self, app: ASGIApp, names: frozenset[str], prefixes: Mapping[str, str]) -> None:
        self._app = app
        self._names = names
        self._prefixes = prefixes
        self._children: dict[tuple[str, int], Callable[[float], None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began = time.perf_counter()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            self._observe(self._route(scope["path"]), status, time.perf_counter() - began)

    def _route(self, path: str) -> str:
        if path in self._names:
            return path
        for prefix, name in self._prefixes.items():
            if path.startswith(prefix):
                return name
        return OTHER

    def _observe(self, route: str, status: int, seconds: float) -> None:
        observe = self._children.get((route, status))
        if observe is None:
            observe = SECONDS.labels(route, str(status)).observe
            self._children[route, status] = observe
        observe(seconds)
