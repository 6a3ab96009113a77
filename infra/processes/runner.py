"""Works the to-do lists off: claims due points, lets their process try, and leaves the rest to facts."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from commands.ports import Clock, KeyReused, NotOwner, Overloaded, Unreachable
from commands.processes.todo import Point, Process, Tools, Wait
from infra.delivery.alarms import raise_alarm
from infra.processes.list import claim, crashed, note
from infra.wanted import still_wanted

AT_ONCE: Final = 32  # points worked on side by side
POLL_SECONDS: Final = 0.1

LATER: Final = (Unreachable, Overloaded, NotOwner, KeyReused)  # no fault of the worker's
log = logging.getLogger(__name__)


class Runner:
    """Any number may run: a point is claimed by one, and asking twice is harmless anyway."""

    def __init__(
        self,
        processes: Sequence[Process],
        tools: Tools,
        pool: AsyncConnectionPool[Any],
        clock: Clock,
        cell: str,
    ) -> None:
        self._processes: Mapping[str, Process] = {process.name: process for process in processes}
        self._tools = tools
        self._pool = pool
        self._clock = clock
        self._cell = cell
        self.worked = 0  # attempts since the start

    async def run(self) -> None:
        """Serve for ever; a database that is away is asked again. Cancel it to stop."""
        while True:
            try:
                busy = await self.step()
            except (psycopg.OperationalError, PoolTimeout) as gone:
                still_wanted()
                log.warning("the to-do list is out of reach: %s", gone)
                busy = False
            if not busy:
                await asyncio.sleep(POLL_SECONDS)

    async def step(self) -> bool:
        """Try every point that is due, `AT_ONCE` at most; False when there was none."""
        async with self._pool.connection() as conn:
            points = await claim(conn, self._clock.now(), AT_ONCE)
        await asyncio.gather(*(self._work(point) for point in points))
        self.worked += len(points)
        return bool(points)

    async def _work(self, point: Point) -> None:
        process = self._processes.get(point.process)
        if process is None:
            return await self._note(point, Wait("no such process in this code"))
        try:
            wait = await process.work(point, self._tools)
        except LATER as later:
            return await self._note(point, Wait(f"{type(later).__name__}: {later}"))
        except Exception as bug:
            log.exception("%s of %s failed; it is tried again", point.process, point.subject)
            return await self._crashed(process, point, f"{type(bug).__name__}: {bug}")
        if wait is not None:
            await self._note(point, wait)

    async def _note(self, point: Point, wait: Wait) -> None:
        log.info("%s of %s, try %d: %s", point.process, point.subject, point.tries + 1, wait.why)
        async with self._pool.connection() as conn:
            await note(conn, point, wait)

    async def _crashed(self, process: Process, point: Point, why: str) -> None:
        """Our own code fails at this point. After a few times it is set aside, so that the others go on."""
        async with self._pool.connection() as conn:
            if not await crashed(conn, point, why, self._clock.now()):
                return
            detail = f"{point.process} of {point.subject}: {why}"
            await raise_alarm(conn, self._cell, "process_set_aside", detail)
        if process.give_up is not None:
            try:
                await process.give_up(point, self._tools, why)
            except LATER as later:  # the alarm stands; the desk hears of it when it is released
                log.error("%s could not be told: %s", point.subject, later)
