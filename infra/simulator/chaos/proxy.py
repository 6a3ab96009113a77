"""A TCP proxy that does to connections what networks do: delay, cut, lose an answer, hold, change, fall silent."""

import asyncio
import random
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

CHUNK = 65536


class Link:
    """One connection through the proxy. `requests` and `answers` let bytes pass while they are set."""

    def __init__(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self.client = client
        self.server = server
        self.requests = asyncio.Event()
        self.answers = asyncio.Event()
        self.loses_answers = False
        self.heard = b""  # the last of what the server said, delivered or not
        self.let_go()

    def let_go(self) -> None:
        """Whatever was held goes on."""
        self.requests.set()
        self.answers.set()

    def hold_requests(self) -> None:
        """From now on nothing reaches the server; a client that gives up is not noticed there."""
        self.requests.clear()

    def hold_answers(self) -> None:
        """From now on nothing reaches the client; a server that hangs up is not noticed there."""
        self.answers.clear()

    def hold(self) -> None:
        """Silence both ways, and nobody is told."""
        self.hold_requests()
        self.hold_answers()

    def lose_answers(self) -> None:
        """The next request reaches the server; its answer reaches nobody."""
        self.loses_answers = True

    def cut(self) -> None:
        """Reset both sides."""
        for _, writer in (self.client, self.server):
            reset(writer)

    async def carry(self, proxy: "TcpProxy") -> None:
        try:
            async with asyncio.TaskGroup() as directions:
                directions.create_task(self._up(proxy))
                directions.create_task(self._down(proxy))
        except* OSError:
            pass  # somebody hung up
        finally:
            self.cut()

    async def _up(self, proxy: "TcpProxy") -> None:
        reader, writer = self.client[0], self.server[1]
        while data := await reader.read(CHUNK):
            await proxy.delay()
            await self._pass(self.requests, proxy)
            if writer.is_closing():
                raise ConnectionResetError
            writer.write(data)
            await writer.drain()
        await self.requests.wait()
        if not self.loses_answers and not writer.is_closing():
            writer.write_eof()

    async def _down(self, proxy: "TcpProxy") -> None:
        reader, writer = self.server[0], self.client[1]
        while data := await reader.read(CHUNK):
            await proxy.delay()
            self.heard = (self.heard + data)[-CHUNK:]
            await self._pass(self.answers, proxy)
            if self.loses_answers:
                reset(writer)
            elif not writer.is_closing():
                writer.write(proxy.change(data))
                await writer.drain()
        await self.answers.wait()
        raise ConnectionResetError

    async def _pass(self, gate: asyncio.Event, proxy: "TcpProxy") -> None:
        if not gate.is_set():
            proxy.felt["held"] += 1
        await gate.wait()


class TcpProxy:
    """`links` are its live connections. New ones are refused while `refuses`, and held as those before them were.

    `felt` counts what connections met: `slowed` and `held` pieces, connections `cut`.
    """

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.port = 0
        self.latency_seconds = 0.0
        self.jitter_seconds = 0.0  # at most, beside the latency
        self.refuses = False
        self.felt: Counter[str] = Counter()
        self._holds_requests = False
        self._holds_answers = False
        self.change: Callable[[bytes], bytes] = lambda data: data  # of answers
        self.links: list[Link] = []
        self._server: asyncio.Server | None = None
        self._carrying: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            self.felt["cut"] += 1
            reset(writer)
            return
        try:
            link = Link((reader, writer), await asyncio.open_connection(*self.target))
        except OSError:
            reset(writer)
            return
        if self._holds_requests:
            link.hold_requests()
        if self._holds_answers:
            link.hold_answers()
        self.links.append(link)
        try:
            await link.carry(self)
        finally:
            self.links.remove(link)

    async def delay(self) -> None:
        """What a piece of data waits on its way."""
        seconds = self.latency_seconds + self.jitter_seconds * random.random()
        if seconds > 0:
            self.felt["slowed"] += 1
        await asyncio.sleep(seconds)

    def cut(self) -> None:
        self.felt["cut"] += len(self.links)
        for link in list(self.links):
            link.cut()

    def hold(self, *, requests: bool = True, answers: bool = True) -> None:
        """A black hole, or half of one: also for those who connect from now on."""
        self._holds_requests, self._holds_answers = requests, answers
        for link in self.links:
            if requests:
                link.hold_requests()
            if answers:
                link.hold_answers()

    def let_go(self) -> None:
        """As a network should be. What was held arrives now."""
        self.latency_seconds = self.jitter_seconds = 0.0
        self._holds_requests = self._holds_answers = self.refuses = False
        for link in self.links:
            link.let_go()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close without a word of farewell."""
    ours: socket.socket | None = writer.get_extra_info("socket")
    if ours is not None and not writer.is_closing():
        with suppress(OSError):
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


@asynccontextmanager
async def proxied(dsn: str) -> AsyncIterator[tuple[TcpProxy, str]]:
    """A proxy in front of a database, and the DSN that leads through it."""
    given = conninfo_to_dict(dsn)
    async with TcpProxy(str(given["host"]), int(str(given["port"]))) as proxy:
        yield proxy, make_conninfo(dsn, port=proxy.port)
