"""Each way in which the channel fails on purpose at a call of ours, and what we make of it."""

from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from commands.ports import ChannelInDoubt, ChannelRefused
from infra.simulator.wechatpay.faults import FITS, Call, Fault
from infra.wechatpay.channel import WeChatPay
from infra.wechatpay.credentials import ensure, load_merchant
from tests.infra.wechatpay.support import (
    MINUTE,
    NUMBER,
    REFUND,
    REFUNDS,
    Bare,
    HeldClock,
    Shop,
    Simulator,
    channel_at,
    simulating,
)
from tests.infra.wechatpay.test_wechatpay_channel import prepared
from tests.infra.wechatpay.test_wechatpay_refunds import NEVER, as_notified, ended, refunded
from tests.waiting import eventually_async

SECOND = timedelta(seconds=1)
Rig: TypeAlias = tuple[WeChatPay, Simulator, str]

DOES: list[tuple[Fault, str]] = [
    ("drop_reply", "reset"),
    ("error_after_success", "SYSTEM_ERROR"),
    ("clock_skew", "unproven"),
]


@pytest.fixture
async def paid(bare: Bare, shop: Shop) -> str:
    return await bare.pay(shop)


async def call(channel: WeChatPay, kind: Call, paid: str) -> Any:
    match kind:
        case "order":
            return await prepared(channel, "order-0002")
        case "query":
            return await channel.query(NUMBER)
        case "close":
            return await channel.close("order-0003")
        case "refund":
            return await refunded(channel, paid)
        case "refund_query":
            return await channel.query_refund(REFUND)
        case "balance":
            return await channel.balance()
    raise NotImplementedError(kind)


EVERY_CALL: list[Call] = ["order", "query", "close", "refund", "refund_query", "balance"]

QUESTIONS = ("query", "refund_query", "balance")


@pytest.mark.parametrize("kind", EVERY_CALL)
@pytest.mark.parametrize(
    ("fault", "code"),
    [*DOES, ("error_before", "SYSTEM_ERROR"), ("busy", "FREQUENCY_LIMITED")],
)
async def test_after_a_bad_answer_we_are_in_doubt_once(
    channel: WeChatPay, simulator: Simulator, paid: str, kind: Call, fault: Fault, code: str
) -> None:
    if kind == "refund_query":
        await refunded(channel, paid)
    # A question over a kept connection that is cut is asked once more by the transport itself.
    times = 2 if fault == "drop_reply" and kind in QUESTIONS else 1
    await simulator.next(fault, kind, times)
    turned_away = (fault, kind) == ("busy", "refund")
    with pytest.raises(ChannelRefused if turned_away else ChannelInDoubt) as trouble:
        await call(channel, kind, paid)
    assert isinstance(trouble.value, ChannelInDoubt | ChannelRefused)
    assert trouble.value.code == code
    await call(channel, kind, paid)
    assert await simulator.fired() == {fault: times}


@pytest.mark.parametrize(("fault", "code"), DOES)
async def test_a_refund_in_doubt_was_done_and_asking_again_does_not_do_it_again(
    channel: WeChatPay, simulator: Simulator, paid: str, fault: Fault, code: str
) -> None:
    await simulator.next(fault, "refund")
    with pytest.raises(ChannelInDoubt):
        await refunded(channel, paid)
    assert (await channel.query_refund(REFUND)).state == "processing"
    assert await refunded(channel, paid) == await channel.query_refund(REFUND)
    assert len([row for row in await simulator.rows("funds") if row["kind"] == "refund"]) == 1


@pytest.mark.parametrize("fault", ["error_before", "busy"])
async def test_these_faults_do_nothing(
    channel: WeChatPay, simulator: Simulator, paid: str, fault: Fault
) -> None:
    await simulator.next(fault, "refund")
    with pytest.raises((ChannelInDoubt, ChannelRefused)):
        await refunded(channel, paid)
    assert (await channel.query_refund(REFUND)).state == "not_found"


async def test_a_dropped_refusal_is_in_doubt_too(channel: WeChatPay, simulator: Simulator) -> None:
    await simulator.next("drop_reply", "refund")
    with pytest.raises(ChannelInDoubt) as doubt:
        await refunded(channel, "4200")
    assert doubt.value.code == "reset"
    with pytest.raises(ChannelRefused):
        await refunded(channel, "4200")


