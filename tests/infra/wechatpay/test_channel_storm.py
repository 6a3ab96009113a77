"""A flood of refunds while a third of all calls go wrong: the money of each number moves at most once.

The merchant here keeps to the rules of the protocol, and to nothing else that our own processes know: it asks
again under the same number, believes a second "not found", and takes a new number only after a CLOSED.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from commands.ports import BadNotification, ChannelInDoubt, ChannelRefund, ChannelRefused
from domain.money import Money
from infra.simulator.wechatpay.faults import FITS
from infra.wechatpay.channel import WeChatPay
from infra.wechatpay.credentials import ensure, load_merchant
from tests.infra.wechatpay.support import (
    NOON,
    Bare,
    HeldClock,
    Shop,
    Simulator,
    Told,
    channel_at,
    simulating,
)
from tests.infra.wechatpay.test_wechatpay_refunds import NEVER
from tests.waiting import eventually_async

T = TypeVar("T")
SECOND = timedelta(seconds=1)
REFUNDS = 150
AT_ONCE = 30
RATE = 0.05  # of each fault; so many fit a call that a third of all calls meets one
PLAN = {
    "seed": 20261122,
    "rates": dict.fromkeys(FITS, RATE) | {"key_rotation": 0.01},
    "delays_ms": [1, 30],
    "refund_seconds": [1, 30],
    "slow_seconds": [60, 120],
    "unseen_seconds": [5, 40],
}


class Merchant:
    """Pays everything back, whatever the channel does."""

    def __init__(self, channel: WeChatPay, clock: HeldClock) -> None:
        self.channel = channel
        self.clock = clock
        self.calling = 0
        self.calls = 0
        self.troubles: Counter[str] = Counter()
        self.ended: dict[str, ChannelRefund] = {}
        self.heard: Counter[str] = Counter()
        self.slots = asyncio.Semaphore(AT_ONCE)

    def hear(self, told: Told) -> int:
        """Where notifications go."""
        try:
            self.channel.read_notification(told.headers, told.body)
        except BadNotification as bad:
            self.heard[str(bad)] += 1
            return 401
        self.heard["proven"] += 1
        return 204

    async def pay_back(self, n: int, transaction_id: str) -> None:
        """One debt, until the channel says that its money has arrived."""
        async with self.slots:
            for generation in range(20):
                number = f"{n:032x}{generation:02d}"
                if await self.ends_well(number, transaction_id):
                    return
                await self.rest(60)
            raise AssertionError(f"twenty numbers of {n} were closed")

    async def ends_well(self, number: str, transaction_id: str) -> bool:
        unseen = 0
        seen = await self.ask(self.wanted(number, transaction_id))
        while True:
            match seen.state if seen else "unclear":
                case "succeeded":
                    assert seen is not None
                    self.ended[number] = seen
                    return True
                case "closed":
                    return False
                case "abnormal":
                    assert seen is not None
                    again = self.channel.return_refund(
                        channel_refund_id=seen.channel_refund_id,
                        out_refund_no=number,
                        before=NEVER,
                    )
                    await self.ask(again)
                case "not_found":
                    unseen += 1
                    if unseen > 1:
                        unseen = 0
                        await self.ask(self.wanted(number, transaction_id))
            await self.rest(15)
            seen = await self.ask(self.channel.query_refund(number))

    def wanted(self, number: str, transaction_id: str) -> Coroutine[Any, Any, ChannelRefund]:
        return self.channel.refund(
            transaction_id=transaction_id,
            out_refund_no=number,
            amount=Money(1990),
            total=Money(1990),
            reason="拼团未成功",
            before=NEVER,
        )

    async def ask(self, call: Coroutine[Any, Any, T]) -> T | None:
        """What the channel answers; None when it is in doubt, or says no for now."""
        self.calling += 1
        self.calls += 1
        try:
            return await call
        except ChannelInDoubt as doubt:
            self.troubles[doubt.code] += 1
        except ChannelRefused as no:
            if no.code not in ("NOT_ENOUGH", "FREQUENCY_LIMITED", "INVALID_REQUEST"):
                raise
            self.troubles[no.code] += 1
        finally:
            self.calling -= 1
        return None

    async def rest(self, seconds: int) -> None:
        until = self.clock.at + seconds * SECOND
        while self.clock.at < until:
            await asyncio.sleep(0.005)

    async def let_time_pass(self) -> None:
        """A second whenever nobody is talking to the channel."""
        while True:
            if self.calling == 0:
                self.clock.advance(SECOND)
            await asyncio.sleep(0.005)


@asynccontextmanager
async def stormy(tmp_path: Path, shop: Shop) -> AsyncIterator[tuple[Merchant, Simulator, Bare]]:
    keys, clock = tmp_path / "keys", HeldClock()
    ensure(keys, NOON)
    async with (
        simulating(keys, tmp_path / "books.sqlite3", clock) as simulator,
        channel_at(keys, simulator.url, shop.url, clock) as channel,
    ):
        merchant = Merchant(channel, clock)
        shop.judge = merchant.hear
        yield merchant, simulator, Bare(load_merchant(keys), simulator, clock)


@pytest.mark.timeout(240)
async def test_each_number_moves_money_at_most_once_in_a_storm(tmp_path: Path, shop: Shop) -> None:
    async with stormy(tmp_path, shop) as (merchant, simulator, bare):
        paid = [await bare.pay(shop, f"order-{n:04d}") for n in range(REFUNDS)]
        await simulator.plan(**PLAN)
        time = asyncio.create_task(merchant.let_time_pass())
        async with asyncio.TaskGroup() as debts:
            for n, transaction_id in enumerate(paid):
                debts.create_task(merchant.pay_back(n, transaction_id))
        await simulator.ask("DELETE", "/sim/faults")
        await heard_of(simulator)
        time.cancel()

        assert await simulator.broken() == []
        sums, fired = await simulator.sums(), await simulator.fired()
        assert (sums["refunded_fen"], sums["balance_fen"]) == (REFUNDS * 1990, 0)
        assert len(merchant.ended) == REFUNDS
        moves = await all_rows(simulator, "funds")
        out = Counter(move["refund"] for move in moves if move["kind"] == "refund")
        assert set(out.values()) == {1}
        here = {fault for fault, calls in FITS.items() if calls & {"refund", "return", "notify"}}
        assert here - fired.keys() == set()
        assert sum(merchant.troubles.values()) > merchant.calls / 10
        assert merchant.heard["a probe with a wrong signature on purpose"] > 0


async def heard_of(simulator: Simulator) -> None:
    """Every ending was told in the end."""

    async def told() -> bool:
        sums = await simulator.sums()
        ended = await all_rows(simulator, "refund_steps")
        count = sum(1 for row in ended if row["state"] != "PROCESSING")
        return bool(sums["refunds_notified"] == count)

    await eventually_async(told, 60)


async def all_rows(simulator: Simulator, book: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while page := (await simulator.book(book, after=str(len(rows)), limit="1000"))["rows"]:
        rows += page
    return rows
