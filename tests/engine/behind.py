"""An engine whose way to Postgres leads through a proxy, and hooks at the points of its loop."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from infra.simulator.chaos.proxy import TcpProxy, proxied
from tests.engine.heavy import DECIDERS, HEAVY
from tests.engine.running import HandClock, Running, running
from tests.servers import Database


class Hook:
    """Does something once, when the engine passes a point."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.at: dict[str, Callable[[], None]] = {}

    def __call__(self, point: str) -> None:
        self.passed.append(point)
        self.at.pop(point, lambda: None)()


@asynccontextmanager
async def behind_a_proxy(
    database: Database, clock: HandClock | None = None
) -> AsyncIterator[tuple[Running, TcpProxy, Hook]]:
    hook = Hook()
    async with (
        proxied(database.dsn) as (proxy, dsn),
        running(dsn, reached=hook, clock=clock, use_cases=HEAVY, deciders=DECIDERS) as cell,
    ):
        cell.dsn = database.dsn  # tests look past the proxy
        yield cell, proxy, hook
        proxy.let_go()
