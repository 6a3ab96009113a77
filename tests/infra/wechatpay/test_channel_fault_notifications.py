"""Each way in which the channel's notifications go wrong on purpose, and what we make of it."""

from datetime import timedelta

import pytest

from commands.ports import BadNotification, ChannelPayment, ChannelRefund
from domain.money import Money
from infra.wechatpay.channel import WeChatPay
from tests.infra.wechatpay.support import REFUND, Bare, HeldClock, Shop, Simulator, Told
from tests.infra.wechatpay.test_wechatpay_channel import PRICE
from tests.infra.wechatpay.test_wechatpay_refunds import as_notified, ended, refunded

SECOND = timedelta(seconds=1)
from tests.waiting import eventually_async


class Ear:
    """The shop reads what it is told, and answers as our own side does: 204, or 401 for what is not proven."""

    def __init__(self, shop: Shop, channel: WeChatPay) -> None:
        self.read: list[ChannelPayment | ChannelRefund] = []
        self.refused: list[str] = []
        shop.judge = self.judge
        self._channel = channel

    def judge(self, told: Told) -> int:
        try:
            self.read.append(self._channel.read_notification(told.headers, told.body))
        except BadNotification as bad:
            self.refused.append(str(bad))
            return 401
        return 204


@pytest.fixture
def ear(shop: Shop, channel: WeChatPay) -> Ear:
    return Ear(shop, channel)


@pytest.mark.parametrize(
    ("fault", "why"), [("notify_forged", "wrong signature"), ("notify_signtest", "probe")]
)
async def test_what_nobody_proves_is_refused_and_the_real_one_follows(
    bare: Bare, shop: Shop, ear: Ear, simulator: Simulator, fault: str, why: str
) -> None:
    await simulator.next(fault, "notify")
    paid = await bare.pay(shop)
    await shop.next(2)
    await simulator.rows("deliveries", 1)
    assert len(ear.refused) == 1
    assert why in ear.refused[0]
    assert [told.transaction_id for told in ear.read] == [paid]
    assert [(row["fault"], row["status"]) for row in await simulator.rows("fault_messages")] == [
        (fault, 401)
    ]
    assert await simulator.broken() == []


async def test_whoever_believes_a_forged_one_is_found_out(
    bare: Bare, shop: Shop, simulator: Simulator
) -> None:
    await simulator.next("notify_forged", "notify")
    await bare.pay(shop)
    await simulator.rows("deliveries", 1)
    assert await simulator.broken() == [
        "the merchant believed what nobody proved: notify_forged order-0001"
    ]


async def test_a_skewed_one_is_refused_and_told_again_by_the_schedule(
    bare: Bare, shop: Shop, ear: Ear, simulator: Simulator, clock: HeldClock
) -> None:
    await simulator.next("clock_skew", "notify")
    await bare.pay(shop)
    await simulator.rows("deliveries", 1)
    assert ear.refused == ["more than five minutes from now"]
    clock.advance(15 * SECOND)
    rows = await simulator.rows("deliveries", 2)
    assert [row["status"] for row in rows] == [401, 204]
    assert len(ear.read) == 1


async def test_a_lost_one_is_told_again_by_the_schedule(
    bare: Bare, shop: Shop, ear: Ear, simulator: Simulator, clock: HeldClock
) -> None:
    await simulator.next("notify_lost", "notify", 5)
    await bare.pay(shop)
    for attempt, seconds in enumerate((15, 15, 30), start=1):
        await simulator.rows("deliveries", attempt)
        assert ear.read == []
        clock.advance(seconds * SECOND)
    rows = await simulator.rows("deliveries", 4)
    assert [row["status"] for row in rows] == [0, 0, 0, 204]  # no more than three get lost
    assert (await simulator.fired())["notify_lost"] == 3


async def test_duplicates_say_the_same(
    bare: Bare, shop: Shop, ear: Ear, simulator: Simulator
) -> None:
    await simulator.next("notify_duplicate", "notify")
    await bare.pay(shop)
    await simulator.rows("fault_messages", 1)
    assert len(ear.read) >= 2
    assert len(set(ear.read)) == 1
    assert ear.refused == []


async def test_a_held_back_one_comes_after_a_later_one(
    bare: Bare, shop: Shop, ear: Ear, simulator: Simulator
) -> None:
    await simulator.next("notify_reordered", "notify")
    first = await bare.pay(shop)
    second = await bare.pay(shop, "order-0002")
    await simulator.rows("deliveries", 2)
    assert [told.transaction_id for told in ear.read] == [second, first]


async def test_a_held_back_one_does_not_wait_for_ever(
    bare: Bare, shop: Shop, ear: Ear, simulator: Simulator, clock: HeldClock
) -> None:
    await simulator.next("notify_reordered", "notify")
    await bare.pay(shop)
    await simulator.rows("faults_fired", 1)
    assert ear.read == []

    async def told() -> bool:
        clock.advance(10 * SECOND)  # nothing else happens meanwhile
        return len(ear.read) == 1

    await eventually_async(told)


async def test_a_refund_may_be_notified_before_its_request_is_answered(
    channel: WeChatPay, bare: Bare, shop: Shop, ear: Ear, simulator: Simulator
) -> None:
    paid = await bare.pay(shop)
    await shop.next()
    await simulator.next("notify_before_reply", "refund")
    answered = await refunded(channel, paid)
    assert ear.read[1:] == [as_notified(answered)]
    assert answered.state == "succeeded"


async def test_a_wrong_amount_of_a_refund_is_passed_on_for_the_domain_to_contradict(
    channel: WeChatPay, bare: Bare, shop: Shop, ear: Ear, simulator: Simulator, clock: HeldClock
) -> None:
    paid = await bare.pay(shop)
    await shop.next()
    await simulator.next("notify_wrong_amount", "notify")
    await refunded(channel, paid)
    clock.advance(SECOND)
    right = as_notified(await ended(channel))
    await simulator.rows("refund_deliveries", 1)
    assert ear.read[1:] == [right._replace(amount=Money(1991)), right]


async def test_a_wrong_amount_of_a_payment_comes_on_request_only(
    bare: Bare, shop: Shop, ear: Ear, simulator: Simulator
) -> None:
    await simulator.plan(rates={"notify_wrong_amount": 1})
    await bare.pay(shop)
    await simulator.rows("deliveries", 1)
    await simulator.next("notify_wrong_amount", "notify")
    await bare.pay(shop, "order-0002")
    await simulator.rows("deliveries", 2)
    assert [told.amount for told in ear.read] == [PRICE, Money(1991), PRICE]
    assert await simulator.fired() == {"notify_wrong_amount": 1}


async def test_a_refund_that_nobody_hears_of_is_still_there_to_be_asked_for(
    channel: WeChatPay, bare: Bare, shop: Shop, simulator: Simulator, clock: HeldClock
) -> None:
    await refunded(channel, await bare.pay(shop))
    await shop.next()
    await simulator.next("notify_lost", "notify")
    clock.advance(SECOND)
    assert (await ended(channel)).out_refund_no == REFUND
    await simulator.rows("refund_deliveries", 1)
    assert len(shop.told) == 1
