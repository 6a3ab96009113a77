"""Work ends when asked to, whatever its work makes of the first cancellation."""

import asyncio

from infra.wanted import end, still_wanted


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


async def test_a_loop_that_outlives_errors_ends_when_a_cancellation_was_lost_in_one() -> None:
    async def restless() -> None:
        while True:
            try:
                await drive()
            except OSError:
                still_wanted()

    async def drive() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            raise OSError("the server is gone") from None

    task = asyncio.create_task(restless())
    await asyncio.sleep(0)  # let it begin
    task.cancel()
    await asyncio.wait((task,), timeout=10)
    assert task.cancelled()
