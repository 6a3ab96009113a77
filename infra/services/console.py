"""`tuan console`: the operator console. It reaches the public API, and nothing else."""

from infra.clock import clock_from
from infra.serving import http_server
from infra.settings import Settings, embedded
from read_api.console.app import open_console


async def main(settings: Settings) -> None:
    """Serve until a signal. Only one process: an open page lives in the memory of the one that drew it."""
    async with open_console(
        clock_from(settings),
        gateway=settings.public_url,
        issuer=settings.issuer if embedded(settings) else "",
        origin=settings.console_origin,
    ) as app:
        await http_server(app, settings.host, settings.console_port, live=True).serve()
