"""What the proxy does to connections: slow, cut, silent, half of it held; and each fault is felt or was none."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from infra.simulator.chaos.network import begin
from infra.simulator.chaos.plan import Fault, What
from infra.simulator.chaos.proxy import TcpProxy
from tests.waiting import eventually_async

Ask = Callable[[bytes], Coroutine[Any, Any, bytes]]
Connect = Callable[[], Coroutine[Any, Any, Ask]]
QUIET_SECONDS = 0.2


class Echo:
    """A server that says everything back, and remembers it."""

    def __init__(self) -> None:
        self.heard = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(1000):
                self.heard += data
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def through_a_proxy() -> AsyncIterator[tuple[TcpProxy, Echo, Connect]]:
    echo = Echo()
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    async with TcpProxy("127.0.0.1", server.sockets[0].getsockname()[1]) as proxy:

        async def connect() -> Ask:
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)

            async def ask(word: bytes) -> bytes:
                """The answer; b"" when the connection was cut."""
                with suppress(ConnectionError):
                    if word:
                        writer.write(word)
                        await writer.drain()
                    return await reader.read(1000)
                return b""

            return ask

        yield proxy, echo, connect
        proxy.let_go()
    server.close()


def fault(what: What, detail: str = "") -> Fault:
    return Fault(0, what, "relay→postgres", 1, detail)


async def is_silent(answer: "asyncio.Task[bytes]") -> bool:
    return not (await asyncio.wait((answer,), timeout=QUIET_SECONDS))[0]


async def test_slow_answers_come_late_and_whole() -> None:
    async with through_a_proxy() as (proxy, _, connect):
        ask = await connect()
        begin(proxy, fault("slow"))
        started = time.monotonic()
        assert await ask(b"a") == b"a"
        assert time.monotonic() - started >= 2 * proxy.latency_seconds > 0
        assert proxy.felt["slowed"] == 2


async def test_a_cut_resets_who_talks_and_refuses_who_comes() -> None:
    async with through_a_proxy() as (proxy, _, connect):
        ask = await connect()
        assert await ask(b"a") == b"a"
        begin(proxy, fault("cut"))
        assert await ask(b"b") == b""
        assert await (await connect())(b"c") == b""
        assert proxy.felt["cut"] == 2
        proxy.let_go()
        assert await (await connect())(b"d") == b"d"


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_half_open_connection_is_accepted_and_then_silent(when: str) -> None:
    async with through_a_proxy() as (proxy, echo, connect):
        ask = await connect() if when == "before" else None
        begin(proxy, fault("silent", "both let go"))
        ask = ask or await connect()
        answer = asyncio.create_task(ask(b"a"))
        assert await is_silent(answer)
        assert echo.heard == b""
        assert proxy.felt["held"] == 1
        proxy.let_go()  # and what was held arrives after all
        assert await answer == b"a"


async def test_one_way_requests_arrive_and_their_answers_do_not() -> None:
    async with through_a_proxy() as (proxy, echo, connect):
        ask = await connect()
        begin(proxy, fault("one-way", "answers let go"))
        answer = asyncio.create_task(ask(b"a"))
        assert await is_silent(answer)
        assert echo.heard == b"a"
        proxy.let_go()
        assert await answer == b"a"


async def test_one_way_what_is_asked_stays_out_and_what_is_told_comes_in() -> None:
    async with through_a_proxy() as (proxy, echo, connect):
        ask = await connect()
        assert await ask(b"a") == b"a"
        begin(proxy, fault("one-way", "requests cut"))
        answer = asyncio.create_task(ask(b"b"))
        assert await is_silent(answer)
        proxy.cut()
        assert await answer == b""
        assert echo.heard == b"a"


async def test_a_server_that_hangs_up_is_not_noticed_behind_silence() -> None:
    async with through_a_proxy() as (proxy, _, connect):
        ask = await connect()
        assert await ask(b"a") == b"a"
        proxy.hold()
        (link,) = proxy.links
        link.server[1].write_eof()  # the echo ends with that
        answer = asyncio.create_task(ask(b""))
        assert await is_silent(answer)
        proxy.let_go()
        assert await answer == b""

        async def gone() -> bool:
            return not proxy.links

        await eventually_async(gone)
