"""Leaving a payment channel alone while it fails, and never calling it faster than it allows.

A channel that is down answers nobody the sooner for being called more. What waits meanwhile stays in the
to-do list: nothing is dropped, and nothing is started that could not be finished.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from commands.ports import ChannelInDoubt, ChannelRefused, Clock
from infra.crash import go_on
from infra.processes.metrics import CALLS, LEFT_ALONE

T = TypeVar("T")

FAILURES_MAX: Final = 5  # in a row
PAUSES: Final = tuple(timedelta(seconds=s) for s in (5, 15, 30, 60, 120))
WATCHED: Final = frozenset(
    {"refund", "query_refund", "return_refund", "pay_out", "query_payout"}
    | {"split", "query_split", "unfreeze", "return_share", "query_share_return"}
)
BUSY: Final = frozenset({"FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED"})


class Breaker:
    """Closed while calls succeed; open for a growing while after failures; then one call may try."""

    def __init__(self, clock: Clock, tenant: str = "") -> None:
        self._clock = clock
        self._left_alone = LEFT_ALONE.labels(tenant)
        self._failures = 0
        self._pauses = 0
        self._open_until: datetime | None = None
        self._probing_until: datetime | None = None

    @property
    def state(self) -> str:
        """closed, open, or half-open while one call tries."""
        if self._open_until is None:
            return "closed"
        return "open" if self._clock.now() < self._open_until else "half-open"

    def pause(self) -> datetime | None:
        """Until when nobody may call; None lets the caller call, after a pause only one of them."""
        now = self._clock.now()
        if self._open_until is None:
            return None
        if now < self._open_until:
            return self._open_until
        if self._probing_until is not None and now < self._probing_until:
            return self._probing_until
        self._probing_until = now + PAUSES[0]
        return None

    def answered(self) -> None:
        """The channel said something, if only no."""
        self._failures = self._pauses = 0
        self._open_until = self._probing_until = None
        self._left_alone.set(0)

    def failed(self) -> None:
        """It did not, or said that it can take no more. What was under way at the opening counts no more."""
        if self.state == "open":
            return
        self._failures += 1
        if self._failures >= FAILURES_MAX or self._probing_until is not None:
            pause = PAUSES[min(self._pauses, len(PAUSES) - 1)]
            self._open_until, self._probing_until = self._clock.now() + pause, None
            self._pauses += 1
            self._left_alone.set(1)


class Rate:
    """Lets so many through a second, of real time: sockets know no other."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._next = 0.0

    async def take(self) -> None:
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now) + self._gap
        await asyncio.sleep(self._next - self._gap - now)


class Guarded:
    """A channel of `commands.ports`, watched: every call that moves money tells the breaker how it went."""

    def __init__(
        self,
        channel: Any,
        breaker: Breaker,
        rate: Rate,
        tenant: str = "",
        reached: Callable[[str], None] = go_on,
    ) -> None:
        self._channel = channel
        self._rate = rate
        self._tenant = tenant
        self._reached = reached
        self.breaker = breaker

    def __getattr__(self, name: str) -> Any:
        """What moves money, or asks what became of it, is watched; the rest goes through as it is."""
        found = getattr(self._channel, name)
        return self._watching(found) if name in WATCHED else found

    def _watching(self, ask: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
        async def asked(*words: Any, **named: Any) -> T:
            await self._rate.take()
            return await self._watched(ask(*words, **named))

        return asked

    async def _watched(self, call: Awaitable[T]) -> T:
        self._reached("calling")
        try:
            answer = await call
        except ChannelInDoubt:
            self._count("in_doubt")
            self.breaker.failed()
            raise
        except ChannelRefused as refused:
            self._count("refused")
            (self.breaker.failed if refused.code in BUSY else self.breaker.answered)()
            raise
        self._count("answered")
        self.breaker.answered()
        self._reached("called")
        return answer

    def _count(self, outcome: str) -> None:
        CALLS.labels(self._tenant, outcome).inc()
