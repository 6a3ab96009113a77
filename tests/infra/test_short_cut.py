"""Whatever a client does with its connection, the short cut answers as the long way does. Real sockets."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.types import Receive, Scope, Send

from commands.api.http import BODY_MAX, JSON, Endpoint, Request, Response, respond
from domain.identity import PUBLIC
from infra.serving import Server, http_server
from tests.waiting import eventually_async


class House:
    """A server with one hot route. Its answers say which way they came."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.endpoint = Endpoint(PUBLIC, self.handle)
        self.go = asyncio.Event()
        self.go.set()
        self.under_way = 0
        self.seen: list[bytes] = []
        self.server: Server = http_server(self, "127.0.0.1", self.port, hot={"/hot": self.endpoint})

    async def handle(self, request: Request) -> Response:
        body = await request.body()
        self.seen.append(body)
        self.under_way += 1
        await self.go.wait()
        self.under_way -= 1
        if body == b"bug":
            raise ZeroDivisionError
        return Response(200, [JSON, (b"way", b"short")], body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/hot" and scope["method"] == "POST":
            await self.endpoint(scope, receive, send)
        else:
            await respond(Response(404, [(b"way", b"long")], b"elsewhere"), send)


class Line:
    """One connection of a client that writes its bytes by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)

    async def hear(self) -> tuple[int, bytes, bytes]:
        """Status, head and body of the next answer."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)
        length = re.search(rb"content-length: (\d+)", head)
        body = await self.reader.readexactly(int(length[1]) if length else 0)
        return int(head[9:12]), head, body

    async def is_over(self) -> bool:
        return await asyncio.wait_for(self.reader.read(), 10) == b""


def post(body: bytes, *headers: bytes, path: bytes = b"/hot", version: bytes = b"1.1") -> bytes:
    head = [b"POST %b HTTP/%b" % (path, version), b"Host: here", *headers]
    if not any(b"ncoding" in header or b"Length" in header for header in headers):
        head.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join((*head, b"", body))


@asynccontextmanager
async def visited() -> AsyncIterator[tuple[House, Line]]:
    house = House()
    serving = asyncio.create_task(house.server.serve())
    try:
        await eventually_async(lambda: started(house))
        line = Line(*await asyncio.open_connection("127.0.0.1", house.port))
        yield house, line
        line.writer.close()
    finally:
        house.go.set()
        house.server.should_exit = True
        await asyncio.wait_for(serving, 20)


async def started(house: House) -> bool:
    return house.server.started


async def under_way(house: House, count: int) -> None:
    async def so_many() -> bool:
        return house.under_way == count

    await eventually_async(so_many)


async def test_request_after_request_on_one_connection() -> None:
    async with visited() as (_, line):
        for n in range(5):
            await line.say(post(b'{"n":%d}' % n))
            status, head, body = await line.hear()
            assert (status, body) == (200, b'{"n":%d}' % n)
            assert head.count(b"content-length") == 1
            assert b"\r\ndate: " in head
            assert b"connection" not in head


async def test_a_body_in_pieces_is_one_body() -> None:
    async with visited() as (house, line):
        whole = post(b"x" * 5000)
        await line.say(*(whole[at : at + 700] for at in range(0, len(whole), 700)))
        assert (await line.hear())[2] == b"x" * 5000
        assert house.seen == [b"x" * 5000]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (post(b"4\r\nabcd\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"), 200),
        (post(b"abcd", version=b"1.0"), 200),
        (post(b"abcd", b"Expect: 100-continue"), 100),
        (post(b"abcd", path=b"/hot?query"), 200),
        (post(b"abcd", path=b"/%68ot"), 200),
        (post(b"abcd", path=b"/cold"), 404),
        (b"GET /hot HTTP/1.1\r\nHost: here\r\n\r\n", 404),
        (post(b"", b"Content-Length: -1"), 400),
        (post(b"", b"Content-Length: 1", b"Content-Length: 2"), 400),
        (post(b"x" * (BODY_MAX + 1)), 413),
    ],
)
async def test_what_does_not_fit_goes_the_long_way(request_: bytes, status: int) -> None:
    async with visited() as (_, line):
        await line.say(request_)
        assert (await line.hear())[0] == status


async def test_the_largest_body_and_none_at_all_fit() -> None:
    async with visited() as (house, line):
        for body in (b"x" * BODY_MAX, b""):
            await line.say(post(body))
            assert (await line.hear())[2] == body
        assert [len(body) for body in house.seen] == [BODY_MAX, 0]


async def test_pipelined_requests_are_answered_in_their_order() -> None:
    async with visited() as (house, line):
        house.go.clear()
        await line.say(post(b"one") + post(b"two") + post(b"three", path=b"/cold") + post(b"four"))
        await under_way(house, 1)
        assert house.seen == [b"one"]
        house.go.set()
        said = [(await line.hear())[2] for _ in range(4)]
        assert said == [b"one", b"two", b"elsewhere", b"four"]
        await line.say(post(b"five"))
        assert (await line.hear())[2] == b"five"


async def test_who_asks_to_close_is_answered_and_hung_up_on() -> None:
    async with visited() as (_, line):
        await line.say(post(b"bye", b"Connection: close"))
        _, head, body = await line.hear()
        assert (head.count(b"connection: close"), body) == (1, b"bye")
        assert await line.is_over()


async def test_a_bug_is_one_problem_and_the_connection_goes_on() -> None:
    async with visited() as (_, line):
        await line.say(post(b"bug"))
        status, _, body = await line.hear()
        assert status == 500
        assert b"internal" in body
        await line.say(post(b"next"))
        assert (await line.hear())[2] == b"next"


async def test_a_client_that_leaves_harms_nobody() -> None:
    async with visited() as (house, line):
        house.go.clear()
        await line.say(post(b"gone"))
        await under_way(house, 1)
        line.writer.transport.abort()
        other = Line(*await asyncio.open_connection("127.0.0.1", house.port))
        await other.say(post(b"here"))
        await under_way(house, 2)
        house.go.set()
        assert (await other.hear())[2] == b"here"
        await under_way(house, 0)
        other.writer.close()


async def test_what_is_under_way_when_the_server_stops_is_finished() -> None:
    async with visited() as (house, line):
        house.go.clear()
        await line.say(post(b"last"))
        await under_way(house, 1)
        house.server.should_exit = True

        async def told() -> bool:
            (connection,) = house.server.server_state.connections
            return not connection.cycle.keep_alive  # type: ignore[union-attr]

        await eventually_async(told)
        house.go.set()
        _, head, body = await line.hear()
        assert (b"connection: close" in head, body) == (True, b"last")
        assert await line.is_over()
