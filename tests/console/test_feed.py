"""The console follows a live feed over broken lines, from where it was, and adds what it hears to the day."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from read_api.console.api import Api, Ended
from read_api.console.day import Day
from read_api.console.feed import Told, follow


def sales(name: str, **more: Any) -> Told:
    nothing: dict[str, Any] = {"total": None, "provinces": [], "minutes": [], "degraded": False}
    return Told(name, nothing | more)


def event(id: str, told: Told) -> bytes:
    return f"event: {told.name}\nid: {id}\ndata: {json.dumps(told.data)}\n\n".encode()


class Channel:
    """A feed that breaks off in the middle of its second event, and lets nobody in the third time."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(
            (request.headers.get("Last-Event-ID", ""), request.headers["Authorization"])
        )
        if len(self.asked) == 3:
            return web.json_response({"code": "unauthenticated"}, status=401)
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        if len(self.asked) == 1:
            await answer.write(b"retry: 1000\n\n" + event("cell_0.1.7", sales("state")))
            await answer.write(b": still here\n\n" + event("cell_0.1.9", sales("delta"))[:40])
            assert request.transport is not None
            request.transport.abort()
        else:
            await answer.write(event("cell_0.1.9", sales("delta", degraded=True)))
        return answer


@pytest.fixture
async def channel() -> AsyncIterator[tuple[Channel, str]]:
    channel = Channel()
    app = web.Application()
    app.router.add_get("/feed", channel.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield channel, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_broken_line_is_taken_up_again_after_the_last_whole_event(
    channel: tuple[Channel, str],
) -> None:
    served, url = channel
    heard: list[Told] = []
    async with aiohttp.ClientSession() as http:
        feed = follow(Api(http, url, "t0k"), "/feed")
        heard += [await anext(feed), await anext(feed)]
        with pytest.raises(Ended):
            await anext(feed)
    assert [(told.name, told.data["degraded"]) for told in heard] == [
        ("state", False),
        ("delta", True),
    ]
    assert served.asked == [
        ("", "Bearer t0k"),
        ("cell_0.1.7", "Bearer t0k"),
        ("cell_0.1.9", "Bearer t0k"),
    ]


def test_a_delta_replaces_lines_and_a_reset_forgets_them() -> None:
    def line(key: str, fen: int) -> dict[str, Any]:
        return {"key": key, "paid_fen": fen}

    day = Day()
    day.hear(sales("state", total=line("total", 5), provinces=[line("33", 3), line("44", 2)]))
    day.hear(sales("delta", total=line("total", 9), provinces=[line("44", 6)]))
    assert day.total == line("total", 9)
    assert day.provinces == {"33": line("33", 3), "44": line("44", 6)}
    day.hear(sales("delta", degraded=True))
    assert day.total == line("total", 9)
    day.hear(sales("reset"))
    assert day.total is None
    assert day.provinces == {}
    assert not day.degraded


def test_the_chart_leaves_out_the_minute_that_is_not_over() -> None:
    day = Day()
    minutes = [{"key": f"2026-11-25T01:{minute:02d}Z"} for minute in (5, 3, 4)]
    day.hear(sales("state", minutes=minutes))
    assert [line["key"][-3:-1] for line in day.last_minutes(60)] == ["03", "04"]
    assert [line["key"][-3:-1] for line in day.last_minutes(1)] == ["04"]
