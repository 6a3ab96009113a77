"""The saga of a payout over the real deciders and an enemy of a channel: each moves at most once, all arrive."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from commands.advance_payout import AdvancePayout
from commands.hear_payout import HearPayout
from commands.ports import ChannelInDoubt, ChannelPayout, Erased
from commands.processes.pay_out import PAY_OUT
from commands.record_payout_doubt import RecordPayoutDoubt
from domain.attempts import NotYourAttempt
from domain.events.payout import (
    PayoutAttemptInDoubt,
    PayoutConfirmed,
    PayoutEscalated,
    PayoutFailed,
    PayoutReissued,
)
from domain.ids import PayoutId
from domain.money import Money
from domain.payout import PAYOUT, Status
from domain.payout_rules import out_bill_no
from tests.builders import DAY, MINUTE, SECOND
from tests.in_memory import Cell
from tests.payouts import initiate
from tests.processes.desk import Desk
from tests.processes.enemy_payouts import EnemyPayouts

MONTH = 30 * DAY


def world(
    count: int, dice: random.Random, **more: Any
) -> tuple[Cell, EnemyPayouts, list[PayoutId]]:
    cell = Cell(tenant="demo", paranoid=True)
    channel = EnemyPayouts(cell, dice, **more)
    return cell, channel, [initiate(cell, n) for n in range(count)]


def held(cell: Cell, channel: EnemyPayouts, ids: list[PayoutId]) -> None:
    """At no time two numbers of a payout that may pay; what we call paid is what the channel's books say."""
    for id in ids:
        numbers = {out_bill_no(id, generation) for generation in range(10)}
        assert len(channel.live(numbers)) <= 1
    ours = sum(event.amount.fen for event in cell.happened(PayoutConfirmed))
    assert ours == channel.paid()


@pytest.mark.parametrize("seed", range(15))
async def test_whatever_the_channel_does_and_whoever_dies_each_merchant_is_paid_once(
    seed: int,
) -> None:
    dice = random.Random(seed)
    cell, channel, ids = world(6, dice, chaos=0.5, ends=("confirmed", "confirmed", "failed"))
    desk = Desk(cell, PAY_OUT, channel, dice, kills=0.1)
    for _ in range(20):
        await desk.run(timedelta(seconds=dice.choice((1, 20, 90, 4000))))
        desk.lose_the_list()
    await desk.run(MONTH)
    for id in ids:
        state = cell.state(PAYOUT, id)
        people = state.trouble == "failed_again"
        assert state.status is Status.CONFIRMED or people, state
        assert PAYOUT.fold(cell.facts(id)) == state
    paid = {event.payout_id for event in cell.happened(PayoutConfirmed)}
    assert len(paid) == len(cell.happened(PayoutConfirmed))
    held(cell, channel, ids)


async def test_a_channel_that_always_drops_its_replies_pays_each_once_under_its_first_number() -> (
    None
):
    class Silent(EnemyPayouts):
        async def pay_out(self, **asked: Any) -> ChannelPayout:
            await super().pay_out(**asked)
            raise ChannelInDoubt("executed, and the answer was lost", "timeout")

    dice = random.Random(5)
    cell = Cell(tenant="demo")
    channel = Silent(cell, dice, chaos=0.0)
    ids = [initiate(cell, n) for n in range(8)]
    await Desk(cell, PAY_OUT, channel, dice).run(MONTH)
    assert set(channel.calls) == {out_bill_no(id, 0) for id in ids}
    assert len(cell.happened(PayoutAttemptInDoubt)) >= 8
    assert len(cell.happened(PayoutConfirmed)) == 8
    held(cell, channel, ids)


async def test_a_payee_who_never_confirms_is_offered_it_again_and_then_people_are_called() -> None:
    dice = random.Random(3)
    cell, channel, ids = world(1, dice, chaos=0.0, ends=("failed",))
    await Desk(cell, PAY_OUT, channel, dice).run(MONTH)
    assert len(cell.happened(PayoutReissued)) == 2
    assert len(cell.happened(PayoutFailed)) == 3
    assert [event.trouble for event in cell.happened(PayoutEscalated)] == ["failed_again"]
    assert cell.state(PAYOUT, ids[0]).status is Status.FAILED
    assert channel.paid() == 0


async def test_a_worker_stopped_past_its_deadline_calls_nothing_and_records_nothing() -> None:
    dice = random.Random(1)
    cell, channel, (id,) = world(1, dice, chaos=0.0)
    worker = UUID(int=0xDEAD)
    step = cell.ask(AdvancePayout(id, worker))
    cell.at += 3 * MINUTE
    await Desk(cell, PAY_OUT, channel, dice).run(MONTH)
    assert cell.state(PAYOUT, id).status is Status.CONFIRMED
    with pytest.raises(ChannelInDoubt, match="too late"):
        await channel.pay_out(
            number=step.number,
            amount=Money(step.amount_fen),
            payee="payee-0",
            note="x",
            before=step.deadline,
        )
    with pytest.raises(NotYourAttempt):
        cell.ask(RecordPayoutDoubt(id, step.attempt, worker, "timeout"))
    held(cell, channel, [id])


async def test_whatever_comes_after_the_end_adds_nothing() -> None:
    dice = random.Random(1)
    cell, channel, (id,) = world(1, dice, chaos=0.0)
    desk = Desk(cell, PAY_OUT, channel, dice)
    await desk.run(MONTH)
    number, facts = out_bill_no(id, 0), len(cell.log)
    for seen in ("processing", "awaiting_payee", "confirmed", "not_found"):
        cell.ask(HearPayout(id, number, seen, "query", "13", 1000))
    assert cell.ask(AdvancePayout(id, UUID(int=1))).do == "over"
    await desk.work(id)
    assert len(cell.log) == facts


async def test_an_account_that_cannot_be_read_any_more_is_for_people() -> None:
    class Forgetful(Desk):
        async def unseal(self, tenant: str, sealed: str) -> str:
            raise Erased

    dice = random.Random(1)
    cell, channel, (id,) = world(1, dice, chaos=0.0)
    await Forgetful(cell, PAY_OUT, channel, dice).run(DAY)
    assert cell.state(PAYOUT, id).trouble == "rejected"
    assert channel.calls == []


@pytest.mark.parametrize("seed", range(5))
async def test_waking_early_late_twice_or_for_nothing_does_no_harm(seed: int) -> None:
    dice = random.Random(seed)
    cell, channel, ids = world(3, dice, chaos=0.4)
    desk = Desk(cell, PAY_OUT, channel, dice, kills=0.1)
    for _ in range(200):
        desk.follow()
        await desk.work(dice.choice(ids))
        cell.at += dice.choice((timedelta(0), SECOND, 20 * SECOND, 5 * MINUTE))
    desk.lose_the_list()
    await desk.run(MONTH)
    assert len(cell.happened(PayoutConfirmed)) == 3
    held(cell, channel, ids)
