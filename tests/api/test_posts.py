"""Kept-alive connections to a server that misbehaves: never a hang, never another request's answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from commands.ports import Unreachable
from infra import http_posts
from infra.http_posts import Poster

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Server:
    """Answers each connection by the script of the moment."""

    def __init__(self) -> None:
        self.script: Script = self.good
        self.requests: list[bytes] = []
        self.connections = 0
        self.address = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self.script(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client hung up
        finally:
            writer.close()

    async def request(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        self.requests.append(head + await reader.readexactly(length))
        return self.requests[-1]

    async def good(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            body = (await self.request(reader)).partition(b"\r\n\r\n")[2]
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))

    def saying(self, text: bytes, *, then_hang: bool = False) -> Script:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self.request(reader)
            writer.write(text)
            await writer.drain()
            if then_hang:
                await reader.read()

        return script


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    one = Server()
    listening = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    one.address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield one
    listening.close()


@pytest.fixture
async def poster() -> AsyncIterator[Poster]:
    async with Poster() as one:
        yield one


async def post(poster: Poster, server: Server, body: bytes = b"{}") -> bytes:
    answer = await poster.post(server.address, "/x", [(b"authorization", b"Bearer t")], body)
    return answer.body


async def test_one_connection_carries_many_requests(poster: Poster, server: Server) -> None:
    for number in range(20):
        assert await post(poster, server, b"%d" % number) == b"%d" % number
    assert server.connections == 1
    assert server.requests[0].startswith(b"POST /x HTTP/1.1\r\nhost: 127.0.0.1:")
    assert b"\r\nauthorization: Bearer t\r\n" in server.requests[0]


async def test_requests_at_once_get_each_its_own_answer(poster: Poster, server: Server) -> None:
    bodies = [b"%d" % number for number in range(50)]
    assert await asyncio.gather(*(post(poster, server, body) for body in bodies)) == bodies


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
        b"SSH-2.0-OpenSSH\r\n",
    ],
    ids=["nothing", "half a head", "half a body", "another protocol"],
)
async def test_a_cut_or_foreign_answer_is_no_answer(
    poster: Poster, server: Server, text: bytes
) -> None:
    server.script = server.saying(text)
    with pytest.raises(Unreachable):
        await post(poster, server)
    server.script = server.good
    assert await post(poster, server) == b"{}"


async def test_a_server_that_closes_after_answering_is_connected_to_again(
    poster: Poster, server: Server
) -> None:
    server.script = server.saying(b"HTTP/1.1 200 OK\r\nconnection: close\r\n" + OK[17:])
    assert await post(poster, server) == b"ok"
    assert await post(poster, server) == b"ok"
    assert server.connections == 2


async def test_an_answer_in_pieces_is_put_together(poster: Poster, server: Server) -> None:
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"
    server.script = server.saying(chunked, then_hang=True)
    assert await post(poster, server) == b"ok"


async def test_silence_ends_and_a_late_answer_is_nobody_s(
    poster: Poster, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_posts, "ANSWER_SECONDS", 0.05)
    server.script = server.saying(b"", then_hang=True)
    with pytest.raises(Unreachable):
        await post(poster, server)
    server.script = server.good
    monkeypatch.setattr(http_posts, "ANSWER_SECONDS", 5.0)
    assert await post(poster, server, b"mine") == b"mine"


async def test_who_stops_waiting_leaves_no_answer_behind(poster: Poster, server: Server) -> None:
    arrived = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.request(reader)
        arrived.set()
        await reader.read()

    server.script = slow
    waiting = asyncio.create_task(post(poster, server, b"other"))
    await arrived.wait()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    server.script = server.good
    assert await post(poster, server, b"mine") == b"mine"


async def test_an_endless_answer_is_cut_off(
    poster: Poster, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_posts, "ANSWER_MAX", 10)
    server.script = server.saying(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n" + b"x" * 99)
    with pytest.raises(Unreachable, match="too large"):
        await post(poster, server)


@pytest.mark.parametrize("address", ["", "https://a:1", "ftp://a", "http://", "http://a/b"])
async def test_only_base_urls_of_ours_are_called(poster: Poster, address: str) -> None:
    with pytest.raises(Unreachable):
        await poster.post(address, "/x", [], b"")
