"""An order shared out inside the channel, end to end: our commands and process against a channel of the real protocol."""

import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from commands.advance_refund import AdvanceRefund
from commands.advance_split import AdvanceSplit
from commands.escalate_split import EscalateSplit
from commands.ports import ChannelRefused
from commands.processes.refund_buyers import REFUND_BUYERS
from commands.processes.split_orders import SPLIT_ORDERS
from commands.request_split import OrderNotPaidYet, RequestSplit, ShareWanted
from commands.request_split_return import RequestSplitReturn
from commands.retry_split import RetrySplit
from domain.display import OrderStatus
from domain.events.split import (
    SplitAttemptInDoubt,
    SplitEscalated,
    SplitFinished,
    SplitFreezeWarned,
    SplitReturned,
    SplitReturnFailed,
    SplitReturnRequested,
    SplitSettled,
    SplitUnfrozen,
)
from domain.ids import OrderId, RefundId, split_id
from domain.money import Money
from domain.split import SPLIT
from domain.split_plans import SplitOverRatio
from infra.wechatpay.channel import WeChatPay
from infra.wechatpay.credentials import load_merchant
from tests.builders import DAY, HOUR, MINUTE, ann
from tests.in_memory import Cell
from tests.infra.wechatpay.support import JSAPI, Bare, Shop, channel_at, simulating
from tests.infra.wechatpay.support import NOON as START
from tests.processes.desk import Desk
from tests.refund_desk import agrees, wishes
from tests.shop import Shop as Mall

OUR_COMMISSION, LEADERS = 116, 60
LEADER = "1900000777"


class CellClock:
    """The channel lives by the cell's own clock."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell

    def now(self) -> datetime:
        return self.cell.at


class Deal:
    """One order of a mall, paid into its merchant's frozen money at the channel."""

    def __init__(self, cell: Cell, mall: Mall, channel: WeChatPay, bare: Bare, shop: Shop) -> None:
        self.cell = cell
        self.mall = mall
        self.channel = channel
        self.bare = bare
        self.shop = shop
        self.us = bare.merchant.account.mchid
        self.desk = Desk(cell, SPLIT_ORDERS, channel, random.Random(1))
        self.order = OrderId(UUID(int=0))
        self.transaction = ""
        self.fen = 0

    async def paid(self, *, frozen: bool = True) -> None:
        placed = self.mall.buys_alone(ann)
        number, self.order, self.fen = placed.order_id.hex, placed.order_id, placed.amount_fen
        wanted = self.bare.order(
            self.shop,
            out_trade_no=number,
            amount={"total": self.fen, "currency": "CNY"},
            settle_info={"profit_sharing": frozen},
        )
        assert (await self.bare.ask("POST", JSAPI, wanted))[0] == 200
        status, receipt = await self.bare.simulator.pay(out_trade_no=number)
        assert status == 200, receipt
        self.transaction = receipt["transaction_id"]
        self.mall.pays(self.order, transaction=self.transaction)
        for account in (self.us, LEADER):
            await self.channel.add_receiver(account, "SERVICE_PROVIDER")

    def request(self, ours: int = OUR_COMMISSION, leaders: int = LEADERS) -> Any:
        shares = (
            ShareWanted("platform", self.us, ours, 6),
            ShareWanted("leader", LEADER, leaders),
        )
        return self.cell.ask(RequestSplit(self.order, shares))

    async def run(self, until: timedelta = HOUR) -> None:
        await self.desk.run(until)

    async def balance(self) -> int:
        return (await self.channel.balance()).available.fen

    async def refund(self, fen: int) -> int:
        """HTTP status of the channel's answer."""
        status, _ = await self.bare.refund(self.shop, self.transaction, refund=fen, total=self.fen)
        return status

    def state(self) -> Any:
        return self.cell.state(SPLIT, split_id(self.order))


@pytest_asyncio.fixture
async def deal(keys: Path, tmp_path: Path, shop: Shop) -> AsyncIterator[Deal]:
    cell = Cell(START, tenant="demo", paranoid=True)
    clock = CellClock(cell)
    async with (
        simulating(keys, tmp_path / "books.sqlite3", clock) as simulator,
        channel_at(keys, simulator.url, shop.url, clock) as channel,
    ):
        deal = Deal(
            cell,
            Mall(cell, starts_at=START - DAY, ends_at=START + 30 * DAY),
            channel,
            Bare(load_merchant(keys), simulator, clock),
            shop,
        )
        await deal.paid()
        yield deal
        assert await simulator.broken() == []


