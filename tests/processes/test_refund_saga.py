"""The saga of a refund, requirement by requirement (S1 to S18), over the real deciders and an enemy of a channel."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from commands.advance_refund import AdvanceRefund
from commands.confirm_refund_by_bill import ConfirmRefundByBill
from commands.hear_refund import HearRefund
from commands.ports import ChannelInDoubt, ChannelRefund, ChannelRefused
from commands.processes.refund_buyers import REFUND_BUYERS
from commands.record_refund_rejection import RecordRefundRejection
from domain.attempts import NotYourAttempt
from domain.display import OrderStatus
from domain.events.order import OrderRefunded, RefundOwed
from domain.events.payment import PaymentRefundStarted
from domain.events.refund import (
    RefundAttemptInDoubt,
    RefundAttemptStarted,
    RefundClosed,
    RefundConfirmedByBill,
    RefundReissued,
    RefundRequested,
    RefundSucceeded,
)
from domain.refund import REFUND, Status
from infra.processes.breaker import FAILURES_MAX, PAUSES, Breaker, Guarded, Rate
from tests.builders import DAY, HOUR, MINUTE, SECOND
from tests.in_memory import Cell
from tests.processes.desk import Desk
from tests.processes.enemy import EnemyChannel
from tests.processes.test_refund_buyers import WEEK, failed_group, held
from tests.shop import Shop


def all_paid(cell: Cell, shop: Shop, channel: EnemyChannel) -> None:
    """Every debt has arrived, once, to the fen, in the channel's books and in ours."""
    held(shop, channel)
    debts = cell.happened(RefundOwed)
    assert debts
    for debt in debts:
        assert shop.refund(debt.refund_id).status is Status.SUCCEEDED
        assert shop.status(debt.order_id) is OrderStatus.REFUNDED
        assert channel.paid_back(debt.transaction_id) == debt.amount.fen
    assert len(cell.happened(OrderRefunded)) == len(debts)


def calm(cell: Cell) -> EnemyChannel:
    """One that does what it is asked, and says so."""
    return EnemyChannel(cell, random.Random(4), chaos=0.0)


def desk_of(cell: Cell, channel: Any, **more: Any) -> Desk:
    return Desk(cell, REFUND_BUYERS, channel, random.Random(3), **more)


# --- S1, S2: one truth, one commit ------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
async def test_s1_the_list_can_be_thrown_away_at_any_time_and_made_again_from_facts(
    seed: int,
) -> None:
    dice = random.Random(seed)
    cell, shop = failed_group(4)
    channel = EnemyChannel(cell, dice, chaos=0.5)
    desk = Desk(cell, REFUND_BUYERS, channel, dice, kills=0.1)
    for _ in range(30):
        await desk.run(timedelta(seconds=dice.choice((1, 20, 90))))
        desk.lose_the_list()
    await desk.run(WEEK)
    all_paid(cell, shop, channel)
    for debt in cell.happened(RefundOwed):  # no other state than the fold of its own stream
        folded = REFUND.fold(cell.facts(debt.refund_id))
        assert folded == shop.refund(debt.refund_id)


async def test_s2_what_belongs_together_is_in_one_commit() -> None:
    cell, shop = failed_group(4)
    dice = random.Random(1)
    channel = EnemyChannel(cell, dice, chaos=0.3, ends=("succeeded", "closed"))
    await Desk(cell, REFUND_BUYERS, channel, dice).run(WEEK)
    held(shop, channel)
    together: dict[int, list[Any]] = {}
    for one in cell.log:
        together.setdefault(id(one.command), []).append(one.event)
    pairs = ((RefundOwed, RefundRequested), (RefundSucceeded, OrderRefunded))
    for first, second in pairs:
        for events in together.values():
            kinds = [type(event) for event in events]
            assert kinds.count(first) == kinds.count(second)
    numbers = {event.number for event in cell.happened(PaymentRefundStarted)}
    assert numbers == {event.number for event in cell.happened(RefundAttemptStarted)}
    for events in together.values():  # a number is counted in the commit of its first attempt
        counted = [event.number for event in events if isinstance(event, PaymentRefundStarted)]
        tried = [event.number for event in events if isinstance(event, RefundAttemptStarted)]
        assert set(counted) <= set(tried)


