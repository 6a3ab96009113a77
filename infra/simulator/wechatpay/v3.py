"""The protocol's routes about orders: order, query, close. Every 2xx answer is signed, no other is."""

from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from secrets import token_hex
from typing import Any, NamedTuple, TypeAlias, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from commands.ports import Clock
from infra.simulator.wechatpay import rules
from infra.simulator.wechatpay.books import Books
from infra.simulator.wechatpay.clearing import Clearing
from infra.simulator.wechatpay.gate import Gate, Spoken
from infra.simulator.wechatpay.notifier import Notifier
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

TOO_LARGE = No(413, "INVALID_REQUEST", "请求体过大")


class Channel(NamedTuple):
    """Everything the routes lean on."""

    platforms: Mapping[str, Platform]  # by mchid
    seals: Mapping[str, Seal]  # by mchid
    gate: Gate
    books: Books
    notifier: Notifier
    clearing: Clearing
    signers: Signers
    clock: Clock


class Heard(NamedTuple):
    """One admitted request."""

    mchid: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


Content: TypeAlias = dict[str, Any] | None  # None: 204 without a body
Act: TypeAlias = Callable[[Channel, Heard], Awaitable[Content]]


async def order(channel: Channel, heard: Heard) -> Content:
    request = parsed(heard.body, OrderRequest)
    rules.check_order(request, heard.mchid, channel.platforms[heard.mchid].account.appid)
    at = channel.clock.now()
    prepay_id = await channel.books.write(lambda books: rules.order(books, request, at))
    return {"prepay_id": prepay_id}


async def query_by_our_number(channel: Channel, heard: Heard) -> Content:
    return told(channel, heard, OF_TRANSACTION, heard.path["transaction_id"])


async def query_by_their_number(channel: Channel, heard: Heard) -> Content:
    return told(channel, heard, OF_ORDER, heard.path["out_trade_no"])


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
        Route(f"{orders}/jsapi", answering(channel, order), methods=["POST"]),
        Route(f"{orders}/id/{{transaction_id}}", answering(channel, query_by_our_number)),
        Route(f"{orders}/out-trade-no/{{out_trade_no}}", answering(channel, query_by_their_number)),
        Route(
            f"{orders}/out-trade-no/{{out_trade_no}}/close",
            answering(channel, close),
            methods=["POST"],
        ),
    ]


def answering(channel: Channel, act: Act) -> Callable[[Request], Awaitable[Response]]:
    """Let in who may speak, do it, and sign what came of it."""

    async def endpoint(request: Request) -> Response:
        try:
            body = await limited(request)
            said = Spoken(request.method, raw_target(request), request.headers, body)
            mchid = channel.gate.admit(said, channel.clock.now())
            content = await act(
                channel, Heard(mchid, request.path_params, request.query_params, body)
            )
        except Refused as refused:
            return refusal(refused)
        answer = b"" if content is None else compact(content)
        proof = await channel.signers.run(channel.seals[mchid].headers, answer, channel.clock.now())
        return Response(
            answer,
            204 if content is None else 200,
            headers=proof | {"Request-ID": request_id()},
            media_type=None if content is None else "application/json",
        )

    return endpoint


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
