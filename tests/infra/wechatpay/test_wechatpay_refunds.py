"""The adapter's refunds against a channel of the real protocol: what it asks for, and what answers mean."""

from datetime import UTC, datetime, timedelta

import pytest

from commands.ports import (
    BadNotification,
    ChannelBalance,
    ChannelInDoubt,
    ChannelPayment,
    ChannelRefund,
    ChannelRefused,
)
from domain.money import Money
from infra.wechatpay.channel import WeChatPay
from tests.infra.wechatpay.support import (
    MINUTE,
    NOON,
    NUMBER,
    REFUND,
    REFUNDS,
    Bare,
    HeldClock,
    Shop,
    Simulator,
    Told,
    encoded,
)
from tests.waiting import eventually_async

PRICE = Money(1990)
SECOND = timedelta(seconds=1)
NEVER = datetime.max.replace(tzinfo=UTC)


async def refunded(
    channel: WeChatPay,
    transaction_id: str,
    amount: Money = PRICE,
    number: str = REFUND,
    before: datetime = NEVER,
) -> ChannelRefund:
    return await channel.refund(
        transaction_id=transaction_id,
        out_refund_no=number,
        amount=amount,
        total=PRICE,
        reason="拼团未成功",
        before=before,
    )


def as_notified(refund: ChannelRefund) -> ChannelRefund:
    """Without what notifications do not say."""
    return refund._replace(accepted_at=None)


async def ended(channel: WeChatPay) -> ChannelRefund:
    async def over() -> ChannelRefund | None:
        seen = await channel.query_refund(REFUND)
        return seen if seen.state != "processing" else None

    seen = await eventually_async(over)
    assert seen is not None
    return seen