# --- S3, S5, S6, S7: one number until the channel ends it ----------------------------------------


class Silent(EnemyChannel):
    """Does everything it is asked for, and never answers a refund; it shows them late."""

    async def refund(self, **asked: Any) -> ChannelRefund:
        await super().refund(**asked)
        raise ChannelInDoubt("executed, and the answer was lost", "timeout")


async def test_s3_s5_a_channel_that_always_drops_its_replies_pays_each_refund_once() -> None:
    cell, shop = failed_group(8)
    channel = Silent(cell, random.Random(5), chaos=0.0)
    await desk_of(cell, channel).run(WEEK)
    all_paid(cell, shop, channel)
    assert len(cell.happened(RefundAttemptInDoubt)) >= 8
    for debt in cell.happened(RefundOwed):
        called = [number for number in channel.calls if number.startswith(debt.refund_id.hex)]
        assert set(called) == {shop.refund(debt.refund_id).number}


async def test_s5_after_a_doubt_a_query_always_comes_before_the_next_call() -> None:
    cell, _ = failed_group(5)
    spoken: list[tuple[str, str]] = []

    class Logged(EnemyChannel):
        async def refund(self, **asked: Any) -> ChannelRefund:
            number: str = asked["out_refund_no"]
            spoken.append(("call", number))
            try:
                return await super().refund(**asked)
            except ChannelInDoubt:
                spoken.append(("doubt", number))
                raise

        async def query_refund(self, out_refund_no: str) -> ChannelRefund:
            answer = await super().query_refund(out_refund_no)
            spoken.append(("answered query", out_refund_no))
            return answer

    await desk_of(cell, Logged(cell, random.Random(8), chaos=0.8)).run(WEEK)
    again = 0
    for number in {number for _, number in spoken}:
        mine = [what for what, of in spoken if of == number]
        for n, what in enumerate(mine):
            if what == "doubt" and "call" in mine[n + 1 :]:
                again += 1
                until_next_call = mine[n + 1 : mine.index("call", n + 1)]
                assert until_next_call.count("answered query") >= 2
    assert again > 5


async def test_s6_a_closed_number_is_followed_by_one_of_its_own_event() -> None:
    cell, shop = failed_group(3)
    dice = random.Random(2)

    class ClosesOnce(EnemyChannel):
        async def query_refund(self, out_refund_no: str) -> ChannelRefund:
            self.ends = ("closed",) if out_refund_no.endswith("00") else ("succeeded",)
            return await super().query_refund(out_refund_no)

    channel = ClosesOnce(cell, dice, chaos=0.3)
    await Desk(cell, REFUND_BUYERS, channel, dice).run(WEEK)
    all_paid(cell, shop, channel)
    ended = {event.number for event in cell.happened(RefundClosed)}
    assert {event.of for event in cell.happened(RefundReissued)} == ended
    assert len(ended) == 3


@pytest.mark.parametrize("late", [0, 5, 9, 25, 120])
async def test_s7_records_that_become_visible_late_lead_to_no_second_number(late: int) -> None:
    class Late(Silent):
        async def refund(self, **asked: Any) -> ChannelRefund:
            known = asked["out_refund_no"] in self.numbers
            try:
                return await super().refund(**asked)
            finally:
                if not known:
                    of = self.numbers[asked["out_refund_no"]]
                    of.visible_at = self.cell.at + late * SECOND

    cell, shop = failed_group(4)
    channel = Late(cell, random.Random(late), chaos=0.0)
    await desk_of(cell, channel).run(WEEK)
    all_paid(cell, shop, channel)
    assert len(channel.numbers) == 4