async def test_a_long_delay_is_a_timeout_of_something_done(
    keys: Path, simulator: Simulator, shop: Shop, clock: HeldClock, paid: str
) -> None:
    await simulator.plan(delays_ms=[1500, 1500])
    await simulator.next("delay", "refund")
    async with channel_at(keys, simulator.url, shop.url, clock, timeout_seconds=0.3) as hasty:
        with pytest.raises(ChannelInDoubt) as doubt:
            await refunded(hasty, paid)
        assert doubt.value.code == "timeout"

        async def done() -> bool:
            return (await hasty.query_refund(REFUND)).state == "processing"

        await eventually_async(done)


async def test_a_short_delay_is_only_a_delay(
    channel: WeChatPay, simulator: Simulator, paid: str
) -> None:
    await simulator.plan(delays_ms=[10, 20])
    await simulator.next("delay", "refund")
    assert (await refunded(channel, paid)).state == "processing"
    assert await simulator.fired() == {"delay": 1}


async def test_what_was_taken_on_may_not_be_found_for_a_while(
    channel: WeChatPay, simulator: Simulator, paid: str, clock: HeldClock
) -> None:
    await simulator.plan(unseen_seconds=[20, 20])
    for kind in ("order", "refund"):
        await simulator.next("not_visible_yet", kind)
    taken = await refunded(channel, paid)
    await prepared(channel, "order-0002")
    clock.advance(19 * SECOND)
    assert (await channel.query_refund(REFUND)).state == "not_found"
    assert (await channel.query("order-0002")).state == "not_found"
    again = await refunded(channel, paid)  # whoever believes it asks for the same refund
    assert again.channel_refund_id == taken.channel_refund_id
    clock.advance(SECOND)
    assert (await channel.query_refund(REFUND)).channel_refund_id == taken.channel_refund_id
    assert (await channel.query("order-0002")).state == "not_paid"
    assert await simulator.fired() == {"not_visible_yet": 2}


async def test_a_refund_may_be_slow(
    channel: WeChatPay, simulator: Simulator, paid: str, clock: HeldClock
) -> None:
    await simulator.plan(slow_seconds=[600, 600])
    await simulator.next("refund_slow", "refund")
    await refunded(channel, paid)
    clock.advance(599 * SECOND)
    assert (await channel.query_refund(REFUND)).state == "processing"
    clock.advance(SECOND)
    assert (await ended(channel)).state == "succeeded"


async def test_a_closed_refund_leaves_the_money_with_us_and_a_new_number_may_follow(
    channel: WeChatPay, simulator: Simulator, shop: Shop, paid: str, clock: HeldClock
) -> None:
    await simulator.next("refund_closed", "refund")
    before = await channel.balance()
    await refunded(channel, paid)
    assert await channel.balance() != before
    clock.advance(SECOND)
    assert (await ended(channel)).state == "closed"
    assert await channel.balance() == before
    told = await shop.next(2)
    assert channel.read_notification(told.headers, told.body).state == "closed"
    clock.advance(MINUTE)
    assert (await refunded(channel, paid, number=REFUND[:-1] + "1")).state == "processing"
    assert await simulator.broken() == []


async def test_an_abnormal_refund_goes_on_to_our_own_account(
    channel: WeChatPay, simulator: Simulator, shop: Shop, paid: str, clock: HeldClock
) -> None:
    await simulator.next("refund_abnormal", "refund")
    taken = await refunded(channel, paid)
    clock.advance(SECOND)
    assert (await ended(channel)).state == "abnormal"
    told = await shop.next(2)
    assert channel.read_notification(told.headers, told.body).state == "abnormal"

    async def returned() -> Any:
        return await channel.return_refund(
            channel_refund_id=taken.channel_refund_id, out_refund_no=REFUND, before=NEVER
        )

    await simulator.next("drop_reply", "return")
    with pytest.raises(ChannelInDoubt):
        await returned()
    assert (await returned()).state == "processing"  # once and for all
    clock.advance(SECOND)
    back = await ended(channel)
    assert (back.state, back.received_by) == ("succeeded", "商户结算银行卡")
    told = await shop.next(3)
    assert channel.read_notification(told.headers, told.body) == as_notified(back)
    states = [row["state"] for row in await simulator.rows("refund_steps")]
    assert states == ["PROCESSING", "ABNORMAL", "PROCESSING", "SUCCESS"]
    assert await simulator.broken() == []


