"""The adapter against a channel of the real protocol: what it asks for, and what answers mean."""

from base64 import b64decode
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from commands.ports import ChannelPayment, ChannelRefused, PaymentChannel
from domain.money import Money
from infra.simulator.wechatpay.gate import public_key
from infra.wechatpay.channel import WeChatPay
from infra.wechatpay.credentials import load_merchant, load_platform
from tests.infra.wechatpay.support import (
    BUYER,
    MINUTE,
    NOON,
    NUMBER,
    HeldClock,
    Shop,
    Simulator,
    channel_at,
)

PRICE = Money(1990)


async def prepared(channel: PaymentChannel, number: str = NUMBER, amount: Money = PRICE) -> str:
    return await channel.prepare(
        out_trade_no=number,
        amount=amount,
        payer=BUYER,
        description="云南蓝莓 6盒",
        expires_at=NOON + 15 * MINUTE,
    )


async def test_a_payment_is_ordered_paid_notified_and_read(
    channel: WeChatPay, simulator: Simulator, shop: Shop, clock: HeldClock
) -> None:
    prepay_id = await prepared(channel)
    assert await channel.query(NUMBER) == ChannelPayment(NUMBER, "not_paid")

    clock.advance(MINUTE)
    status, receipt = await simulator.pay(prepay_id=prepay_id, payer_openid=BUYER)
    assert status == 200

    told = await shop.next()
    paid = channel.read_notification(told.headers, told.body)
    assert paid == ChannelPayment(NUMBER, "paid", receipt["transaction_id"], PRICE, NOON + MINUTE)
    assert await channel.query(NUMBER) == paid


async def test_asking_again_in_the_same_words_gives_the_same_prepay_id(channel: WeChatPay) -> None:
    assert await prepared(channel) == await prepared(channel)


async def test_another_price_under_the_same_number_is_refused(channel: WeChatPay) -> None:
    await prepared(channel)
    with pytest.raises(ChannelRefused, match="INVALID_REQUEST"):
        await prepared(channel, amount=Money(1))


async def test_a_paid_number_cannot_be_ordered_again(
    channel: WeChatPay, simulator: Simulator
) -> None:
    await prepared(channel)
    await simulator.pay(out_trade_no=NUMBER)
    with pytest.raises(ChannelRefused) as refused:
        await prepared(channel)
    assert refused.value.code == "OUT_TRADE_NO_USED"


async def test_a_number_with_reserved_characters_is_signed_as_it_is_sent(
    channel: WeChatPay, simulator: Simulator
) -> None:
    number = "a|b*c_d-e"
    await prepared(channel, number)
    await simulator.pay(out_trade_no=number)
    assert (await channel.query(number)).state == "paid"


async def test_closing_twice_is_closing(channel: WeChatPay, simulator: Simulator) -> None:
    await prepared(channel)
    await channel.close(NUMBER)
    await channel.close(NUMBER)
    assert (await channel.query(NUMBER)).state == "closed"
    assert await simulator.pay(out_trade_no=NUMBER) == (
        409,
        {"code": "ORDER_CLOSED", "message": "该订单已关闭"},
    )


async def test_closing_what_was_paid_is_refused(channel: WeChatPay, simulator: Simulator) -> None:
    await prepared(channel)
    await simulator.pay(out_trade_no=NUMBER)
    with pytest.raises(ChannelRefused):
        await channel.close(NUMBER)
    assert (await channel.query(NUMBER)).state == "paid"


async def test_an_unknown_number_is_not_found(channel: WeChatPay) -> None:
    assert await channel.query("never-ordered") == ChannelPayment("never-ordered", "not_found")


async def test_a_number_closed_before_it_was_ordered_is_lost(channel: WeChatPay) -> None:
    await channel.close(NUMBER)
    assert (await channel.query(NUMBER)).state == "not_found"
    with pytest.raises(ChannelRefused, match="INVALID_REQUEST"):
        await prepared(channel)


async def test_an_expired_order_stays_unpaid_until_it_is_closed(
    channel: WeChatPay, simulator: Simulator, clock: HeldClock
) -> None:
    await prepared(channel)
    clock.advance(15 * MINUTE)
    status, told = await simulator.pay(out_trade_no=NUMBER)
    assert (status, told["code"]) == (409, "ORDER_EXPIRED")
    assert (await channel.query(NUMBER)).state == "not_paid"
    await channel.close(NUMBER)
    assert (await channel.query(NUMBER)).state == "closed"


async def test_what_is_due_within_a_minute_is_refused(channel: WeChatPay, clock: HeldClock) -> None:
    clock.advance(timedelta(minutes=14, seconds=1))
    with pytest.raises(ChannelRefused, match="PARAM_ERROR"):
        await prepared(channel)


async def test_strangers_keys_get_nowhere(
    other_keys: Path, simulator: Simulator, shop: Shop, clock: HeldClock
) -> None:
    async with channel_at(other_keys, simulator.url, shop.url, clock) as stranger:
        with pytest.raises(ChannelRefused, match="SIGN_ERROR"):
            await prepared(stranger)


async def test_the_cashier_parameters_are_signed_by_the_merchant(
    channel: WeChatPay, keys: Path, clock: HeldClock
) -> None:
    given = channel.client_parameters("wx22040000")
    account = load_merchant(keys).account
    assert given["appId"] == account.appid
    assert given["timeStamp"] == str(int(NOON.timestamp()))
    assert given["package"] == "prepay_id=wx22040000"
    assert given["signType"] == "RSA"
    words = f"{account.appid}\n{given['timeStamp']}\n{given['nonceStr']}\n{given['package']}\n"
    public_key(load_platform(keys).merchant_certificate).verify(
        b64decode(given["paySign"]), words.encode(), padding.PKCS1v15(), hashes.SHA256()
    )


async def test_connections_are_kept(channel: WeChatPay, simulator: Simulator) -> None:
    await prepared(channel)
    session = channel._client._session
    assert session is not None
    for _ in range(5):
        await channel.query(NUMBER)
    connector = session.connector
    assert connector is not None
    assert sum(len(kept) for kept in connector._conns.values()) == 1
