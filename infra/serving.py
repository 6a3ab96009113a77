"""One way to serve HTTP: uvicorn on uvloop and httptools, no access log, what is in flight is finished."""

import asyncio
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from commands.api.http import Endpoint
from infra.short_cut import short_cut_to

IDLE_SECONDS: Final = 75  # of a kept-alive connection
FINISH_SECONDS: Final = 15  # for requests in flight when asked to stop
BACKLOG: Final = 4096
STOPPING_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Server(uvicorn.Server):
    """Returns from `serve` on a signal, so that whatever is behind it can be finished too.

    The original raises the signal again, which would end the process there and then.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in STOPPING_SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in STOPPING_SIGNALS:
                loop.remove_signal_handler(number)


def http_server(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    live: bool = False,
    hot: Mapping[str, Endpoint] | None = None,
) -> Server:
    """`await server.serve()` returns after SIGTERM or SIGINT, or when `should_exit` is set.

    `live` applications have websockets and a start and end of their own. Plain requests for `hot` routes go
    there past `app`.
    """
    return Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=short_cut_to(hot) if hot else "httptools",
            ws="websockets-sansio" if live else "none",
            lifespan="on" if live else "off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,  # nothing here believes X-Forwarded-For
            backlog=BACKLOG,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=FINISH_SECONDS,
        )
    )
