"""A page that hears one of the API's live feeds for as long as it is open."""

from collections.abc import Callable

from nicegui import background_tasks, ui

from read_api.console.feed import Told, follow
from read_api.console.view import View


def listen(view: View, path: str, hear: Callable[[Told], None]) -> None:
    """Begin once the browser is there, and end with it."""
    client = ui.context.client

    async def run() -> None:
        async for told in follow(view.api, path):
            hear(told)

    async def while_open() -> None:
        await client.connected()
        with client:
            await view.attempt(run)

    task = background_tasks.create(while_open(), name=f"feed {path}")

    def stop() -> None:
        task.cancel()

    client.on_delete(stop)
