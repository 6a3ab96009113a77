"""A service ends when asked to, whatever its work makes of the first cancellation."""

import asyncio

from infra.services.health import end


async def test_work_that_takes_a_cancellation_for_an_error_is_cancelled_again() -> None:
    cancelled = 0

    async def stubborn() -> None:
        nonlocal cancelled
        while True:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                cancelled += 1
                if cancelled == 2:
                    raise

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)  # let it begin
    await asyncio.wait_for(end(task), 10)
    assert (task.cancelled(), cancelled) == (True, 2)
