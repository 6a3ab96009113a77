"""S11: a failing channel is left alone for a while, and never called faster than it allows."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from datetime import datetime
from typing import Any

import pytest

from commands.ports import ChannelInDoubt, ChannelRefund, ChannelRefused
from infra.processes.breaker import FAILURES_MAX, PAUSES, Breaker, Guarded, Rate
from tests.builders import NOON, SECOND

IN_DOUBT = ChannelInDoubt("nothing came back", "http_502")
BUSY = ChannelRefused("FREQUENCY_LIMITED", "频率过高")
NO = ChannelRefused("NOT_ENOUGH", "余额不足")


class Held:
    """A clock that a test holds."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


class Scripted:
    """Answers a query as it is told to."""

    name = "wechatpay"

    def __init__(self) -> None:
        self.error: Exception | None = None

    async def query_refund(self, out_refund_no: str) -> ChannelRefund:
        if self.error is not None:
            raise self.error
        return ChannelRefund(out_refund_no, "processing")


class Line:
    """A guarded channel, and one call over it."""

    def __init__(self) -> None:
        self.clock, self.channel = Held(), Scripted()
        self.breaker = Breaker(self.clock, "demo")
        channel: Any = self.channel
        self.guarded = Guarded(channel, self.breaker, Rate(1_000_000), "demo")

    async def call(self, error: Exception | None = None) -> None:
        self.channel.error = error
        with pytest.raises(type(error)) if error else nullcontext():
            await self.guarded.query_refund("1")

    async def fails(self, times: int, error: Exception = IN_DOUBT) -> None:
        for _ in range(times):
            await self.call(error)


@pytest.mark.parametrize("error", [IN_DOUBT, BUSY], ids=["in doubt", "429"])
async def test_s11_after_so_many_failures_in_a_row_nobody_calls(error: Exception) -> None:
    line = Line()
    await line.fails(FAILURES_MAX - 1, error)
    assert (line.breaker.state, line.breaker.pause()) == ("closed", None)
    await line.fails(1, error)
    assert (line.breaker.state, line.breaker.pause()) == ("open", NOON + PAUSES[0])


async def test_s11_an_answer_in_between_begins_the_count_anew_and_a_no_is_an_answer() -> None:
    line = Line()
    for answer in (None, NO):
        await line.fails(FAILURES_MAX - 1)
        await line.call(answer)
    await line.fails(FAILURES_MAX - 1)
    assert line.breaker.state == "closed"


async def test_s11_after_the_pause_one_may_try_and_its_outcome_decides_for_all() -> None:
    line = Line()
    await line.fails(FAILURES_MAX)
    for pause in (*PAUSES[1:], PAUSES[-1]):
        until = line.breaker.pause()
        assert until is not None
        line.clock.at = until
        assert line.breaker.state == "half-open"
        assert line.breaker.pause() is None  # this one may
        assert line.breaker.pause() == line.clock.at + PAUSES[0]  # and nobody beside it
        await line.fails(1)
        assert line.breaker.pause() == line.clock.at + pause  # longer and longer
    line.clock.at += PAUSES[-1]
    assert line.breaker.pause() is None
    await line.call()
    assert (line.breaker.state, line.breaker.pause()) == ("closed", None)


async def test_s11_a_prober_that_dies_is_followed_by_another() -> None:
    line = Line()
    await line.fails(FAILURES_MAX)
    line.clock.at += PAUSES[0]
    assert line.breaker.pause() is None
    line.clock.at += PAUSES[0]
    assert line.breaker.pause() is None


async def test_s11_calls_that_were_under_way_when_it_opened_do_not_make_the_pause_longer() -> None:
    line = Line()
    await line.fails(FAILURES_MAX + 30)
    assert line.breaker.pause() == NOON + PAUSES[0]


async def test_s11_calls_keep_their_distance() -> None:
    loop = asyncio.get_running_loop()
    rate = Rate(200)
    began = loop.time()
    many: list[Awaitable[None]] = [rate.take() for _ in range(41)]
    await asyncio.gather(*many)
    assert loop.time() - began >= 40 / 200
    idle: Callable[[], Awaitable[None]] = rate.take
    await asyncio.sleep(0.02)
    began = loop.time()
    await idle()
    assert loop.time() - began < SECOND.total_seconds()  # who comes alone waits for nobody
