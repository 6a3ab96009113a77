"""Wait for what must come true, not for time to pass."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
POLL_SECONDS = 0.02


def eventually(condition: Callable[[], T], seconds: float = 15) -> T:
    """The first true answer of `condition`; an AssertionError with the last one when time is up."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s, last answer: {answer!r}"
        time.sleep(POLL_SECONDS)
    return answer


async def eventually_async(condition: Callable[[], Awaitable[T]], seconds: float = 15) -> T:
    """The same while other tasks go on."""
    deadline = time.monotonic() + seconds
    while not (answer := await condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s, last answer: {answer!r}"
        await asyncio.sleep(POLL_SECONDS)
    return answer