async def test_only_an_abnormal_refund_can_be_sent_elsewhere(
    channel: WeChatPay, bare: Bare, paid: str
) -> None:
    taken = await refunded(channel, paid)
    with pytest.raises(ChannelRefused) as refused:
        await channel.return_refund(
            channel_refund_id=taken.channel_refund_id, out_refund_no=REFUND, before=NEVER
        )
    assert refused.value.code == "INVALID_REQUEST"
    status, told = await bare.ask(
        "POST",
        f"{REFUNDS}/50/apply-abnormal-refund",
        {"out_refund_no": REFUND, "type": "MERCHANT_BANK_CARD"},
    )
    assert (status, told["code"]) == (404, "RESOURCE_NOT_EXISTS")


async def test_the_account_may_be_said_to_be_empty(
    channel: WeChatPay, simulator: Simulator, paid: str
) -> None:
    await simulator.next("not_enough", "refund", 2)
    for _ in range(2):
        with pytest.raises(ChannelRefused) as refused:
            await refunded(channel, paid)
        assert refused.value.code == "NOT_ENOUGH"
    assert (await refunded(channel, paid)).state == "processing"
    assert await simulator.fired() == {"not_enough": 2}


@pytest.fixture
def own_keys(tmp_path: Path) -> Path:
    """An account of this test alone, for its keys will change."""
    ensure(tmp_path / "keys", HeldClock().now())
    return tmp_path / "keys"


@pytest.mark.parametrize("by", ["hand", "fault"])
async def test_a_change_of_keys_needs_no_restart_of_ours(
    own_keys: Path, tmp_path: Path, shop: Shop, by: str
) -> None:
    clock = HeldClock()
    async with (
        simulating(own_keys, tmp_path / "books.sqlite3", clock) as simulator,
        channel_at(own_keys, simulator.url, shop.url, clock) as channel,
    ):
        first = load_merchant(own_keys).account.platform_key_id
        if by == "hand":
            await simulator.ask("POST", "/sim/keys/rotate", {})
        else:
            await simulator.next("key_rotation", "query")
            await channel.query(NUMBER)
        paid = await Bare(load_merchant(own_keys), simulator, clock).pay(shop)
        await refunded(channel, paid)
        clock.advance(SECOND)
        await ended(channel)
        for n in range(4):
            await channel.query(f"order-{n:04d}")
        told = [await shop.next(n) for n in (1, 2)]
        for one in told:
            channel.read_notification(one.headers, one.body)
        keys = load_merchant(own_keys).platform_keys
        assert len(keys) == 2
        signed = {
            answer["Wechatpay-Serial"]
            for answer in [await headers(simulator, own_keys, clock) for _ in range(2)]
        }
        assert signed == set(keys) != {first}
    async with simulating(own_keys, tmp_path / "books.sqlite3", clock) as again:
        signed = {
            answer["Wechatpay-Serial"]
            for answer in [await headers(again, own_keys, clock) for _ in range(2)]
        }
        assert signed == set(keys)


async def headers(simulator: Simulator, keys: Path, clock: HeldClock) -> Any:
    bare = Bare(load_merchant(keys), simulator, clock)
    _, headers, _ = await bare.raw("GET", "/v3/merchant/fund/balance/BASIC")
    return headers


def test_every_fault_is_tried_somewhere() -> None:
    """Those of transfers and of sharing out stand with what they strike."""
    here = Path(__file__).parent
    tried = "".join(
        path.read_text()
        for name in ("channel_fault*", "wechatpay_transfers", "wechatpay_splits")
        for path in here.glob(f"test_{name}.py")
    )
    assert [fault for fault in FITS if tried.count(f'"{fault}"') == 0] == []
