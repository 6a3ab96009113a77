"""Money that goes back arrives, once, whatever the channel does and wherever the worker dies."""

import random
from datetime import timedelta
from uuid import UUID

import pytest

from commands.ports import ChannelInDoubt, ChannelRefund
from commands.processes.refund_buyers import REFUND_BUYERS
from domain.display import OrderStatus
from domain.events.order import RefundOwed
from domain.events.refund import (
    RefundAttemptInDoubt,
    RefundAttemptStarted,
    RefundReissued,
    RefundRetried,
)
from domain.ids import UserId
from domain.refund import Status
from tests.builders import ann
from tests.in_memory import Cell
from tests.processes.desk import Desk
from tests.processes.enemy import EnemyChannel
from tests.shop import Shop

WEEK = timedelta(days=7)


def failed_group(members: int) -> tuple[Cell, Shop]:
    """A group that misses one member, with everybody's money owed back."""
    cell = Cell()
    shop = Shop(cell, stock=members + 10, seats=members + 1, allotment=members + 1)
    opened = shop.opens_and_pays(ann)
    for n in range(1, members):
        shop.joins_and_pays(UserId(UUID(int=0xABC000 + n)), opened.group_id)
    cell.wait(minutes=25 * 60)
    shop.follows_up()
    return cell, shop


def held(shop: Shop, channel: EnemyChannel) -> None:
    """At most once, to the fen, by the channel's own books."""
    for debt in shop.cell.happened(RefundOwed):
        assert len(channel.live(debt.refund_id.hex)) <= 1
        assert channel.paid_back(debt.transaction_id) <= debt.amount.fen


@pytest.mark.parametrize("seed", range(40))
async def test_every_debt_is_paid_once_by_a_channel_that_lies_drops_and_forgets(seed: int) -> None:
    dice = random.Random(seed)
    cell, shop = failed_group(6)
    ends = dice.choice((("succeeded",), ("succeeded", "closed"), ("succeeded", "abnormal")))
    channel = EnemyChannel(cell, dice, chaos=dice.choice((0.2, 0.5, 0.8)), ends=ends)
    desk = Desk(cell, REFUND_BUYERS, channel, dice, kills=dice.choice((0.0, 0.1, 0.3)))
    await desk.run(WEEK)
    held(shop, channel)
    for debt in cell.happened(RefundOwed):
        refund = shop.refund(debt.refund_id)
        if refund.trouble is None:
            assert refund.status is Status.SUCCEEDED
            assert shop.status(debt.order_id) is OrderStatus.REFUNDED
            assert channel.paid_back(debt.transaction_id) == debt.amount.fen
        else:
            assert refund.trouble in ("abnormal", "closed_again")
            assert shop.status(debt.order_id) is OrderStatus.REFUND_ATTENTION
    assert desk.due == {}


async def test_a_worker_that_dies_at_every_second_step_still_gets_there() -> None:
    cell, shop = failed_group(3)
    dice = random.Random(7)
    channel = EnemyChannel(cell, dice, chaos=0.0)
    desk = Desk(cell, REFUND_BUYERS, channel, dice, kills=0.5)
    await desk.run(WEEK)
    held(shop, channel)
    assert desk.died > 5
    assert {event.cause for event in cell.happened(RefundAttemptInDoubt)} >= {"worker_died"}
    assert [shop.status(debt.order_id) for debt in cell.happened(RefundOwed)] == [
        OrderStatus.REFUNDED
    ] * 3


async def test_an_attempt_stands_before_its_call_and_keeps_its_number() -> None:
    cell, _ = failed_group(1)
    seen: list[int] = []

    class Watching(EnemyChannel):
        async def refund(self, **asked: object) -> ChannelRefund:
            seen.append(len(cell.happened(RefundAttemptStarted)))
            raise ChannelInDoubt("reset", "reset")

        async def query_refund(self, out_refund_no: str) -> ChannelRefund:
            return ChannelRefund(out_refund_no, "not_found")

    desk = Desk(cell, REFUND_BUYERS, Watching(cell, random.Random(1)), random.Random(1))
    await desk.run(timedelta(hours=1))
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) > 2
    assert len({event.number for event in cell.happened(RefundAttemptStarted)}) == 1
    assert cell.happened(RefundReissued) == []
    retried, doubts = cell.happened(RefundRetried), cell.happened(RefundAttemptInDoubt)
    for doubt, retry in zip(doubts, retried, strict=False):  # ten seconds and two looks between
        assert retry.at - doubt.at >= timedelta(seconds=10)


async def test_of_five_hundred_members_one_stays_abnormal_and_all_others_are_paid() -> None:
    cell, shop = failed_group(499)
    debts = cell.happened(RefundOwed)
    unlucky = debts[123].refund_id

    class OneBad(EnemyChannel):
        async def query_refund(self, out_refund_no: str) -> ChannelRefund:
            bad = out_refund_no.startswith(unlucky.hex)
            self.ends = ("abnormal",) if bad else ("succeeded",)
            return await super().query_refund(out_refund_no)

    channel = OneBad(cell, random.Random(5), chaos=0.1)
    await Desk(cell, REFUND_BUYERS, channel, random.Random(5)).run(WEEK)
    held(shop, channel)
    statuses = {debt.refund_id: shop.refund(debt.refund_id).status for debt in debts}
    assert statuses.pop(unlucky) is Status.ABNORMAL
    assert set(statuses.values()) == {Status.SUCCEEDED}
    assert len(statuses) == 498
