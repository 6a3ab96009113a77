"""How work that begins again after errors is ended all the same: it looks whether it should, and it is asked again."""

import asyncio
from typing import Any, Final

INSIST_SECONDS: Final = 0.5


def still_wanted() -> None:
    """Raises: CancelledError when this task has been asked to end.

    A driver that finds its server gone while it is being cancelled answers with its own error, and the
    cancellation is lost: a loop that outlives errors would then go on for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def end(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel until they have ended. Once may not do: a library that waits for two things at a time can take the
    cancellation for one of them, and a loop that begins again after errors would go on for ever."""
    while unfinished := [task for task in tasks if not task.done()]:
        for task in unfinished:
            task.cancel()
        await asyncio.wait(unfinished, timeout=INSIST_SECONDS)
