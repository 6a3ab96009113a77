"""`tuan runner`: what has to follow from facts, asked for until it is done."""

import asyncio
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from psycopg_pool import AsyncConnectionPool

from commands.api.wire import Macs
from commands.ports import Clock
from commands.processes.registry import PROCESSES
from commands.registry import USE_CASES
from infra.bills.sources import open_sources
from infra.cell.opening import open_owners
from infra.clock import clock_from
from infra.crash import POINTS, reached_from
from infra.delivery.consumer import Consumer
from infra.delivery.disorder import disorder_of
from infra.edge import open_cashier
from infra.evidence.anchoring import anchoring
from infra.forwarding import HttpForwarder, open_session
from infra.identity.opening import open_register
from infra.identity.service_tokens import ServiceTokens
from infra.ids import minter
from infra.processes.balances import Balances
from infra.processes.bills import Bills
from infra.processes.list import following
from infra.processes.reconciling import Reconciling
from infra.processes.runner import Runner
from infra.processes.tools import ServiceTools
from infra.services.health import serve_beside
from infra.settings import Settings

CONNECTIONS = 8


async def main(settings: Settings) -> None:
    """Serve until a signal. Several may run: the lists are kept by one, and worked off by all."""
    reached = reached_from(os.environ, POINTS["runner"])
    consumer = Consumer(
        "runner",
        [following(process) for process in PROCESSES],
        cell=settings.cell,
        dsn=settings.dsn("tuan_projector"),
        nats_servers=settings.nats_servers(),
        disorder=disorder_of(settings),
        reached=reached,
    )
    async with AsyncExitStack() as stack:
        clock = clock_from(settings)
        pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
            settings.dsn("tuan_projector"),
            min_size=1,
            max_size=CONNECTIONS,
            open=False,
            name="todo",
            kwargs={"autocommit": True},
            configure=_in_read,
        )
        await stack.enter_async_context(pool)
        tools = await open_tools(stack, settings, clock, reached)
        runner = Runner(PROCESSES, tools, pool, clock, settings.cell, reached)

        balances = Balances(tools.channel, pool, clock, settings.cell)
        sources = await stack.enter_async_context(open_sources(settings, clock))
        bills = Bills(sources, tools, pool, clock, settings.cell)
        reconciling = Reconciling(tools, tools.channel, pool, clock, settings.cell)
        anchors = anchoring(settings, clock)

        async def work() -> None:
            async with (
                asyncio.TaskGroup() as both
            ):  # when asked to end, wait for both: leases are given up
                both.create_task(consumer.run())
                both.create_task(runner.run())
                both.create_task(balances.run())
                both.create_task(bills.run())
                both.create_task(reconciling.run())
                both.create_task(anchors.run())

        def state() -> dict[str, Any]:
            positions = {name: at.place.position for name, at in consumer.checkpoints.items()}
            return {
                "ready": consumer.ready,
                "cell": settings.cell,
                "positions": positions,
                "worked": runner.worked,
                "channels": tools.breakers,
                "anchored": anchors.latest,
                "open_dates": reconciling.why,
            }

        await serve_beside(work(), settings.host, settings.runner_port, state)


async def open_tools(
    stack: AsyncExitStack, settings: Settings, clock: Clock, reached: Callable[[str], None]
) -> ServiceTools:
    """Everything a worker needs, closed with the stack. Raises: SettingsError."""
    register = await stack.enter_async_context(open_register(settings))
    _, owners = await stack.enter_async_context(open_owners(settings, register))
    session = await stack.enter_async_context(open_session())
    tokens = ServiceTokens(settings.key("mac_key"), clock)
    cashier = await stack.enter_async_context(open_cashier(settings, clock))
    return ServiceTools(
        owners,
        HttpForwarder(session, tokens, USE_CASES, owners.doubt),
        cashier,
        Macs(settings.key("mac_key")),
        minter(clock),
        clock,
        settings.channel_calls_per_second,
        reached,
    )


async def _in_read(connection: Any) -> None:
    await connection.execute("set search_path to read")
