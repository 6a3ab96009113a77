"""The protocol's routes about orders: order, query, close. Every 2xx answer is signed, no other is."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from secrets import token_hex
from sqlite3 import Connection
from typing import Any, NamedTuple, TypeAlias, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from commands.ports import Clock
from infra.simulator.wechatpay import rules
from infra.simulator.wechatpay.bill_press import BillPress
from infra.simulator.wechatpay.books import Books
from infra.simulator.wechatpay.clearing import Clearing
from infra.simulator.wechatpay.faults import Call, Fate, Faults, hidden
from infra.simulator.wechatpay.gate import Gate, Spoken
from infra.simulator.wechatpay.keys import Keys
from infra.simulator.wechatpay.notifier import Notifier, skew
from infra.simulator.wechatpay.protocol import (
    PARAMETER,
    CloseRequest,
    No,
    OrderRequest,
    Refused,
    Seal,
    compact,
)
from infra.simulator.wechatpay.signers import Signers
from infra.simulator.wechatpay.statement import OF_ORDER, OF_TRANSACTION, transaction
from infra.wechatpay.credentials import Platform

T = TypeVar("T")

BODY_MAX = 64 * 1024  # bytes
START = token_hex(8).upper()  # tells apart the lives of this process
numbers = count(1)

CUT = "tuan.cut"  # in the scope of a request: ends its connection at once
BROKEN = No(500, "SYSTEM_ERROR", "系统异常，请用相同参数重新调用")
BUSY = No(429, "FREQUENCY_LIMITED", "频率超限，请降低请求频率")
TOO_LARGE = No(413, "INVALID_REQUEST", "请求体过大")


class Channel(NamedTuple):
    """Everything the routes lean on."""

    platforms: Mapping[str, Platform]  # by mchid
    seals: Mapping[str, Seal]  # by mchid
    gate: Gate
    books: Books
    notifier: Notifier
    clearing: Clearing
    faults: Faults
    keys: Keys
    signers: Signers
    bills: BillPress
    clock: Clock


class Heard(NamedTuple):
    """One admitted request."""

    mchid: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    fate: Fate
    base: str = ""  # scheme and authority that it was sent to


Content: TypeAlias = dict[str, Any] | None  # None: 204 without a body
Act: TypeAlias = Callable[[Channel, Heard], Awaitable[Content]]


async def order(channel: Channel, heard: Heard) -> Content:
    request = parsed(heard.body, OrderRequest)
    rules.check_order(request, heard.mchid, channel.platforms[heard.mchid].account.appid)
    at = channel.clock.now()

    def take(books: Connection) -> str:
        known = rules.is_known(books, heard.mchid, request.out_trade_no)
        prepay_id = rules.order(books, request, at)
        if not known:
            heard.fate.hide(books, heard.mchid, at)
        return prepay_id

    return {"prepay_id": await channel.books.write(take)}


async def query_by_our_number(channel: Channel, heard: Heard) -> Content:
    return told(channel, heard, OF_TRANSACTION, heard.path["transaction_id"])


async def query_by_their_number(channel: Channel, heard: Heard) -> Content:
    number = heard.path["out_trade_no"]
    if hidden(channel.books, heard.mchid, number, channel.clock.now()):
        raise Refused(rules.UNKNOWN_ORDER)
    return told(channel, heard, OF_ORDER, number)


async def close(channel: Channel, heard: Heard) -> Content:
    if parsed(heard.body, CloseRequest).mchid != heard.mchid:
        raise Refused(rules.OTHER_MERCHANT)
    number, at = heard.path["out_trade_no"], channel.clock.now()
    await channel.books.write(lambda books: rules.close(books, heard.mchid, number, at))
    return None


def told(channel: Channel, heard: Heard, sql: str, number: str) -> Content:
    if heard.query.get("mchid") != heard.mchid:
        raise Refused(rules.OTHER_MERCHANT)
    stories = channel.books.read(sql, number, heard.mchid)
    if not stories:
        raise Refused(rules.UNKNOWN_ORDER)
    return transaction(stories[0])


def routes(channel: Channel) -> list[Route]:
    orders = "/v3/pay/transactions"
    return [
        Route(f"{orders}/jsapi", answering(channel, order, "order"), methods=["POST"]),
        Route(f"{orders}/id/{{transaction_id}}", answering(channel, query_by_our_number, "query")),
        Route(
            f"{orders}/out-trade-no/{{out_trade_no}}",
            answering(channel, query_by_their_number, "query"),
        ),
        Route(
            f"{orders}/out-trade-no/{{out_trade_no}}/close",
            answering(channel, close, "close"),
            methods=["POST"],
        ),
    ]


def answering(channel: Channel, act: Act, call: Call) -> Callable[[Request], Awaitable[Response]]:
    """Let in who may speak, do it, and sign what came of it; unless something goes wrong on purpose."""

    async def endpoint(request: Request) -> Response:
        try:
            body = await limited(request)
            said = Spoken(request.method, raw_target(request), request.headers, body)
            mchid = channel.gate.admit(said, channel.clock.now())
        except Refused as refused:
            return refusal(refused)
        fate = channel.faults.draw(call, number_of(request, body))
        base = f"{request.url.scheme}://{request.url.netloc}"
        heard = Heard(mchid, request.path_params, request.query_params, body, fate, base)
        try:
            return await answer(channel, act, heard)
        finally:
            channel.faults.done(fate)

    return endpoint


async def answer(channel: Channel, act: Act, heard: Heard) -> Response:
    """Do one admitted request, and answer as its fate has it."""
    fire, fate = channel.faults.fire, heard.fate
    if await fire(fate, "delay"):
        await asyncio.sleep(fate.within("delay", fate.plan.delays_ms) / 1000)
    if await fire(fate, "busy"):
        return refusal(Refused(BUSY))
    if await fire(fate, "error_before"):
        return refusal(Refused(BROKEN))
    try:
        content = await act(channel, heard)
    except Refused as refused:
        return Cut() if await fire(fate, "drop_reply") else refusal(refused)
    if await fire(fate, "drop_reply"):
        return Cut()
    if await fire(fate, "error_after_success"):
        return refusal(Refused(BROKEN))
    await channel.keys.change(fate, heard.mchid)
    at = channel.clock.now()
    if await fire(fate, "clock_skew"):
        at += skew(fate)
    body = b"" if content is None else compact(content)
    proof = await channel.signers.run(channel.seals[heard.mchid].headers, body, at)
    return Response(
        body,
        204 if content is None else 200,
        headers=proof | {"Request-ID": request_id()},
        media_type=None if content is None else "application/json",
    )


class Numbers(msgspec.Struct, frozen=True):
    """What a request's body says it is about."""

    out_refund_no: str = ""
    out_trade_no: str = ""
    out_bill_no: str = ""
    out_order_no: str = ""
    out_return_no: str = ""


