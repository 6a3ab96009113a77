"""The protocol's routes about refunds and the balance they are paid from."""

from datetime import datetime, timedelta
from sqlite3 import Connection

from starlette.routing import Route

from infra.simulator.wechatpay import funds, refunds, rules, sharing, transfers
from infra.simulator.wechatpay.faults import Fate, Fault, hidden
from infra.simulator.wechatpay.protocol import PARAMETER, AbnormalRequest, RefundRequest, Refused
from infra.simulator.wechatpay.refunds import Becomes, Destiny, Taken
from infra.simulator.wechatpay.statement import OF_REFUND, refund
from infra.simulator.wechatpay.v3 import Channel, Content, Heard, answering, parsed

ACCOUNT_TYPES = ("BASIC", "OPERATION", "FEES")  # only the first ever holds anything here


async def take(channel: Channel, heard: Heard) -> Content:
    request = parsed(heard.body, RefundRequest)
    rules.check_notify_url(request.notify_url)
    if (request.transaction_id is None) == (request.out_trade_no is None):
        raise Refused(PARAMETER, field="/transaction_id", issue="与out_trade_no二选一")
    at, destiny = channel.clock.now(), destined(heard.fate)

    def act(books: Connection) -> Taken | None:
        taken = refunds.take_on(books, heard.mchid, request, at, destiny)
        if taken:
            heard.fate.hide(books, heard.mchid, at)
            begin(books, heard.fate, destiny, at)
        return taken

    try:
        await see_to(channel, heard, await channel.books.write(act))
    except Refused as refused:
        if refused.no is refunds.NOT_ENOUGH:
            await channel.faults.fire(heard.fate, "not_enough")
        raise
    return told(channel, heard, request.out_refund_no)


async def send_elsewhere(channel: Channel, heard: Heard) -> Content:
    request = parsed(heard.body, AbnormalRequest)
    refund_id, at, destiny = heard.path["refund_id"], channel.clock.now(), destined(heard.fate)

    def act(books: Connection) -> Taken | None:
        taken = refunds.send_elsewhere(books, heard.mchid, refund_id, request, at, destiny)
        if taken:
            begin(books, heard.fate, destiny, at)
        return taken

    await see_to(channel, heard, await channel.books.write(act))
    return told(channel, heard, request.out_refund_no)


async def query(channel: Channel, heard: Heard) -> Content:
    number = heard.path["out_refund_no"]
    if hidden(channel.books, heard.mchid, number, channel.clock.now()):
        raise Refused(refunds.UNKNOWN_REFUND)
    return told(channel, heard, number)


async def balance(channel: Channel, heard: Heard) -> Content:
    kind = heard.path["account_type"]
    if kind not in ACCOUNT_TYPES:
        raise Refused(PARAMETER, field="/account_type", issue="须为BASIC、OPERATION或FEES")
    available = 0
    if kind == "BASIC":
        at = channel.clock.now()

        def look(books: Connection) -> int:
            transfers.come_due(books, heard.mchid, at)
            sharing.come_due(books, heard.mchid, at)
            return funds.available(books, heard.mchid)

        available = await channel.books.write(look)
    return {"available_amount": available, "pending_amount": 0}


def destined(fate: Fate) -> Destiny:
    """How a refund will go if it is taken on by this call."""
    slow = fate.wants("refund_slow")
    span = fate.plan.slow_seconds if slow else fate.plan.refund_seconds
    seconds = fate.within("refund", span)
    if fate.wants("notify_before_reply"):
        seconds = 0
    becomes: Becomes = "SUCCESS"
    if fate.wants("refund_abnormal"):
        becomes = "ABNORMAL"
    elif fate.wants("refund_closed"):
        becomes = "CLOSED"
    return Destiny(becomes, timedelta(seconds=seconds), not fate.wants("not_enough"))


def begin(books: Connection, fate: Fate, destiny: Destiny, at: datetime) -> None:
    """Write what of its fate a refund that was just taken on goes to meet."""
    meets: dict[Fault, bool] = {
        "refund_abnormal": destiny.becomes == "ABNORMAL",
        "refund_closed": destiny.becomes == "CLOSED",
        "refund_slow": fate.wants("refund_slow") and destiny.after > timedelta(0),
        "notify_before_reply": fate.wants("notify_before_reply"),
    }
    for fault, so in meets.items():
        if so:
            fate.write(books, fault, at)


async def see_to(channel: Channel, heard: Heard, taken: Taken | None) -> None:
    """Let a refund go on its way, or to its end and into the merchant's ears before we answer."""
    if taken is None:
        return
    if "notify_before_reply" not in heard.fate.fired:
        channel.clearing.later(taken)
        return
    ended = await channel.clearing.now(taken.step)
    if ended is not None:
        await channel.notifier.refund_ended_now(ended)


def told(channel: Channel, heard: Heard, out_refund_no: str) -> Content:
    stories = channel.books.read(OF_REFUND, out_refund_no, heard.mchid)
    if not stories:
        raise Refused(refunds.UNKNOWN_REFUND)
    return refund(stories[0])


def routes(channel: Channel) -> list[Route]:
    all = "/v3/refund/domestic/refunds"
    return [
        Route(all, answering(channel, take, "refund"), methods=["POST"]),
        Route(f"{all}/{{out_refund_no}}", answering(channel, query, "refund_query")),
        Route(
            f"{all}/{{refund_id}}/apply-abnormal-refund",
            answering(channel, send_elsewhere, "return"),
            methods=["POST"],
        ),
        Route("/v3/merchant/fund/balance/{account_type}", answering(channel, balance, "balance")),
    ]
