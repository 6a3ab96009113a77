"""A TCP proxy that does to connections what networks do: delay, cut, lose an answer, hold, change, fall silent."""

import asyncio
import socket
import struct
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

    def hold(self) -> None:
        """Silence both ways, and nobody is told."""
        self.requests.clear()
        self.answers.clear()

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
            await asyncio.sleep(proxy.latency_seconds)
            await self.requests.wait()
            writer.write(data)
            await writer.drain()
        await self.requests.wait()
        if not self.loses_answers:
            writer.write_eof()

    async def _down(self, proxy: "TcpProxy") -> None:
        reader, writer = self.server[0], self.client[1]
        while data := await reader.read(CHUNK):
            await asyncio.sleep(proxy.latency_seconds)
            self.heard = (self.heard + data)[-CHUNK:]
            await self.answers.wait()
            if self.loses_answers:
                reset(writer)
            elif not writer.is_closing():
                writer.write(proxy.change(data))
                await writer.drain()
        raise ConnectionResetError


class TcpProxy:
    """`links` are its live connections. New ones are refused while `refuses`, and held while `holds`."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.port = 0
        self.latency_seconds = 0.0
        self.refuses = False
        self.holds = False
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
            reset(writer)
            return
        try:
            link = Link((reader, writer), await asyncio.open_connection(*self.target))
        except OSError:
            reset(writer)
            return
        if self.holds:
            link.hold()
        self.links.append(link)
        try:
            await link.carry(self)
        finally:
            self.links.remove(link)

    def cut(self) -> None:
        for link in list(self.links):
            link.cut()

    def hold(self) -> None:
        """A black hole: also for those who connect from now on."""
        self.holds = True
        for link in self.links:
            link.hold()

    def let_go(self) -> None:
        self.holds = self.refuses = False
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