def number_of(request: Request, body: bytes) -> str:
    """The merchant's number that a request is about, as far as it can be told before it is understood."""
    path = request.path_params
    try:
        named = msgspec.json.decode(body or b"{}", type=Numbers)
    except msgspec.DecodeError:
        named = Numbers()
    ours = named.out_refund_no or named.out_trade_no or named.out_bill_no
    return ours or named.out_return_no or named.out_order_no or "".join(path.values())


class Cut(Response):
    """No answer at all: the connection ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[CUT]()
        while (await receive())["type"] != "http.disconnect":
            pass  # the rest of the request


def refusal(refused: Refused) -> Response:
    """A no, which the channel does not sign."""
    return Response(
        compact(refused.content()),
        refused.no.status,
        headers={"Request-ID": request_id()},
        media_type="application/json",
    )


def request_id() -> str:
    """What a merchant quotes when asking about one answer."""
    return f"{START}-{next(numbers):08X}"


def parsed(body: bytes, kind: type[T]) -> T:
    """Raises: Refused naming the field and what is wrong with it."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as wrong:
        issue, _, field = str(wrong).partition(" - at `$")
        raise Refused(PARAMETER, field=field.strip("`").replace(".", "/"), issue=issue) from None


async def limited(request: Request) -> bytes:
    """The body, which nobody can make us gather without end. Raises: Refused."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX:
            raise Refused(TOO_LARGE)
    return body


def raw_target(request: Request) -> bytes:
    """Path and query as they came over the wire: what was signed."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return path + b"?" + query if query else path
