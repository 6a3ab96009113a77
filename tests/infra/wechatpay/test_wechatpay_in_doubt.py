"""A channel that hangs, cuts, stammers or lies: what we then know, which is mostly nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from aiohttp import web

from commands.ports import ChannelInDoubt, ChannelRefused
from infra.simulator.wechatpay.protocol import Seal, compact
from infra.wechatpay.channel import WeChatPay
from infra.wechatpay.credentials import load_merchant, load_platform
from tests.infra.wechatpay.support import NOON, NUMBER, REFUND, HeldClock, channel_at, served
from tests.infra.wechatpay.test_wechatpay_channel import prepared
from tests.infra.wechatpay.test_wechatpay_refunds import NEVER, refunded

TIMEOUT_SECONDS = 0.3
Call: TypeAlias = Callable[[WeChatPay], Coroutine[Any, Any, object]]
Rude: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

CALLS: list[Call] = [
    lambda channel: prepared(channel),
    lambda channel: channel.query(NUMBER),
    lambda channel: channel.close(NUMBER),
    lambda channel: refunded(channel, "4200"),
    lambda channel: channel.query_refund(REFUND),
    lambda channel: channel.return_refund(
        channel_refund_id="50", out_refund_no=REFUND, before=NEVER
    ),
    lambda channel: channel.balance(),
]
NAMES = ["prepare", "query", "close", "refund", "query_refund", "return_refund", "balance"]
MOVES_MONEY = ("refund", "return_refund")
each_call = pytest.mark.parametrize("call", CALLS, ids=NAMES)


@asynccontextmanager
async def asking(keys: Path, base_url: str) -> AsyncIterator[WeChatPay]:
    async with channel_at(
        keys, base_url, "http://127.0.0.1:9/", HeldClock(), timeout_seconds=TIMEOUT_SECONDS
    ) as channel:
        yield channel


@asynccontextmanager
async def asking_a_socket(keys: Path, rude: Rude) -> AsyncIterator[WeChatPay]:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await rude(reader, writer)
        writer.close()

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with asking(keys, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}") as channel:
        yield channel
    listening.close()


@asynccontextmanager
async def asking_for(
    keys: Path, status: int, body: bytes, headers: dict[str, str] | None = None
) -> AsyncIterator[WeChatPay]:
    """A channel that answers everything alike."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers=headers)

    async with served(answer) as url, asking(keys, url) as channel:
        yield channel


def no(code: str) -> bytes:
    return compact({"code": code, "message": "…"})


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()  # until the other side gives up


async def cuts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


async def cuts_half_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    await writer.drain()


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not reader.at_eof():  # each byte in time, the whole never
        writer.write(b" ")
        await writer.drain()
        with suppress(TimeoutError):
            async with asyncio.timeout(TIMEOUT_SECONDS / 10):
                await reader.read()


async def babbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await writer.drain()


@each_call
@pytest.mark.parametrize(
    ("rude", "code"),
    [
        (hangs, "timeout"),
        (cuts, "reset"),
        (cuts_half_way, "reset"),
        (drips, "timeout"),
        (babbles, "reset"),
    ],
)
async def test_a_broken_line_is_in_doubt(keys: Path, call: Call, rude: Rude, code: str) -> None:
    async with asking_a_socket(keys, rude) as channel:
        with pytest.raises(ChannelInDoubt) as doubt:
            await asyncio.wait_for(call(channel), TIMEOUT_SECONDS * 10)
    assert doubt.value.code == code


@each_call
async def test_nobody_listening_is_in_doubt(keys: Path, call: Call) -> None:
    async with asking_a_socket(keys, cuts) as channel:
        pass
    with pytest.raises(ChannelInDoubt):
        await call(channel)
    await channel._client.close()


@each_call
@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (500, no("SYSTEM_ERROR"), "SYSTEM_ERROR"),
        (500, b"", "http_500"),
        (502, b"<html>Bad Gateway</html>", "http_502"),
        (503, no("PARAM_ERROR"), "PARAM_ERROR"),
        (429, b"", "http_429"),
        (429, no("SOMETHING"), "SOMETHING"),
        (500, no("FREQUENCY_LIMITED"), "FREQUENCY_LIMITED"),
        (400, no("SYSTEM_ERROR"), "SYSTEM_ERROR"),
        (403, no("TRADE_ERROR"), "TRADE_ERROR"),
        (400, no("BANK_ERROR"), "BANK_ERROR"),
        (408, no("PARAM_ERROR"), "PARAM_ERROR"),
        (404, b"", "http_404"),
        (405, b"", "http_405"),
        (400, b"{}", "http_400"),
        (400, b"\xff", "http_400"),
        (302, no("PARAM_ERROR"), "PARAM_ERROR"),
    ],
)
async def test_these_answers_leave_it_in_doubt(
    keys: Path, call: Call, status: int, body: bytes, code: str
) -> None:
    async with asking_for(keys, status, body) as channel:
        with pytest.raises(ChannelInDoubt) as doubt:
            await call(channel)
    assert doubt.value.code == code


@pytest.mark.parametrize(("name", "call"), list(zip(NAMES, CALLS, strict=True)), ids=NAMES)
@pytest.mark.parametrize("code", ["FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED"])
async def test_turned_away_at_the_door_is_a_no_only_to_what_moves_money(
    keys: Path, name: str, call: Call, code: str
) -> None:
    expected = ChannelRefused if name in MOVES_MONEY else ChannelInDoubt
    async with asking_for(keys, 429, no(code)) as channel:
        with pytest.raises(expected) as away:
            await call(channel)
    assert isinstance(away.value, ChannelRefused | ChannelInDoubt)
    assert away.value.code == code


