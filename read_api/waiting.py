"""Read your writes: wait until read models have reached a position, for a bounded time."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any, Final, LiteralString, NamedTuple

from psycopg_pool import AsyncConnectionPool

from read_api.problems import NOT_YET_VISIBLE, TOKEN_INVALID, Refused

LOOK_SECONDS: Final = 0.005  # between two looks at the checkpoints, however many wait
TOKEN: Final = re.compile(r"([a-z][a-z0-9_]{0,30})\.(\d{1,18})\.(\d{1,18})")

POSITIONS: LiteralString = "select cell, handler, position from read.checkpoints"


class Token(NamedTuple):
    """A position in the log of a cell, as commands answer it: `cell.epoch.position`."""

    cell: str
    epoch: int
    position: int

    def __str__(self) -> str:
        return f"{self.cell}.{self.epoch}.{self.position}"


def parse(text: str) -> Token:
    """Raises: Refused when it is no token."""
    match = TOKEN.fullmatch(text)
    if match is None:
        raise Refused(TOKEN_INVALID)
    return Token(match[1], int(match[2]), int(match[3]))


class Waiting:
    """Everybody who waits shares one look at the checkpoints at a time."""

    def __init__(self, pool: AsyncConnectionPool[Any], seconds: float) -> None:
        self._pool = pool
        self._seconds = seconds
        self._looking: asyncio.Task[dict[tuple[str, str], int]] | None = None

    async def until(self, token: Token, handlers: Sequence[str]) -> None:
        """Return when all of `handlers` have reached `token`. Raises: Refused when that takes too long."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds
        while True:
            positions = await self._look()
            reached = [positions.get((token.cell, handler), 0) for handler in handlers]
            if min(reached) >= token.position:
                return
            if loop.time() >= deadline:
                raise Refused(NOT_YET_VISIBLE, position=min(reached), asked=token.position)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> dict[tuple[str, str], int]:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._positions())
        return await asyncio.shield(self._looking)

    async def _positions(self) -> dict[tuple[str, str], int]:
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(POSITIONS)).fetchall()
        return {(cell, handler): position for cell, handler, position in rows}