# --- S10, S11: woken at any time, and never dropped ------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
async def test_s10_waking_early_late_twice_or_for_nothing_does_no_harm(seed: int) -> None:
    dice = random.Random(seed)
    cell, shop = failed_group(3)
    channel = EnemyChannel(cell, dice, chaos=0.4)
    desk = Desk(cell, REFUND_BUYERS, channel, dice, kills=0.1)
    debts = [debt.refund_id for debt in cell.happened(RefundOwed)]
    for _ in range(300):
        desk.follow()
        await desk.work(dice.choice(debts))
        cell.at += dice.choice((timedelta(0), SECOND, 20 * SECOND, 5 * MINUTE))
    desk.lose_the_list()
    await desk.run(WEEK)
    all_paid(cell, shop, channel)


@pytest.mark.parametrize("storm", ["429", "5xx", "no money"])
async def test_s11_a_storm_of_an_hour_drops_no_refund_and_the_channel_is_left_alone(
    storm: str,
) -> None:
    cell, shop = failed_group(60)
    ends = cell.at + HOUR
    answers = {
        "429": ChannelRefused("FREQUENCY_LIMITED", "频率过高"),
        "5xx": ChannelInDoubt("bad gateway", "http_502"),
        "no money": ChannelRefused("NOT_ENOUGH", "余额不足"),
    }

    class Storm(EnemyChannel):
        tried = 0

        async def refund(self, **asked: Any) -> ChannelRefund:
            if self.cell.at < ends:
                self.tried += 1
                raise answers[storm]
            return await super().refund(**asked)

        async def query_refund(self, out_refund_no: str) -> ChannelRefund:
            if self.cell.at < ends and storm == "5xx":
                self.tried += 1
                raise answers[storm]
            return await super().query_refund(out_refund_no)

    channel = Storm(cell, random.Random(6), chaos=0.0)
    desk = desk_of(cell, channel)
    breaker = Breaker(desk, "demo")
    desk.guarded = Guarded(channel, breaker, Rate(1_000_000))
    await desk.run(WEEK)
    all_paid(cell, shop, channel)
    longest = HOUR // PAUSES[-1]
    if storm != "no money":  # that is an answer, and backs off by itself
        assert channel.tried <= FAILURES_MAX + len(PAUSES) + longest + 1
    assert breaker.state == "closed"


# --- S12, S14, S17, S18 ---------------------------------------------------------------------------


async def test_s14_whatever_comes_after_the_end_adds_nothing() -> None:
    cell, shop = failed_group(1)
    channel = calm(cell)
    desk = desk_of(cell, channel)
    await desk.run(WEEK)
    (debt,) = cell.happened(RefundOwed)
    number, facts = shop.refund(debt.refund_id).number, len(cell.log)
    for evidence in ("reply", "query", "notification"):
        for seen in ("processing", "succeeded"):
            cell.ask(HearRefund(debt.refund_id, number, seen, evidence, "50", 990))
    assert cell.ask(AdvanceRefund(debt.refund_id, UUID(int=1))).do == "over"
    await desk.work(debt.refund_id)
    assert len(cell.log) == facts


async def test_s17_a_worker_that_was_stopped_past_its_deadline_calls_nothing_and_records_nothing() -> (
    None
):
    cell, shop = failed_group(1)
    channel = calm(cell)
    (debt,) = cell.happened(RefundOwed)
    asleep = UUID(int=0x51EE9)
    step = cell.ask(AdvanceRefund(debt.refund_id, asleep))  # ... and here it is stopped
    assert step.do == "refund"
    with pytest.raises(NotYourAttempt):  # another cannot speak for it meanwhile
        cell.ask(RecordRefundRejection(debt.refund_id, step.attempt, UUID(int=2), "NO_AUTH"))
    await desk_of(cell, channel).run(WEEK)
    all_paid(cell, shop, channel)
    called = len(channel.calls)
    with pytest.raises(ChannelInDoubt) as late:  # ... and here it wakes up, and goes on
        await channel.refund(
            transaction_id=step.transaction_id,
            out_refund_no=step.number,
            amount=debt.amount,
            total=debt.amount,
            reason=step.reason,
            before=step.deadline,
        )
    assert late.value.code == "too_late"
    assert len(channel.calls) == called
    with pytest.raises(NotYourAttempt):
        cell.ask(RecordRefundRejection(debt.refund_id, step.attempt, asleep, "NO_AUTH"))
    all_paid(cell, shop, channel)


