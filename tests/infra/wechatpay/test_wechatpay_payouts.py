"""Payouts end to end against a channel of the real protocol that fails in every way, and the judge over both books."""

import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from commands.processes.pay_out import PAY_OUT
from domain.events.payout import PayoutAttemptInDoubt, PayoutConfirmed, PayoutFailed
from domain.payout import PAYOUT, Status
from infra.simulator.world.invariants import Finding
from infra.simulator.world.payouts import Transfer, channel_paid_out, payouts_in_the_books
from infra.simulator.world.story import Story
from infra.wechatpay.channel import WeChatPay
from tests.builders import DAY
from tests.in_memory import Cell
from tests.infra.wechatpay.support import NOON as START
from tests.infra.wechatpay.support import Shop, Simulator, channel_at, simulating
from tests.payouts import initiate
from tests.processes.desk import Desk

PLAN: dict[str, Any] = {
    "rates": {
        "drop_reply": 0.15,
        "error_after_success": 0.15,
        "error_before": 0.1,
        "busy": 0.1,
        "not_visible_yet": 0.3,
        "not_enough": 0.1,
        "transfer_fails": 0.1,
        "transfer_lapses": 0.2,
    },
    "confirm_seconds": [1, 40_000],
    "unseen_seconds": [5, 40],
}
COUNT = 30


class CellClock:
    """The channel lives by the cell's own clock."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell

    def now(self) -> datetime:
        return self.cell.at


class House:
    """A cell, its worker, and the channel that it pays merchants by."""

    def __init__(self, cell: Cell, channel: WeChatPay, simulator: Simulator) -> None:
        self.cell = cell
        self.channel = channel
        self.simulator = simulator

    async def pays(self, seed: int, kills: float = 0.0) -> list[Any]:
        await self.simulator.deposit(10_000_00)
        await self.simulator.plan(**PLAN | {"seed": seed})
        ids = [initiate(self.cell, n) for n in range(COUNT)]
        desk = Desk(self.cell, PAY_OUT, self.channel, random.Random(seed), kills)
        await desk.run(timedelta(hours=30))
        desk.lose_the_list()
        await desk.run(10 * DAY)
        return [self.cell.state(PAYOUT, id) for id in ids]

    async def transfers(self) -> list[Transfer]:
        ends = {row["transfer"]: row["state"] for row in await self.simulator.rows("transfer_ends")}
        rows = await self.simulator.rows("transfers")
        return [Transfer(r["out_bill_no"], r["amount"], ends.get(r["seq"], "")) for r in rows]

    def story(self, change: Any = lambda event: [event]) -> Story:
        story = Story(self.cell.at)
        events = [event for one in self.cell.log for event in change(one.event)]
        for position, event in enumerate(events, 1):
            story.take(position, event)
        return story

    async def judged(self, story: Story | None = None) -> list[Finding]:
        told = story or self.story()
        return [payouts_in_the_books(told), channel_paid_out(told, await self.transfers())]


@pytest_asyncio.fixture
async def house(keys: Path, tmp_path: Path, shop: Shop) -> AsyncIterator[House]:
    cell = Cell(START, tenant="demo")
    clock = CellClock(cell)
    async with (
        simulating(keys, tmp_path / "books.sqlite3", clock) as simulator,
        channel_at(keys, simulator.url, shop.url, clock) as channel,
    ):
        yield House(cell, channel, simulator)


@pytest.mark.parametrize("seed", [1, 2])
async def test_each_merchant_is_paid_once_or_people_look_and_the_books_agree(
    house: House, seed: int
) -> None:
    states = await house.pays(seed, kills=0.05)
    for state in states:
        assert state.status is Status.CONFIRMED or state.trouble, state
    assert sum(state.status is Status.CONFIRMED for state in states) >= COUNT // 2
    assert house.cell.happened(PayoutAttemptInDoubt)
    assert house.cell.happened(PayoutFailed)
    fired = await house.simulator.fired()
    assert {"drop_reply", "transfer_lapses", "transfer_fails"} <= fired.keys()
    assert await house.simulator.broken() == []
    findings = await house.judged()
    assert [one for one in findings if not one.holds] == []
    assert all(one.checked >= COUNT for one in findings)
    paid = sum(event.amount.fen for event in house.cell.happened(PayoutConfirmed))
    assert 10_000_00 - paid == (await house.channel.balance()).available.fen


async def test_the_judge_finds_what_is_wrong_on_either_side(house: House) -> None:
    await house.pays(1)
    transfers = await house.transfers()
    paid = next(one for one in transfers if one.state == "SUCCESS")
    twice = Transfer(f"{paid.number[:25]}09", paid.fen, "SUCCESS")
    less = [one._replace(fen=one.fen - 1) if one is paid else one for one in transfers]
    unpaid = [one._replace(state="FAIL") if one is paid else one for one in transfers]
    for book in ([*transfers, twice], less, unpaid, [one for one in transfers if one is not paid]):
        assert not channel_paid_out(house.story(), book).holds
    first = house.cell.happened(PayoutConfirmed)[0]

    def forget(event: Any) -> list[Any]:
        return [] if event is first else [event]

    def double(event: Any) -> list[Any]:
        return [event, event] if event is first else [event]

    def shrink(event: Any) -> list[Any]:
        return [msgspec.structs.replace(event, amount=first.amount - first.amount)] if event is first else [event]  # fmt: skip

    for change in (double, shrink):
        assert not payouts_in_the_books(house.story(change)).holds
    assert payouts_in_the_books(house.story(forget)).holds  # it is on its way then, in both
    assert channel_paid_out(house.story(forget), transfers).holds
