"""Works the to-do lists off: claims due points, lets their process try, and leaves the rest to facts."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from psycopg_pool import AsyncConnectionPool, PoolTimeout

from commands.ports import Clock, KeyReused, NotOwner, Overloaded, Unreachable
from commands.processes.todo import Moot, Point, Process, Tools, Wait
from domain.identity import IdentityUnavailable
from infra.crash import go_on
from infra.delivery.alarms import raise_alarm
from infra.delivery.connect import UNREACHABLE
from infra.processes.list import claim, close, crashed, note, park
from infra.processes.metrics import CRASHES, IN_HAND, SET_ASIDE, WORKED
from infra.wanted import end, still_wanted

AT_ONCE: Final = 32  # points worked on side by side
FREE_TO_CLAIM: Final = 8  # hands that are free before more is claimed, so that claims stay few
POLL_SECONDS: Final = 0.1

OUTAGE: Final = (*UNREACHABLE, PoolTimeout)  # of the database; passes by itself
# No fault of the worker's: the engine, who may come in, or the database is out of reach.
LATER: Final = (Unreachable, Overloaded, NotOwner, KeyReused, IdentityUnavailable, *OUTAGE)
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
        reached: Callable[[str], None] = go_on,
    ) -> None:
        self._processes: Mapping[str, Process] = {process.name: process for process in processes}
        self._tools = tools
        self._pool = pool
        self._clock = clock
        self._cell = cell
        self._reached = reached
        self._in_hand: dict[tuple[str, UUID], asyncio.Task[None]] = {}
        self.worked = 0  # attempts since the start

    async def run(self) -> None:
        """Serve for ever; a database that is away is asked again. Cancel it to stop."""
        try:
            while True:
                if AT_ONCE - len(self._in_hand) < FREE_TO_CLAIM:
                    await self._one_is_done()
                if not await self.take():
                    await asyncio.sleep(POLL_SECONDS)
        finally:
            await end(*self._in_hand.values())

    async def take(self) -> bool:
        """Begin with every point that is due and fits the free hands; False when there was none.

        A slow call holds one hand and nobody else up.
        """
        free = AT_ONCE - len(self._in_hand)
        try:
            async with self._pool.connection() as conn:
                points = await claim(conn, self._clock.now(), free) if free else []
        except OUTAGE as gone:
            still_wanted()
            log.warning("the to-do list is out of reach: %s", gone)
            return False
        if points:
            self._reached("claimed")
        for point in points:
            key = point.process, point.subject
            if key not in self._in_hand:  # else it is due again, and still being worked on
                task = self._in_hand[key] = asyncio.create_task(self._work(point))
                task.add_done_callback(partial(self._done, key))
        IN_HAND.labels(self._cell).set(len(self._in_hand))
        return bool(points)

    async def step(self) -> bool:
        """Take what is due, and wait until all of it was tried; False when nothing was due."""
        took = await self.take()
        await asyncio.gather(*self._in_hand.values())
        return took

    async def _one_is_done(self) -> None:
        tasks = set(self._in_hand.values())
        await asyncio.wait(tasks, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)

    def _done(self, key: tuple[str, UUID], task: "asyncio.Task[None]") -> None:
        del self._in_hand[key]
        self.worked += 1
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s of %s: nothing noted", *key, exc_info=error)

    async def _work(self, point: Point) -> None:
        WORKED.labels(self._cell, point.process).inc()
        process = self._processes.get(point.process)
        if process is None:
            return await self._note(point, Wait("no such process in this code"))
        try:
            wait = await process.work(point, self._tools)
        except LATER as later:
            still_wanted()
            return await self._note(point, Wait(f"{type(later).__name__}: {later}"))
        except Exception as bug:
            log.exception("%s of %s failed; it is tried again", point.process, point.subject)
            return await self._crashed(process, point, f"{type(bug).__name__}: {bug}")
        if isinstance(wait, Moot):
            await self._close(point, wait)
        elif wait is not None:
            await self._note(point, wait)

    async def _close(self, point: Point, moot: Moot) -> None:
        log.debug("%s of %s: %s", point.process, point.subject, moot.why)
        try:
            async with self._pool.connection() as conn:
                await close(conn, point)
        except OUTAGE as gone:  # it is asked again, and is moot again
            still_wanted()
            log.warning(
                "that %s of %s is moot is not noted: %s", point.process, point.subject, gone
            )

    async def _note(self, point: Point, wait: Wait) -> None:
        log.info("%s of %s, try %d: %s", point.process, point.subject, point.tries + 1, wait.why)
        try:
            async with self._pool.connection() as conn:
                await note(conn, point, wait)
        except OUTAGE as gone:  # the point is due again anyway
            still_wanted()
            log.warning("what %s of %s met is not noted: %s", point.process, point.subject, gone)

    async def _crashed(self, process: Process, point: Point, why: str) -> None:
        """Our own code fails at this point. After a few times it is set aside, so that the others go on.

        The subject is told first: who cannot be told now is told after the next crash.
        """
        CRASHES.labels(self._cell, point.process).inc()
        try:
            async with self._pool.connection() as conn:
                if not await crashed(conn, point, why):
                    return
            if process.give_up is not None:
                await process.give_up(point, self._tools, why)
            async with self._pool.connection() as conn, conn.transaction():
                if await park(conn, point, self._clock.now()):
                    SET_ASIDE.labels(self._cell, point.process).inc()
                    detail = f"{point.process} of {point.subject}: {why}"
                    await raise_alarm(conn, self._cell, "process_set_aside", detail)
        except LATER as later:
            still_wanted()
            log.error("%s of %s is not set aside yet: %s", point.process, point.subject, later)