async def test_the_money_never_is_on_our_account_until_our_share_comes(deal: Deal) -> None:
    assert await deal.balance() == 0
    assert await deal.channel.unsplit(deal.transaction) == Money(deal.fen)
    assert await deal.channel.max_ratio("any") == 3000
    deal.request()
    await deal.run()
    assert await deal.balance() == OUR_COMMISSION
    assert {event.receiver.account for event in deal.cell.happened(SplitFinished)} == {deal.us, LEADER}  # fmt: skip
    (rest,) = deal.cell.happened(SplitUnfrozen)
    assert rest.amount.fen == deal.fen - OUR_COMMISSION - LEADERS
    assert await deal.channel.unsplit(deal.transaction) == Money(0)
    assert len(deal.cell.happened(SplitSettled)) == 1
    assert deal.desk.due == {}


@pytest.mark.parametrize("fault", ["drop_reply", "error_after_success", "not_visible_yet", "busy"])
async def test_whatever_becomes_of_the_answer_each_receiver_gets_its_share_once(
    deal: Deal, fault: str
) -> None:
    await deal.bare.simulator.next(fault, "split", 3)
    deal.request()
    await deal.run(DAY)
    assert await deal.balance() == OUR_COMMISSION
    assert len(deal.cell.happened(SplitFinished)) == 2
    assert deal.state().frozen.fen == 0
    if fault.startswith(("drop", "error")):
        assert deal.cell.happened(SplitAttemptInDoubt)


async def test_a_dead_worker_between_call_and_record_is_asked_about(deal: Deal) -> None:
    deal.request()
    step = deal.cell.ask(AdvanceSplit(split_id(deal.order), UUID(int=0xDEAD)))
    parts = [(part.account, Money(part.amount_fen)) for part in step.parts]
    await deal.channel.split(
        transaction_id=step.transaction_id,
        number=step.number,
        parts=parts,
        before=step.deadline,
    )
    await deal.run(DAY)
    assert await deal.balance() == OUR_COMMISSION
    assert deal.cell.happened(SplitAttemptInDoubt)[0].cause == "worker_died"


