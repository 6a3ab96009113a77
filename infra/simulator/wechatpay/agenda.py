"""What is due at some instant of the channel's clock, the earliest first."""

import asyncio
import heapq
from contextlib import suppress
from datetime import datetime
from itertools import count
from typing import Generic, TypeVar

from commands.ports import Clock

T = TypeVar("T")

LOOK_SECONDS = 0.02  # how often the clock is looked at while something is due later


class Agenda(Generic[T]):
    """One task takes, anybody puts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: list[tuple[datetime, int, T]] = []  # a heap
        self._changed = asyncio.Event()
        self._turns = count()

    def put(self, at: datetime, what: T) -> None:
        heapq.heappush(self._due, (at, next(self._turns), what))
        self._changed.set()

    async def take(self) -> T:
        """The next thing, as soon as it is due. The clock may jump or change its pace, so it is looked at."""
        while True:
            self._changed.clear()
            if self._due and self._due[0][0] <= self._clock.now():
                return heapq.heappop(self._due)[2]
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS if self._due else None):
                    await self._changed.wait()
