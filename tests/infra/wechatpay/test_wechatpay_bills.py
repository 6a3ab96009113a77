"""The adapter fetches bills from a served channel, and believes no text but the one that was announced."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from hashlib import sha1
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from commands.bill_source import BillNotReady, NoBill
from commands.ports import ChannelInDoubt, ChannelRefused
from domain.bill_lines import BillKey
from infra.bills.formats import examine, fund_lines, trade_lines
from infra.simulator.wechatpay.protocol import Seal
from infra.wechatpay.channel import WeChatPay
from infra.wechatpay.credentials import load_platform
from tests.infra.wechatpay.bills import DAY, change, morning, shanghai
from tests.infra.wechatpay.support import (
    MINUTE,
    NUMBER,
    REFUND,
    Bare,
    HeldClock,
    Shop,
    channel_at,
    served,
)


def trade(channel: WeChatPay, day: date = DAY) -> BillKey:
    return channel.bills.key("trade", "", day)


async def test_a_bill_arrives_whole_with_both_digests_and_says_what_happened(
    bare: Bare, channel: WeChatPay, shop: Shop, clock: HeldClock
) -> None:
    paid = await bare.pay(shop)
    clock.advance(2 * MINUTE)
    _, refunded = await bare.refund(shop, paid, refund=990)
    clock.advance(MINUTE)
    await bare.simulator.rows("refund_steps", 2)
    morning(clock)
    file = BytesIO()
    text = await channel.bills.fetch(trade(channel), file)
    assert text.size == len(file.getvalue())
    examine(trade(channel), file, text.channel_hash)
    pay, refund = trade_lines(trade(channel), file)
    assert (pay.kind, pay.out_trade_no, pay.transaction_id) == ("pay", NUMBER, paid)
    assert (pay.amount_fen, pay.fee_fen, pay.at) == (1990, 12, shanghai(12))
    assert (refund.kind, refund.out_refund_no) == ("refund", REFUND)
    assert refund.channel_refund_id == refunded["refund_id"]
    assert (refund.amount_fen, refund.fee_fen, refund.out_trade_no) == (990, -6, NUMBER)
    flow = channel.bills.key("fundflow", "BASIC", DAY)
    file = BytesIO()
    text = await channel.bills.fetch(flow, file)
    examine(flow, file, text.channel_hash)
    assert [line.balance_fen for line in fund_lines(flow, file)] == [1990, 1978, 1984, 994]


async def test_a_day_without_a_bill_and_one_that_is_not_written_yet_are_told_apart(
    bare: Bare, channel: WeChatPay, shop: Shop, clock: HeldClock
) -> None:
    await bare.pay(shop)
    with pytest.raises(ChannelRefused, match="INVALID_REQUEST"):  # today
        await channel.bills.fetch(trade(channel), BytesIO())
    morning(clock, hour=8)
    with pytest.raises(BillNotReady):
        await channel.bills.fetch(trade(channel), BytesIO())
    morning(clock, days=0)
    with pytest.raises(NoBill):
        await channel.bills.fetch(trade(channel, date(2026, 11, 21)), BytesIO())


@pytest.mark.parametrize(("fault", "call"), [("drop_reply", "bill"), ("drop_reply", "bill_text")])
async def test_a_lost_answer_is_in_doubt_and_asking_again_helps(
    bare: Bare, channel: WeChatPay, shop: Shop, clock: HeldClock, fault: str, call: str
) -> None:
    await bare.pay(shop)
    morning(clock)
    await bare.simulator.next(fault, call, times=2)  # a lost connection is tried again at once
    with pytest.raises(ChannelInDoubt):
        await channel.bills.fetch(trade(channel), BytesIO())
    assert (await channel.bills.fetch(trade(channel), BytesIO())).size > 0


async def test_a_restated_bill_has_another_digest(
    bare: Bare, channel: WeChatPay, shop: Shop, clock: HeldClock
) -> None:
    await bare.pay(shop)
    morning(clock)
    before = await channel.bills.fetch(trade(channel), BytesIO())
    assert await channel.bills.fetch(trade(channel), BytesIO()) == before
    await change(bare, "reissue")
    after = await channel.bills.fetch(trade(channel), BytesIO())
    assert before.sha256 != after.sha256


class Liar:
    """Announces a text properly, and hands out what a test puts into `text`."""

    def __init__(self, seal: Seal, clock: HeldClock) -> None:
        self.seal = seal
        self.clock = clock
        self.told: dict[str, str] = {}
        self.text = b""
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        if request.path == "/file":
            return web.Response(body=self.text, content_type="text/plain")
        body = msgspec.json.encode(self.told)
        return web.Response(body=body, headers=self.seal.headers(body, self.clock.now()))


@asynccontextmanager
async def lying(keys: Path, clock: HeldClock) -> AsyncIterator[tuple[Liar, WeChatPay]]:
    liar = Liar(Seal(load_platform(keys)), clock)
    async with served(liar.answer) as url, channel_at(keys, url, url, clock) as channel:
        yield liar, channel


async def test_a_text_that_is_not_the_announced_one_is_in_doubt(
    keys: Path, clock: HeldClock
) -> None:
    text = b"a bill" * 1000
    said = sha1(text).hexdigest()
    async with lying(keys, clock) as (liar, channel):
        liar.told = {"hash_type": "SHA1", "hash_value": said, "download_url": "http://a.b/file?t=1"}
        packed = gzip.compress(text)
        for good in (text, packed):
            liar.text, file = good, BytesIO()
            told = await channel.bills.fetch(trade(channel), file)
            assert (file.getvalue(), told.channel_hash) == (text, f"sha1:{said}")
        for bad in (
            text[:-1],
            text + b"!",
            b"",
            packed[:-1],
            packed[:30],
            packed + packed,
            b"\x1f\x8bx",
        ):
            liar.text = bad
            with pytest.raises(ChannelInDoubt):
                await channel.bills.fetch(trade(channel), BytesIO())


async def test_the_text_is_asked_of_the_gateway_whatever_host_its_address_names(
    keys: Path, clock: HeldClock
) -> None:
    async with lying(keys, clock) as (liar, channel):
        liar.told = {
            "hash_type": "SHA1",
            "hash_value": sha1(b"").hexdigest(),
            "download_url": "http://192.0.2.1/file?token=a%2Bb",
        }
        await channel.bills.fetch(trade(channel), BytesIO())
        assert liar.asked[-1] == "/file?token=a%2Bb"
        liar.told["hash_type"] = "MD5"
        with pytest.raises(ChannelInDoubt):
            await channel.bills.fetch(trade(channel), BytesIO())
