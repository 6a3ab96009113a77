"""One look at the checkpoints for everybody who watches, and a nudge to those whose read models have moved."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString, TypeAlias

from psycopg_pool import AsyncConnectionPool

from read_api.problems import AWAY

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.1  # between two looks, however many watch
AWAY_SECONDS: Final = 1.0  # before a database that is away is asked again

MARKS: LiteralString = "select cell, handler, epoch, position, remade_times from read.checkpoints"
Mark: TypeAlias = tuple[tuple[int, int, int], ...]
"""Epoch, position and number of remakes of some handlers."""


def advanced(before: Mark | None, now: Mark) -> bool:
    """True when between these two nothing happened but events: nothing was remade, and nothing lost."""
    return before is not None and all(
        old[2] == new[2] and old[:2] <= new[:2] for old, new in zip(before, now, strict=True)
    )


class Lookout:
    """Looks only while somebody watches; holds a connection only while it looks."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool
        self._watchers = 0
        self._looking: asyncio.Task[None] | None = None
        self._marks: dict[tuple[str, str], tuple[int, int, int]] = {}
        self._moved = asyncio.Event()

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[None]:
        """Keep looking until the end of the block."""
        self._watchers += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="live lookout")
        try:
            yield
        finally:
            self._watchers -= 1
            if not self._watchers:
                looking, self._looking = self._looking, None
                looking.cancel()
                await asyncio.wait((looking,))

    def mark(self, cell: str, handlers: Sequence[str]) -> Mark:
        """How far these handlers were at the last look."""
        return tuple(self._marks.get((cell, handler), (0, 0, 0)) for handler in handlers)

    async def moved(self, cell: str, handlers: Sequence[str], seen: Mark, seconds: float) -> None:
        """Return when they are elsewhere than `seen`, or after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while self.mark(cell, handlers) == seen:
                    await self._moved.wait()
        except TimeoutError:
            return

    async def _look(self) -> None:
        while True:
            try:
                async with self._pool.connection() as conn:
                    rows = await (await conn.execute(MARKS)).fetchall()
            except AWAY as error:
                log.warning("checkpoints out of reach: %s", error)
                await asyncio.sleep(AWAY_SECONDS)
                continue
            marks = {(row[0], row[1]): (row[2], row[3], row[4]) for row in rows}
            if marks != self._marks:
                self._marks = marks
                moved, self._moved = self._moved, asyncio.Event()
                moved.set()
            await asyncio.sleep(LOOK_SECONDS)
