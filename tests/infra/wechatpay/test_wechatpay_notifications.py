"""Who may tell us that something was paid: the channel, now, about our own account, in new words."""

import random
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from commands.ports import BadNotification
from domain.money import Money
from infra.simulator.wechatpay.protocol import Seal, compact
from infra.wechatpay.channel import WeChatPay
from infra.wechatpay.credentials import load_platform
from tests.infra.wechatpay.support import (
    NUMBER,
    HeldClock,
    Shop,
    Simulator,
    Told,
    channel_at,
)
from tests.infra.wechatpay.test_wechatpay_channel import PRICE, prepared


@pytest.fixture
async def told(channel: WeChatPay, simulator: Simulator, shop: Shop) -> Told:
    """A proper notification, not read yet."""
    await prepared(channel)
    await simulator.pay(out_trade_no=NUMBER)
    return await shop.next()


async def flawed(simulator: Simulator, shop: Shop, **flaw: object) -> Told:
    """The next notification, which has this flaw."""
    before = len(shop.told)
    assert await simulator.notify(NUMBER, **flaw) == 204
    return await shop.next(before + 1)


async def test_the_same_bytes_twice_are_a_replay(channel: WeChatPay, told: Told) -> None:
    channel.read_notification(told.headers, told.body)
    with pytest.raises(BadNotification, match="heard before"):
        channel.read_notification(told.headers, told.body)


async def test_a_replay_in_another_spelling_is_a_replay(channel: WeChatPay, told: Told) -> None:
    channel.read_notification(told.headers, told.body)
    shouted = {name.upper(): value for name, value in told.headers.items()}
    shouted["WECHATPAY-SIGNATURE"] = shouted["WECHATPAY-SIGNATURE"].replace("=", "\n=")
    with pytest.raises(BadNotification):
        channel.read_notification(shouted, told.body)


async def test_a_repetition_by_the_channel_is_read_again(
    channel: WeChatPay, simulator: Simulator, shop: Shop, told: Told
) -> None:
    first = channel.read_notification(told.headers, told.body)
    again = await flawed(simulator, shop)
    assert channel.read_notification(again.headers, again.body) == first


async def test_a_replay_after_six_minutes_is_too_old(
    channel: WeChatPay, told: Told, clock: HeldClock
) -> None:
    channel.read_notification(told.headers, told.body)
    clock.advance(timedelta(minutes=6))
    with pytest.raises(BadNotification, match="five minutes"):
        channel.read_notification(told.headers, told.body)


async def test_a_replay_is_remembered_while_its_timestamp_is_good(
    channel: WeChatPay, simulator: Simulator, shop: Shop, told: Told, clock: HeldClock
) -> None:
    ahead = await flawed(simulator, shop, age_seconds=-290)
    channel.read_notification(ahead.headers, ahead.body)
    clock.advance(timedelta(seconds=580))
    with pytest.raises(BadNotification, match="heard before"):
        channel.read_notification(ahead.headers, ahead.body)


@pytest.mark.parametrize(
    ("flaw", "why"),
    [
        ({"signature": "signtest"}, "probe"),
        ({"signature": "forged"}, "wrong signature"),
        ({"age_seconds": 360}, "five minutes"),
        ({"age_seconds": -360}, "five minutes"),
        ({"change": {"mchid": "1900000109"}}, "another merchant"),
        ({"change": {"appid": "wx0000000000000000"}}, "another app"),
        ({"change": {"amount": {"total": 1990, "currency": "USD"}}}, "yuan"),
        ({"change": {"amount": {"total": 0, "currency": "CNY"}}}, "unreadable"),
        ({"change": {"amount": {"total": 19.9, "currency": "CNY"}}}, "unreadable"),
        ({"change": {"trade_state": "NOTPAY"}}, "announced as paid"),
        ({"change": {"trade_state": "WHATEVER"}}, "unknown"),
        ({"change": {"success_time": "2026-11-22T12:00:00"}}, "without number or time"),
        ({"change": {"transaction_id": ""}}, "without number or time"),
    ],
)
async def test_flawed_notifications_are_refused(
    channel: WeChatPay,
    simulator: Simulator,
    shop: Shop,
    told: Told,
    flaw: Mapping[str, object],
    why: str,
) -> None:
    odd = await flawed(simulator, shop, **flaw)
    with pytest.raises(BadNotification, match=why):
        channel.read_notification(odd.headers, odd.body)