@each_call
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "PARAM_ERROR"),
        (400, "INVALID_REQUEST"),
        (401, "SIGN_ERROR"),
        (403, "NO_AUTH"),
        (403, "OUT_TRADE_NO_USED"),
        (400, "APPID_MCHID_NOT_MATCH"),
    ],
)
async def test_these_answers_are_a_final_no(keys: Path, call: Call, status: int, code: str) -> None:
    async with asking_for(keys, status, no(code)) as channel:
        with pytest.raises(ChannelRefused) as refused:
            await call(channel)
        assert refused.value.code == code


@pytest.mark.parametrize("code", ["ORDER_NOT_EXIST", "ORDERNOTEXIST"])
async def test_only_a_query_learns_that_an_order_is_unknown(keys: Path, code: str) -> None:
    async with asking_for(keys, 404, no(code)) as channel:
        assert (await channel.query(NUMBER)).state == "not_found"
        with pytest.raises(ChannelRefused):
            await channel.close(NUMBER)


async def test_closed_already_is_closed(keys: Path) -> None:
    async with asking_for(keys, 400, no("ORDER_CLOSED")) as channel:
        await channel.close(NUMBER)


async def test_an_unsigned_yes_is_in_doubt(keys: Path) -> None:
    async with asking_for(keys, 200, compact({"prepay_id": "wx1"})) as channel:
        with pytest.raises(ChannelInDoubt) as doubt:
            await prepared(channel)
        assert doubt.value.code == "unproven"


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(minutes=-6)])
async def test_a_yes_from_another_time_is_in_doubt(keys: Path, age: timedelta) -> None:
    body = compact({"prepay_id": "wx1"})
    proof = Seal(load_platform(keys)).headers(body, NOON - age)
    async with asking_for(keys, 200, body, proof) as channel:
        with pytest.raises(ChannelInDoubt, match="five minutes"):
            await prepared(channel)


async def test_a_yes_by_another_key_is_in_doubt(keys: Path, other_keys: Path) -> None:
    body = compact({"prepay_id": "wx1"})
    proof = Seal(load_platform(other_keys)).headers(body, NOON)
    proof["Wechatpay-Serial"] = load_merchant(keys).account.platform_key_id
    async with asking_for(keys, 200, body, proof) as channel:
        with pytest.raises(ChannelInDoubt, match="wrong signature"):
            await prepared(channel)


@pytest.mark.parametrize(
    "changed",
    [
        {"out_trade_no": "another-one"},
        {"mchid": "1900000109"},
        {"appid": "wx0000000000000000"},
        {"trade_state": "SUCCESS"},
        {"trade_state": "ODD"},
    ],
)
async def test_a_signed_answer_about_something_else_is_in_doubt(
    keys: Path, changed: dict[str, str]
) -> None:
    account = load_merchant(keys).account
    about = {"appid": account.appid, "mchid": account.mchid, "out_trade_no": NUMBER}
    body = compact(about | {"trade_state": "NOTPAY"} | changed)
    proof = Seal(load_platform(keys)).headers(body, NOON)
    async with asking_for(keys, 200, body, proof) as channel:
        with pytest.raises(ChannelInDoubt):
            await channel.query(NUMBER)


@each_call
async def test_a_signed_answer_without_sense_is_in_doubt(keys: Path, call: Call) -> None:
    proof = Seal(load_platform(keys)).headers(b"[]", NOON)
    async with asking_for(keys, 200, b"[]", proof) as channel:
        with pytest.raises(ChannelInDoubt) as doubt:
            await call(channel)
        assert doubt.value.code in ("unreadable", "http_200")


@pytest.mark.parametrize(
    "changed",
    [
        {"out_refund_no": "another-one"},
        {"transaction_id": "4201"},
        {"transaction_id": ""},
        {"status": "ODD"},
        {"status": ""},
        {"status": "SUCCESS"},
        {"amount": {"refund": 1990, "currency": "USD"}},
    ],
)
async def test_a_signed_answer_about_another_refund_is_in_doubt(
    keys: Path, changed: dict[str, str]
) -> None:
    about = {"refund_id": "50", "out_refund_no": REFUND, "transaction_id": "4200"}
    body = compact(about | {"status": "PROCESSING", "amount": {"refund": 1990}} | changed)
    proof = Seal(load_platform(keys)).headers(body, NOON)
    async with asking_for(keys, 200, body, proof) as channel:
        with pytest.raises(ChannelInDoubt) as doubt:
            await refunded(channel, "4200")
        assert doubt.value.code == "unreadable"


@pytest.mark.parametrize("code", ["RESOURCE_NOT_EXISTS", "REFUND_NOT_EXISTS"])
async def test_only_a_query_learns_that_a_refund_is_unknown(keys: Path, code: str) -> None:
    async with asking_for(keys, 404, no(code)) as channel:
        assert (await channel.query_refund(REFUND)).state == "not_found"
        with pytest.raises(ChannelRefused):
            await refunded(channel, "4200")


async def test_a_refunded_payment_is_still_told_with_amount_and_time(keys: Path) -> None:
    account = load_merchant(keys).account
    body = compact(
        {
            "appid": account.appid,
            "mchid": account.mchid,
            "out_trade_no": NUMBER,
            "trade_state": "REFUND",
            "transaction_id": "4200",
            "success_time": "2026-11-22T12:00:00+08:00",
            "amount": {"total": 1990, "payer_total": 1490, "currency": "CNY"},
        }
    )
    proof = Seal(load_platform(keys)).headers(body, NOON)
    async with asking_for(keys, 200, body, proof) as channel:
        told = await channel.query(NUMBER)
    assert (told.state, told.paid_at) == ("refunded", NOON)
    assert told.amount is not None
    assert told.amount.fen == 1990
