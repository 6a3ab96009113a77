"""The protocol's routes about refunds and the balance they are paid from."""

from datetime import timedelta

from starlette.routing import Route

from infra.simulator.wechatpay import funds, refunds, rules
from infra.simulator.wechatpay.protocol import PARAMETER, AbnormalRequest, RefundRequest, Refused
from infra.simulator.wechatpay.refunds import Destiny
from infra.simulator.wechatpay.statement import OF_REFUND, refund
from infra.simulator.wechatpay.v3 import Channel, Content, Heard, answering, parsed

PLAIN = Destiny("SUCCESS", timedelta(seconds=1))
ACCOUNT_TYPES = ("BASIC", "OPERATION", "FEES")  # only the first ever holds anything here


async def take(channel: Channel, heard: Heard) -> Content:
    request = parsed(heard.body, RefundRequest)
    rules.check_notify_url(request.notify_url)
    if (request.transaction_id is None) == (request.out_trade_no is None):
        raise Refused(PARAMETER, field="/transaction_id", issue="与out_trade_no二选一")
    at = channel.clock.now()
    taken = await channel.books.write(
        lambda books: refunds.take_on(books, heard.mchid, request, at, PLAIN)
    )
    if taken:
        channel.clearing.later(taken)
    return told(channel, heard, request.out_refund_no)


async def send_elsewhere(channel: Channel, heard: Heard) -> Content:
    request = parsed(heard.body, AbnormalRequest)
    refund_id, at = heard.path["refund_id"], channel.clock.now()
    taken = await channel.books.write(
        lambda books: refunds.send_elsewhere(books, heard.mchid, refund_id, request, at, PLAIN)
    )
    if taken:
        channel.clearing.later(taken)
    return told(channel, heard, request.out_refund_no)


async def query(channel: Channel, heard: Heard) -> Content:
    return told(channel, heard, heard.path["out_refund_no"])


async def balance(channel: Channel, heard: Heard) -> Content:
    kind = heard.path["account_type"]
    if kind not in ACCOUNT_TYPES:
        raise Refused(PARAMETER, field="/account_type", issue="须为BASIC、OPERATION或FEES")
    available = 0
    if kind == "BASIC":
        available = await channel.books.write(lambda books: funds.balance(books, heard.mchid))
    return {"available_amount": available, "pending_amount": 0}


def told(channel: Channel, heard: Heard, out_refund_no: str) -> Content:
    stories = channel.books.read(OF_REFUND, out_refund_no, heard.mchid)
    if not stories:
        raise Refused(refunds.UNKNOWN_REFUND)
    return refund(stories[0])


def routes(channel: Channel) -> list[Route]:
    all = "/v3/refund/domestic/refunds"
    return [
        Route(all, answering(channel, take), methods=["POST"]),
        Route(f"{all}/{{out_refund_no}}", answering(channel, query)),
        Route(
            f"{all}/{{refund_id}}/apply-abnormal-refund",
            answering(channel, send_elsewhere),
            methods=["POST"],
        ),
        Route("/v3/merchant/fund/balance/{account_type}", answering(channel, balance)),
    ]