async def test_another_amount_is_the_channels_word_and_is_passed_on(
    channel: WeChatPay, simulator: Simulator, shop: Shop, told: Told
) -> None:
    odd = await flawed(simulator, shop, change={"amount": {"total": 1, "currency": "CNY"}})
    paid = channel.read_notification(odd.headers, odd.body)
    assert paid.amount == Money(1) != PRICE


async def test_another_merchants_keys_cannot_read_it(
    channel: WeChatPay, other_keys: Path, told: Told, clock: HeldClock
) -> None:
    other = channel_at(other_keys, "http://127.0.0.1:9", "http://127.0.0.1:9/", clock)
    with pytest.raises(BadNotification, match="key"):
        other.read_notification(told.headers, told.body)


async def test_no_flipped_bit_survives(channel: WeChatPay, told: Told) -> None:
    print("seed", seed := random.randrange(2**32))  # noqa: T201 shown when it fails
    dice = random.Random(seed)
    for _ in range(300):
        headers, body = dict(told.headers), bytearray(told.body)
        name = dice.choice(
            ["body", "Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature"]
        )
        if name == "body":
            body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
        else:
            letters = list(headers[name])
            place = dice.randrange(len(letters) - 3)  # the last bits of base64 mean nothing
            letters[place] = chr(ord(letters[place]) ^ 1 << dice.randrange(7))
            headers[name] = "".join(letters)
        with pytest.raises(BadNotification):
            channel.read_notification(headers, bytes(body))
    channel.read_notification(told.headers, told.body)  # none of them used the real one up


@pytest.mark.parametrize(
    "missing",
    ["Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial"],
)
async def test_every_header_is_needed(channel: WeChatPay, told: Told, missing: str) -> None:
    headers = {name: value for name, value in told.headers.items() if name != missing}
    with pytest.raises(BadNotification):
        channel.read_notification(headers, told.body)


async def test_the_signature_type_may_be_missing_but_not_another(
    channel: WeChatPay, told: Told
) -> None:
    headers = dict(told.headers)
    headers["Wechatpay-Signature-Type"] = "WECHATPAY2-SM2-WITH-SM3"
    with pytest.raises(BadNotification, match="algorithm"):
        channel.read_notification(headers, told.body)
    del headers["Wechatpay-Signature-Type"]
    assert channel.read_notification(headers, told.body).state == "paid"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"\xff\xfe",
        b'{"id": "EV-1"}',
        b"[" * 10_000,
        compact({"id": "EV-1", "event_type": "REFUND.SUCCESS", "resource": {}}),
    ],
)
async def test_signed_nonsense_is_refused(
    keys: Path, channel: WeChatPay, clock: HeldClock, content: bytes
) -> None:
    proof = Seal(load_platform(keys)).headers(content, clock.now())
    with pytest.raises(BadNotification):
        channel.read_notification(proof, content)


@pytest.mark.parametrize(
    "broken", [{"nonce": ""}, {"nonce": "1"}, {"ciphertext": "%"}, {"ciphertext": ""}]
)
async def test_what_cannot_be_decrypted_is_refused(
    keys: Path, channel: WeChatPay, clock: HeldClock, broken: dict[str, str]
) -> None:
    seal = Seal(load_platform(keys))
    resource = seal.encrypted({}, "transaction") | broken
    content = compact({"id": "EV-1", "event_type": "TRANSACTION.SUCCESS", "resource": resource})
    with pytest.raises(BadNotification):
        channel.read_notification(seal.headers(content, clock.now()), content)
