"""What happens around the protocol: buyers paying, deposits, notifications by hand, and the books to judge by.

None of these routes asks who is there: serve them to nobody but this machine.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.simulator.wechatpay import funds, refunds, rules
from infra.simulator.wechatpay.message import Odd, Signature, Subject
from infra.simulator.wechatpay.protocol import PARAMETER, No, Refused, compact
from infra.simulator.wechatpay.schema import FACTS
from infra.simulator.wechatpay.statement import OF_ORDER, OF_REFUND, sums
from infra.simulator.wechatpay.v3 import Channel, limited, parsed, refusal

PAGE_MAX = 1000
UNPAID = No(409, "NOT_PAID", "订单未支付")
UNDER_WAY = No(409, "PROCESSING", "退款处理中")
NO_SUCH_BOOK = No(404, "RESOURCE_NOT_EXISTS", "没有这样的账簿")


class PayRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The buyer confirms in the cashier. One of the two numbers is needed."""

    out_trade_no: str | None = None
    prepay_id: str | None = None
    mchid: str | None = None  # needed only when several merchants use the same out_trade_no
    payer_openid: str | None = None  # when given, it must be whom the order was made for
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None  # unset: now


class NotifyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tell about a payment or the end of a refund once more, properly or with a flaw."""

    out_trade_no: str | None = None
    out_refund_no: str | None = None
    mchid: str | None = None
    signature: Signature = "good"
    age_seconds: int = 0  # signed as if sent this long ago
    change: dict[str, Any] = {}  # fields told wrongly


class FundsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Deposit on a merchant's account, or withdraw with a negative amount."""

    amount_fen: int
    mchid: str | None = None  # needed only when there are several merchants


async def pay(channel: Channel, request: Request) -> dict[str, Any]:
    """`POST /sim/pay`: pays once, or says why not (409)."""
    asked = parsed(await limited(request), PayRequest)
    now = channel.clock.now()
    paid = await channel.books.write(
        lambda books: rules.pay(
            books,
            rules.find_order(
                books,
                out_trade_no=asked.out_trade_no,
                prepay_id=asked.prepay_id,
                mchid=asked.mchid,
                at=asked.at or now,
            ),
            openid=asked.payer_openid,
            paid_at=asked.at or now,
            now=now,
        )
    )
    channel.notifier.paid(paid.number)
    return paid.shown()


async def notify(channel: Channel, request: Request) -> dict[str, Any]:
    """`POST /sim/notify`: answers with the status of the merchant's answer, 0 for none in time."""
    asked = parsed(await limited(request), NotifyRequest)
    odd = Odd(asked.signature, timedelta(seconds=asked.age_seconds), asked.change)
    return {"status": await channel.notifier.send(subject(channel, asked), odd)}


def subject(channel: Channel, asked: NotifyRequest) -> Subject:
    """What a notification by hand is about. Raises: Refused."""
    mchids = [asked.mchid] if asked.mchid else list(channel.platforms)
    by, number = (OF_ORDER, asked.out_trade_no)
    if asked.out_refund_no is not None:
        by, number = (OF_REFUND, asked.out_refund_no)
    found = [story for mchid in mchids for story in channel.books.read(by, number, mchid)]
    if len(found) > 1:
        raise Refused(rules.NOT_UNIQUE)
    if not found:
        raise Refused(rules.UNKNOWN_ORDER if by is OF_ORDER else refunds.UNKNOWN_REFUND)
    if by is OF_REFUND:
        if found[0]["state"] == "PROCESSING":
            raise Refused(UNDER_WAY)
        return Subject("refund", found[0]["step"])
    if found[0]["payment"] is None:
        raise Refused(UNPAID)
    return Subject("payment", found[0]["payment"])


async def move_funds(channel: Channel, request: Request) -> dict[str, Any]:
    """`POST /sim/funds`: the balance after it, or 409 when there is not so much to withdraw."""
    asked = parsed(await limited(request), FundsRequest)
    if asked.mchid is None and len(channel.platforms) > 1:
        raise Refused(rules.NOT_UNIQUE)
    mchid = asked.mchid or next(iter(channel.platforms))
    if mchid not in channel.platforms or asked.amount_fen == 0:
        raise Refused(PARAMETER, field="/mchid", issue="无此商户，或金额为零")
    at = channel.clock.now()
    balance = await channel.books.write(
        lambda books: funds.change(books, mchid, asked.amount_fen, at)
    )
    return {"mchid": mchid, "balance_fen": balance}


async def totals(channel: Channel, request: Request) -> dict[str, Any]:
    """`GET /sim/books`: by merchant, how many orders, closings, payments and refunds, and the fen of them."""
    return {"merchants": sums(channel.books)}


async def facts(channel: Channel, request: Request) -> dict[str, Any]:
    """`GET /sim/books/{orders|payments|refunds|refund_steps|funds|…}?after=&limit=`: facts in order."""
    book = request.path_params["book"]
    if book not in FACTS:
        raise Refused(NO_SUCH_BOOK)
    after = whole_number(request, "after", 0)
    limit = min(whole_number(request, "limit", 100), PAGE_MAX)
    return channel.books.page(book, after, limit)._asdict()


async def health(channel: Channel, request: Request) -> dict[str, Any]:
    """`GET /healthz`: the books can be read and written."""
    await channel.books.write(lambda books: None)
    channel.books.read("SELECT 1")
    return {"status": "ok"}


def routes(channel: Channel) -> list[Route]:
    return [
        Route("/sim/pay", answering(channel, pay), methods=["POST"]),
        Route("/sim/notify", answering(channel, notify), methods=["POST"]),
        Route("/sim/funds", answering(channel, move_funds), methods=["POST"]),
        Route("/sim/books", answering(channel, totals)),
        Route("/sim/books/{book}", answering(channel, facts)),
        Route("/healthz", answering(channel, health)),
    ]


def answering(
    channel: Channel, act: Callable[[Channel, Request], Awaitable[dict[str, Any]]]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return Response(compact(await act(channel, request)), media_type="application/json")
        except Refused as refused:
            return refusal(refused)

    return endpoint


def whole_number(request: Request, name: str, default: int) -> int:
    """Raises: Refused."""
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise Refused(PARAMETER, field=f"/{name}", issue="须为非负整数")
    return int(text)
