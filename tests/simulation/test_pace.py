"""The bucket bounds what the world asks of the machine."""

import asyncio
import time

from infra.simulator.world.pace import Bucket


async def test_no_more_is_let_through_than_was_asked_for() -> None:
    bucket = Bucket(200)
    started = time.monotonic()
    await asyncio.gather(*(bucket.take() for _ in range(300)))
    assert time.monotonic() - started >= 300 / 200 - 1.0 - 0.05, "one second may be made up for"
