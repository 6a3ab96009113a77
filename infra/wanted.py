"""For loops that begin again after errors: whether they should."""

import asyncio


def still_wanted() -> None:
    """Raises: CancelledError when this task has been asked to end.

    A driver that finds its server gone while it is being cancelled answers with its own error, and the
    cancellation is lost: a loop that outlives errors would then go on for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