async def test_a_refund_is_asked_for_arrives_is_notified_and_read(
    channel: WeChatPay, bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    paid = await bare.pay(shop)
    taken = await refunded(channel, paid)
    assert (taken.state, taken.amount, taken.succeeded_at) == ("processing", PRICE, None)
    assert taken.accepted_at == NOON
    clock.advance(SECOND)
    arrived = await ended(channel)
    told = await shop.next(2)
    notified = channel.read_notification(told.headers, told.body)
    assert notified == ChannelRefund(
        REFUND, "succeeded", taken.channel_refund_id, paid, PRICE, "支付用户零钱", NOON + SECOND
    )
    assert arrived == notified._replace(accepted_at=NOON)  # what notifications do not say


async def test_asking_again_is_the_same_refund(
    channel: WeChatPay, bare: Bare, shop: Shop, simulator: Simulator
) -> None:
    paid = await bare.pay(shop)
    assert await refunded(channel, paid) == await refunded(channel, paid)
    assert len(await simulator.rows("refunds")) == 1


async def test_an_unknown_refund_is_not_found(channel: WeChatPay) -> None:
    assert await channel.query_refund(REFUND) == ChannelRefund(REFUND, "not_found")


async def test_another_amount_under_the_same_number_is_refused(
    channel: WeChatPay, bare: Bare, shop: Shop
) -> None:
    paid = await bare.pay(shop)
    await refunded(channel, paid, Money(1))
    with pytest.raises(ChannelRefused) as refused:
        await refunded(channel, paid, Money(2))
    assert refused.value.code == "INVALID_REQUEST"


async def test_a_second_number_within_a_minute_is_turned_away(
    channel: WeChatPay, bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    paid = await bare.pay(shop)
    await refunded(channel, paid, Money(1))
    with pytest.raises(ChannelRefused) as refused:
        await refunded(channel, paid, Money(1), REFUND[:-1] + "1")
    assert refused.value.code == "FREQUENCY_LIMITED"
    clock.advance(MINUTE)
    assert (await refunded(channel, paid, Money(1), REFUND[:-1] + "1")).state == "processing"


async def test_an_empty_account_says_so_and_is_healed_by_a_deposit(
    channel: WeChatPay, bare: Bare, shop: Shop, simulator: Simulator
) -> None:
    paid = await bare.pay(shop)
    await simulator.deposit(-1000)
    assert await channel.balance() == ChannelBalance(Money(978), Money(0))
    with pytest.raises(ChannelRefused) as refused:
        await refunded(channel, paid)
    assert refused.value.code == "NOT_ENOUGH"
    await simulator.deposit(1000)
    assert (await refunded(channel, paid)).state == "processing"
    assert await channel.balance() == ChannelBalance(Money(0), Money(0))


async def test_a_payment_of_which_some_went_back_is_still_told_whole(
    channel: WeChatPay, bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    paid = await bare.pay(shop)
    await refunded(channel, paid, Money(1))
    assert (await channel.query(NUMBER)).state == "paid"
    clock.advance(SECOND)
    await ended(channel)
    assert await channel.query(NUMBER) == ChannelPayment(NUMBER, "refunded", paid, PRICE, NOON)


@pytest.fixture
async def told(channel: WeChatPay, bare: Bare, shop: Shop, clock: HeldClock) -> Told:
    """A proper notification of a refund that has arrived, not read yet."""
    await refunded(channel, await bare.pay(shop))
    clock.advance(SECOND)
    return await shop.next(2)


@pytest.mark.parametrize(
    ("flaw", "why"),
    [
        ({"signature": "signtest"}, "probe"),
        ({"signature": "forged"}, "wrong signature"),
        ({"age_seconds": 360}, "five minutes"),
        ({"age_seconds": -360}, "five minutes"),
        ({"change": {"mchid": "1900000109"}}, "another merchant"),
        ({"change": {"refund_status": "CLOSED"}}, "announced as REFUND.SUCCESS"),
        ({"change": {"refund_status": "PROCESSING"}}, "announced as REFUND.SUCCESS"),
        ({"change": {"refund_id": ""}}, "without its numbers"),
        ({"change": {"success_time": None}}, "nobody says when"),
        ({"change": {"success_time": "2026-11-22T12:00:00"}}, "nobody says when"),
        ({"change": {"amount": {"refund": 0}}}, "unreadable"),
        ({"change": {"amount": {"refund": 1.5}}}, "unreadable"),
        ({"change": {"amount": {"refund": 1, "currency": "USD"}}}, "unreadable"),
    ],
)
async def test_flawed_notifications_of_refunds_are_refused(
    channel: WeChatPay,
    simulator: Simulator,
    shop: Shop,
    told: Told,
    flaw: dict[str, object],
    why: str,
) -> None:
    assert await simulator.notify(None, out_refund_no=REFUND, **flaw) == 204
    odd = await shop.next(3)
    with pytest.raises(BadNotification, match=why):
        channel.read_notification(odd.headers, odd.body)


async def test_another_amount_is_the_channels_word_and_is_passed_on(
    channel: WeChatPay, simulator: Simulator, shop: Shop, told: Told
) -> None:
    change = {"amount": {"refund": 1, "total": 1990}}
    await simulator.notify(None, out_refund_no=REFUND, change=change)
    odd = await shop.next(3)
    refund = channel.read_notification(odd.headers, odd.body)
    assert (refund.state, refund.amount) == ("succeeded", Money(1))


async def test_the_same_bytes_twice_are_a_replay(channel: WeChatPay, told: Told) -> None:
    channel.read_notification(told.headers, told.body)
    with pytest.raises(BadNotification, match="heard before"):
        channel.read_notification(told.headers, told.body)


async def test_words_are_signed_in_time_or_never_sent_and_not_heard_when_they_come_late(
    channel: WeChatPay, bare: Bare, shop: Shop, simulator: Simulator, clock: HeldClock
) -> None:
    """What fences a worker that was stopped over its call: before signing, and after it."""
    paid = await bare.pay(shop)
    with pytest.raises(ChannelInDoubt) as doubt:
        await refunded(channel, paid, before=clock.now())
    assert doubt.value.code == "too_late"
    words = encoded(bare.refund_of(shop, paid))
    signed = bare.signer.authorization("POST", REFUNDS, words, clock.now())
    clock.advance(5 * MINUTE + SECOND)  # ... and here it was stopped
    status, _, problem = await simulator.raw(
        "POST", REFUNDS, words, Accept="application/json", Authorization=signed
    )
    assert (status, b"SIGN_ERROR" in problem) == (401, True)
    assert await simulator.rows("refunds") == []