async def test_a_plan_beyond_the_ratio_is_refused_by_us_and_by_the_channel(deal: Deal) -> None:
    with pytest.raises(SplitOverRatio):
        deal.request(ours=deal.fen * 31 // 100)
    with pytest.raises(ChannelRefused) as no:
        await deal.channel.split(
            transaction_id=deal.transaction,
            number="x1",
            parts=[(deal.us, Money(deal.fen * 31 // 100))],
            before=deal.cell.at + HOUR,
        )
    assert no.value.code == "RULE_LIMIT"


async def test_a_refund_after_a_split_needs_the_shares_back_first(deal: Deal) -> None:
    deal.request()
    await deal.run()
    assert await deal.refund(deal.fen) == 403
    refund = RefundId(UUID(int=0x3F))
    deal.cell.ask(RequestSplitReturn(deal.order, refund, deal.fen))
    await deal.run()
    returned = deal.cell.happened(SplitReturned)
    assert sum(event.receiver.amount.fen for event in returned) == OUR_COMMISSION + LEADERS
    assert await deal.balance() == 0
    deal.cell.at += MINUTE
    assert await deal.refund(deal.fen) == 200
    facts = len(deal.cell.log)
    deal.cell.ask(RequestSplitReturn(deal.order, refund, deal.fen))
    assert len(deal.cell.log) == facts  # the same refund asks once


async def test_a_refund_of_ours_waits_by_itself_until_the_shares_are_back(deal: Deal) -> None:
    deal.request()
    await deal.run()
    wish = wishes(deal.mall, deal.order, deal.fen)
    agrees(deal.mall, wish)
    refunds = Desk(deal.cell, REFUND_BUYERS, deal.channel, random.Random(2))
    assert deal.cell.ask(AdvanceRefund(wish.refund_id, UUID(int=1))).do == "wait"
    assert deal.cell.ask(AdvanceRefund(wish.refund_id, UUID(int=2))).do == "wait"
    assert await deal.balance() == OUR_COMMISSION
    deal.desk.follow()
    await deal.run(10 * MINUTE)
    assert len(deal.cell.happened(SplitReturned)) == 2
    await refunds.run(6 * HOUR)
    assert deal.mall.status(deal.order) is OrderStatus.REFUNDED
    assert await deal.balance() == 0


async def test_a_refund_does_not_overtake_a_sharing_that_is_under_way(deal: Deal) -> None:
    deal.request()
    wish = wishes(deal.mall, deal.order, deal.fen)
    agrees(deal.mall, wish)
    assert deal.cell.ask(AdvanceRefund(wish.refund_id, UUID(int=1))).do == "wait"
    assert deal.cell.happened(SplitReturnRequested) == []
    await deal.run()
    assert deal.cell.ask(AdvanceRefund(wish.refund_id, UUID(int=2))).do == "wait"
    assert len(deal.cell.happened(SplitReturnRequested)) == 2


async def test_a_receiver_that_gives_nothing_back_is_for_people(deal: Deal) -> None:
    deal.request()
    await deal.run()
    await deal.bare.simulator.next("share_kept", "share_return")
    deal.cell.ask(RequestSplitReturn(deal.order, RefundId(UUID(int=1)), deal.fen // 2))
    await deal.run()
    (failed,) = deal.cell.happened(SplitReturnFailed)
    assert failed.code == "ACCOUNT_ABNORMAL"
    assert deal.state().trouble == "return_failed"


async def test_a_receiver_that_is_shut_out_leaves_its_share_frozen_until_people_say_go_on(
    deal: Deal,
) -> None:
    await deal.bare.simulator.next("share_closed", "split")
    deal.request()
    await deal.run()
    assert deal.state().trouble == "receiver_closed"
    assert await deal.channel.unsplit(deal.transaction) == Money(deal.fen - LEADERS)
    deal.cell.ask(RetrySplit(deal.order), by="cat")
    await deal.run()
    assert deal.state().frozen.fen == 0


async def test_the_guard_warns_at_four_fifths_and_says_when_it_is_too_late(deal: Deal) -> None:
    deal.request()
    deal.cell.wait(until=START + 24 * DAY - MINUTE)
    assert deal.cell.happened(SplitFreezeWarned) == []
    deal.cell.wait(until=START + 24 * DAY + MINUTE)
    (warned,) = deal.cell.happened(SplitFreezeWarned)
    assert warned.frozen.fen == deal.fen
    deal.cell.wait(until=START + 30 * DAY + MINUTE)
    (gone,) = deal.cell.happened(SplitUnfrozen)
    assert (gone.amount.fen, gone.evidence) == (deal.fen, "expiry")
    assert [event.trouble for event in deal.cell.happened(SplitEscalated)] == ["frozen_out"]
    assert await deal.channel.unsplit(deal.transaction) == Money(0)
    await deal.run()
    assert await deal.balance() == 0  # nothing was asked of the channel any more


async def test_only_what_was_paid_can_be_shared_out(deal: Deal) -> None:
    unpaid = deal.mall.buys_alone(ann).order_id
    with pytest.raises(OrderNotPaidYet):
        deal.cell.ask(RequestSplit(unpaid, (ShareWanted("platform", deal.us, 1),)))


async def test_an_order_that_was_not_made_to_be_shared_is_refused_by_the_channel(
    deal: Deal, shop: Shop
) -> None:
    await deal.paid(frozen=False)
    deal.request()
    await deal.run(6 * HOUR)
    assert deal.state().trouble == "rejected"  # it says INVALID_REQUEST, for ever
    assert deal.cell.happened(SplitFinished) == []


async def test_a_crashing_worker_calls_people(deal: Deal) -> None:
    deal.request()
    crashed = EscalateSplit(split_id(deal.order), "worker_crashed", "KeyError")
    assert deal.cell.ask(crashed).trouble == "worker_crashed"
    deal.cell.ask(RetrySplit(deal.order))
    await deal.run()
    assert deal.cell.ask(crashed).trouble is None
