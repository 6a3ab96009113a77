"""How fast the world goes: sleeping in its own time, and a bucket that bounds what it asks of the machine."""

import asyncio
import time
from datetime import datetime, timedelta
from typing import Final

from infra.clock import WaitingClock

NAP_SECONDS_MAX: Final = 2.0  # the clock may change its pace meanwhile


async def sleep_until(clock: WaitingClock, at: datetime) -> None:
    while (seconds := clock.real_seconds_until(at)) > 0:
        await asyncio.sleep(min(seconds, NAP_SECONDS_MAX))


async def sleep(clock: WaitingClock, seconds: float) -> None:
    """Seconds of the world's time."""
    if seconds > 0:
        await sleep_until(clock, clock.now() + timedelta(seconds=seconds))


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
