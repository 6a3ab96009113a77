"""A shorter way from the socket to a hot route than a general ASGI server takes.

For a POST to a known path whose body has a stated, small size, nothing of ASGI is needed: no receive, no send,
no events between them. That is half of what serving a command costs. Everything else, also whatever is
pipelined behind such a request, goes uvicorn's own way.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from commands.api.http import BODY_MAX, Endpoint, Request, Response


class Idle:
    """Stands where uvicorn wakes a request that waits for something; a short one never does."""

    def set(self) -> None:
        """Nobody to wake."""


class Short:
    """One request under way. Has what uvicorn's protocol asks of its own cycles."""

    __slots__ = ("body", "disconnected", "endpoint", "keep_alive", "response_complete")
    message_event = Idle()

    def __init__(self, endpoint: Endpoint, *, keep_alive: bool) -> None:
        self.endpoint = endpoint
        self.keep_alive = keep_alive  # false once the server is to stop
        self.body = b""
        self.disconnected = False
        self.response_complete = False


class ShortCutProtocol(HttpToolsProtocol):
    """uvicorn's protocol with the short cut in front of it. Subclasses name the `hot` routes."""

    hot: Mapping[bytes, tuple[str, Endpoint]] = {}

    def on_headers_complete(self) -> None:
        found = self.hot.get(self.url)
        if found is not None and self._fits():
            self.scope["path"], endpoint = found
            short: Any = Short(endpoint, keep_alive=self.parser.should_keep_alive())
            self.cycle = short
            return
        super().on_headers_complete()

    def _fits(self) -> bool:
        """A plain POST with a small body to come, and nothing under way before it."""
        parser = self.parser
        if self.cycle is not None and not self.cycle.response_complete:
            return False
        if parser.get_method() != b"POST" or parser.get_http_version() != "1.1":
            return False
        if self.expect_100_continue or parser.should_upgrade():
            return False
        size = b""
        for name, value in self.headers:
            if name == b"content-length":
                size = value
            elif name == b"transfer-encoding":
                return False
        return size.isdigit() and int(size) <= BODY_MAX

    def on_body(self, body: bytes) -> None:
        cycle: Any = self.cycle
        if type(cycle) is Short:
            cycle.body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        cycle: Any = self.cycle
        if type(cycle) is not Short:
            super().on_message_complete()
            return
        scope: Any = self.scope
        request = Request(scope, no_more, cycle.body)
        task = self.loop.create_task(self._serve(cycle, request))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _serve(self, short: Short, request: Request) -> None:
        try:
            response = await short.endpoint.answer(request)
            if self.flow.write_paused and not short.disconnected:
                await self.flow.drain()  # who does not read his answers gets no more of them
        except BaseException:
            self.transport.close()
            raise
        if short.disconnected:
            return
        self._write(response, short)
        short.response_complete = True
        if not short.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _write(self, response: Response, short: Short) -> None:
        """All of it in one write."""
        parts = [STATUS_LINE[response.status]]
        for name, value in (*self.server_state.default_headers, *response.headers):
            if name == b"connection":
                short.keep_alive = False  # the only thing a route says of it
            else:
                parts += (name, b": ", value, b"\r\n")
        if not short.keep_alive:
            parts.append(b"connection: close\r\n")
        parts += (b"content-length: %d\r\n\r\n" % len(response.body), response.body)
        self.transport.write(b"".join(parts))


async def no_more() -> NoReturn:
    raise RuntimeError("the body is there already")


def short_cut_to(routes: Mapping[str, Endpoint]) -> type[ShortCutProtocol]:
    """The protocol for a server whose hot routes these are."""

    class Protocol(ShortCutProtocol):
        hot = {path.encode(): (path, endpoint) for path, endpoint in routes.items()}

    return Protocol