async def test_s17_even_a_call_that_slips_through_pays_under_the_one_number_or_not_at_all() -> None:
    """Signed in time, stopped on its way, heard after others have queried, given up and asked again."""
    cell, shop = failed_group(1)
    channel = calm(cell)
    (debt,) = cell.happened(RefundOwed)
    step = cell.ask(AdvanceRefund(debt.refund_id, UUID(int=0x51EE9)))
    desk = desk_of(cell, channel)
    await desk.run(4 * MINUTE)
    assert len(cell.happened(RefundAttemptStarted)) == 2
    await channel.refund(
        transaction_id=step.transaction_id,
        out_refund_no=step.number,
        amount=debt.amount,
        total=debt.amount,
        reason=step.reason,
        before=cell.at + DAY,
    )
    await desk.run(WEEK)
    all_paid(cell, shop, channel)


async def test_s18_the_bill_closes_the_story() -> None:
    cell, shop = failed_group(1)
    await desk_of(cell, calm(cell)).run(WEEK)
    (debt,) = cell.happened(RefundOwed)
    number = shop.refund(debt.refund_id).number
    for _ in range(2):
        cell.ask(ConfirmRefundByBill(debt.refund_id, number, "ab" * 32, 17))
    assert [event.line for event in cell.happened(RefundConfirmedByBill)] == [17]
    assert shop.refund(debt.refund_id).status is Status.SUCCEEDED


# --- arrival in any order ------------------------------------------------------------------------


class Talkative(EnemyChannel):
    """Notifies of what it does: before its reply, late, several times, or after the query."""

    async def refund(self, **asked: Any) -> ChannelRefund:
        answer = await super().refund(**asked)
        self.perhaps_notify(asked["out_refund_no"])
        return answer

    async def query_refund(self, out_refund_no: str) -> ChannelRefund:
        answer = await super().query_refund(out_refund_no)
        for number in list(self.numbers):
            self.perhaps_notify(number)
        return answer

    def perhaps_notify(self, number: str) -> None:
        for _ in range(self.dice.choice((0, 0, 1, 3))):
            state = self.numbers[number].state
            if state == "processing":  # it decides now, and says so before anybody asks
                state = self.numbers[number].state = self.dice.choice(self.ends)
            refund_id: Any = UUID(hex=number[:32])
            seen: Any = state
            said = HearRefund(refund_id, number, seen, "notification", f"50{number[:10]}", 990)
            self.cell.ask(said)


@pytest.mark.parametrize("seed", range(25))
async def test_words_that_come_by_every_way_at_once_end_in_the_same_state(seed: int) -> None:
    dice = random.Random(seed)
    cell, shop = failed_group(4)
    channel = Talkative(
        cell, dice, chaos=0.3, ends=dice.choice((("succeeded",), ("succeeded", "closed")))
    )
    await Desk(cell, REFUND_BUYERS, channel, dice, kills=0.1).run(WEEK)
    held(shop, channel)
    for debt in cell.happened(RefundOwed):
        refund = shop.refund(debt.refund_id)
        if refund.trouble is None:
            assert refund.status is Status.SUCCEEDED
            assert channel.paid_back(debt.transaction_id) == debt.amount.fen
        else:
            assert refund.trouble == "closed_again"
