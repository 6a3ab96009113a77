"""POSTs to other processes of ours over kept-alive connections, for a tenth of a general client's cost.

HTTP/1.1 between two ends that are both ours: no TLS, redirects, cookies, proxies or compression. The parser
is httptools, the one our servers use.
"""

import asyncio
from functools import cache
from types import TracebackType
from typing import Final, NamedTuple, Self, cast
from urllib.parse import urlsplit

import httptools

from commands.ports import Headers, Overloaded, Unreachable

CONNECT_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 30.0  # the engine itself gives up before
IDLE_SECONDS: Final = 30.0  # less than `infra.serving.IDLE_SECONDS`, so that we hang up first
FREE_MAX: Final = 256  # connections kept to one address
IN_FLIGHT_MAX: Final = 1_000  # requests on their way to one address; more are answered 503
ANSWER_MAX: Final = 4 * 1024 * 1024  # bytes; our answers are far below


class Posted(NamedTuple):
    """What came back. Header names are lower-case."""

    status: int
    headers: Headers
    body: bytes


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self.free_since = 0.0  # seconds of the loop's clock
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Posted] | None = None
        self._begin()

    @property
    def alive(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def post(self, request: bytes) -> asyncio.Future[Posted]:
        """The answer, or Unreachable."""
        assert self._waiting is None, "one request at a time"
        waiting: asyncio.Future[Posted] = asyncio.get_running_loop().create_future()
        if self._transport is None:
            waiting.set_exception(Unreachable("connection closed"))
            return waiting
        self._waiting = waiting
        self._transport.write(request)
        return waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._size = 0

    def _fail(self, why: str) -> None:
        self.close()
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(Unreachable(why))

    # --- called by the loop -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own does not derive from it

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"not HTTP: {error}")

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._fail(str(error or "connection closed"))

    # --- called by the parser -----------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > ANSWER_MAX:
            self._fail("answer too large")
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        waiting, self._waiting = self._waiting, None
        posted = Posted(self._parser.get_status_code(), self._headers, b"".join(self._body))
        if not self._parser.should_keep_alive():
            self.close()
        self._begin()
        if waiting is not None and not waiting.done():
            waiting.set_result(posted)


class Poster:
    """Keeps connections to each address. The one freed last is used first, so that spare ones age."""

    def __init__(self) -> None:
        self._free: dict[str, list[Connection]] = {}
        self._in_flight: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for connections in self._free.values():
            for connection in connections:
                connection.close()

    async def post(self, address: str, path: str, headers: Headers, body: bytes) -> Posted:
        """`address` is a base URL, http://host:port. Raises: Unreachable, Overloaded."""
        in_flight = self._in_flight.get(address, 0)
        if in_flight >= IN_FLIGHT_MAX:
            raise Overloaded(1)
        self._in_flight[address] = in_flight + 1
        try:
            connection = self._take(address) or await connected(address)
            answer = await answered(connection, written(address, path, headers, body))
        finally:
            self._in_flight[address] -= 1
        self._give_back(address, connection)
        return answer

    def _take(self, address: str) -> Connection | None:
        now = asyncio.get_running_loop().time()
        free = self._free.get(address, [])
        while free:
            connection = free.pop()
            if connection.alive and now - connection.free_since < IDLE_SECONDS:
                return connection
            connection.close()
        return None

    def _give_back(self, address: str, connection: Connection) -> None:
        free = self._free.setdefault(address, [])
        if connection.alive and len(free) < FREE_MAX:
            connection.free_since = asyncio.get_running_loop().time()
            free.append(connection)
        else:
            connection.close()


async def connected(address: str) -> Connection:
    """Raises: Unreachable."""
    host, port = host_and_port(address)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, connection = await asyncio.get_running_loop().create_connection(
                Connection, host, port
            )
    except (OSError, TimeoutError) as error:
        raise Unreachable(f"{address}: {error or 'no answer'}") from error
    return connection


async def answered(connection: Connection, request: bytes) -> Posted:
    """Raises: Unreachable. Whoever stops waiting closes the connection: an answer may still come."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await connection.post(request)
    except TimeoutError:
        connection.close()
        raise Unreachable(f"no answer in {ANSWER_SECONDS:.0f} s") from None
    except asyncio.CancelledError:
        connection.close()
        raise


@cache
def host_and_port(address: str) -> tuple[str, int]:
    """Raises: Unreachable for what no process of ours announces."""
    parts = urlsplit(address)
    if parts.scheme != "http" or parts.hostname is None or parts.path.strip("/"):
        raise Unreachable(f"{address} is no base URL")
    return parts.hostname, parts.port or 80


def written(address: str, path: str, headers: Headers, body: bytes) -> bytes:
    """The request as it goes out. Header values come from parsed requests or from us: no line breaks."""
    host, port = host_and_port(address)
    lines = [
        b"POST %s HTTP/1.1\r\nhost: %s:%d" % (path.encode("ascii"), host.encode("ascii"), port)
    ]
    lines += [b"%s: %s" % header for header in headers]
    lines.append(b"content-length: %d\r\n\r\n" % len(body))
    return b"\r\n".join(lines) + body
