"""How fast the world goes: sleeping in its own time, and what bounds it when the machine is slow."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from infra.clock import WaitingClock

NAP_SECONDS_MAX: Final = 2.0  # the clock may change its pace meanwhile
QUEUE_LOOK_SECONDS: Final = 0.02


class Tempo:
    """The world's time. On a platform whose clock is not ours to scale, people are hurried instead."""

    def __init__(self, clock: WaitingClock, hurry: float = 1.0) -> None:
        self._clock = clock
        self._hurry = hurry

    async def sleep(self, seconds: float) -> None:
        """Seconds of the world's time."""
        if self._hurry != 1:
            await asyncio.sleep(max(0.0, seconds) / self._hurry)
        elif seconds > 0:
            await self.sleep_until(self._clock.now() + timedelta(seconds=seconds))

    async def sleep_until(self, at: datetime) -> None:
        if self._hurry != 1:
            await self.sleep((at - self._clock.now()).total_seconds())
            return
        while (seconds := self._clock.real_seconds_until(at)) > 0:
            await asyncio.sleep(min(seconds, NAP_SECONDS_MAX))


class Bucket:
    """Lets `per_second` through, in the order they came, in real seconds; a pause is made up for at most once."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._next = time.monotonic()

    async def take(self) -> None:
        now = time.monotonic()
        self._next = max(self._next, now - 1.0) + self._gap
        if (wait := self._next - now) > 0:
            await asyncio.sleep(wait)


class Stay:
    """One shopper at the counter."""

    def __init__(self, room: asyncio.Semaphore) -> None:
        self._room = room
        self._here = True

    def leave(self) -> None:
        """Make room for the next; leaving again changes nothing."""
        if self._here:
            self._here = False
            self._room.release()


class Counter:
    """Where shoppers are from ordering to paying: so many at once, the others wait before they order.

    Pay deadlines run only for those inside, so on a slow machine the world is slower, not another one.
    """

    def __init__(self, at_once: int) -> None:
        self._room = asyncio.Semaphore(at_once)

    async def open(self) -> None:
        """Return when nobody queues: those who were told to come go before those who may begin later."""
        while self._room.locked():
            await asyncio.sleep(QUEUE_LOOK_SECONDS)

    @asynccontextmanager
    async def stay(self) -> AsyncIterator[Stay]:
        await self._room.acquire()
        stay = Stay(self._room)
        try:
            yield stay
        finally:
            stay.leave()
