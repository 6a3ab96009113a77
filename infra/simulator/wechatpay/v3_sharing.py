"""The protocol's routes about sharing orders out, taking shares back, and what is still frozen."""

from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Annotated, Any, Literal

import msgspec
from starlette.routing import Route

from infra.simulator.wechatpay import sharing
from infra.simulator.wechatpay.books import add
from infra.simulator.wechatpay.faults import Fate, hidden
from infra.simulator.wechatpay.protocol import Refused, Text32, Words, beijing
from infra.simulator.wechatpay.rules import OTHER_APP
from infra.simulator.wechatpay.sharing import (
    MAX_RATIO,
    MERCHANT,
    Destiny,
    ReturnRequest,
    SharingRequest,
    UnfreezeRequest,
)
from infra.simulator.wechatpay.v3 import Channel, Content, Heard, answering, parsed

STORY = "SELECT * FROM share_orders WHERE out_order_no = ? AND mchid = ?"
PARTS = "SELECT * FROM shares WHERE share_order = ? ORDER BY seq"
RETURN = """
SELECT r.*, s.account, o.out_order_no, o.order_id
FROM share_returns r JOIN shares s ON s.seq = r.share JOIN share_orders o ON o.seq = s.share_order
WHERE r.out_return_no = ? AND r.mchid = ?
"""


class ReceiverRequest(Words, frozen=True):
    """`POST /v3/profitsharing/receivers/add`."""

    appid: Text32
    type: Literal["MERCHANT_ID"]
    account: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    relation_type: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    name: str | None = None  # encrypted
    custom_relation: str | None = None


async def add_receiver(channel: Channel, heard: Heard) -> Content:
    request = parsed(heard.body, ReceiverRequest)
    check_app(channel, heard, request.appid)
    at = channel.clock.now().isoformat()

    def act(books: Connection) -> None:
        fact = {"mchid": heard.mchid, "account": request.account}
        sql = "SELECT 1 FROM share_receivers WHERE mchid = ? AND account = ?"
        if not books.execute(sql, tuple(fact.values())).fetchone():
            add(books, "share_receivers", relation=request.relation_type, at=at, **fact)

    await channel.books.write(act)
    told = {"type": request.type, "account": request.account}
    return told | {"relation_type": request.relation_type}


async def share(channel: Channel, heard: Heard) -> Content:
    request = parsed(heard.body, SharingRequest)
    check_app(channel, heard, request.appid)
    at, destiny = channel.clock.now(), destined(heard.fate, "share_closed", "ACCOUNT_ABNORMAL")

    def act(books: Connection) -> None:
        if sharing.share(books, heard.mchid, request, at, destiny):
            taken_on(books, heard, at, destiny)

    await channel.books.write(act)
    return await told(channel, heard, request.out_order_no)


async def unfreeze(channel: Channel, heard: Heard) -> Content:
    request = parsed(heard.body, UnfreezeRequest)
    at, destiny = channel.clock.now(), destined(heard.fate)

    def act(books: Connection) -> None:
        if sharing.unfreeze(books, heard.mchid, request, at, destiny):
            heard.fate.hide(books, heard.mchid, at)

    await channel.books.write(act)
    return await told(channel, heard, request.out_order_no)


async def query(channel: Channel, heard: Heard) -> Content:
    number = heard.path["out_order_no"]
    if hidden(channel.books, heard.mchid, number, channel.clock.now()):
        raise Refused(sharing.UNKNOWN_SHARING)
    content = await told(channel, heard, number)
    if heard.query.get("transaction_id") != content["transaction_id"]:
        raise Refused(sharing.UNKNOWN_SHARING)
    return content


async def give_back(channel: Channel, heard: Heard) -> Content:
    request = parsed(heard.body, ReturnRequest)
    at, destiny = channel.clock.now(), destined(heard.fate, "share_kept", "ACCOUNT_ABNORMAL")

    def act(books: Connection) -> None:
        if sharing.give_back(books, heard.mchid, request, at, destiny):
            taken_on(books, heard, at, destiny)

    await channel.books.write(act)
    return await told_return(channel, heard, request.out_return_no)


async def query_return(channel: Channel, heard: Heard) -> Content:
    number = heard.path["out_return_no"]
    if hidden(channel.books, heard.mchid, number, channel.clock.now()):
        raise Refused(sharing.UNKNOWN_RETURN)
    return await told_return(channel, heard, number)


async def amounts(channel: Channel, heard: Heard) -> Content:
    transaction, at = heard.path["transaction_id"], channel.clock.now()

    def act(books: Connection) -> int:
        try:
            return sharing.the_frozen(books, heard.mchid, transaction, at)[1]
        except Refused as refused:
            if refused.no is sharing.THAWED:
                return 0
            raise

    left = await channel.books.write(act)
    return {"transaction_id": transaction, "unsplit_amount": left}


async def configuration(channel: Channel, heard: Heard) -> Content:
    return {"sub_mchid": heard.path["sub_mchid"], "max_ratio": MAX_RATIO}


def check_app(channel: Channel, heard: Heard, appid: str) -> None:
    if appid != channel.platforms[heard.mchid].account.appid:
        raise Refused(OTHER_APP)


def destined(fate: Fate, fault: Any = None, reason: str = "") -> Destiny:
    """How it will go if it is taken on by this call."""
    after = timedelta(seconds=fate.within("share", fate.plan.refund_seconds))
    return Destiny(after, reason if fault and fate.wants(fault) else "")


def taken_on(books: Connection, heard: Heard, at: datetime, destiny: Destiny) -> None:
    """Write what of its fate a call that was just taken on meets."""
    heard.fate.hide(books, heard.mchid, at)
    if destiny.reason:
        heard.fate.write(books, "share_kept" if heard.fate.call == "share_return" else "share_closed", at)  # fmt: skip


async def told(channel: Channel, heard: Heard, number: str) -> dict[str, Any]:
    """The sharing of this number as it stands by now."""
    at = channel.clock.now()
    await channel.books.write(lambda books: sharing.come_due(books, heard.mchid, at))
    stories = channel.books.read(STORY, number, heard.mchid)
    if not stories:
        raise Refused(sharing.UNKNOWN_SHARING)
    story = stories[0]
    parts = [part(row, story["at"], at) for row in channel.books.read(PARTS, story["seq"])]
    pending = any(one["result"] == "PENDING" for one in parts)
    return {
        "transaction_id": story["transaction_id"],
        "out_order_no": story["out_order_no"],
        "order_id": story["order_id"],
        "state": "PROCESSING" if pending else "FINISHED",
        "receivers": parts,
    }


def part(row: Any, begun: str, at: datetime) -> dict[str, Any]:
    due = datetime.fromisoformat(row["due_at"])
    over = due <= at
    content = {
        "type": "MERCHANT_ID",
        "account": row["account"],
        "amount": row["amount"],
        "description": "解冻给分账方" if row["account"] == MERCHANT else "分账",
        "result": row["result"] if over else "PENDING",
        "detail_id": row["detail_id"],
        "create_time": beijing(datetime.fromisoformat(begun)),
    }
    if over:
        content["finish_time"] = beijing(due)
    if over and row["reason"]:
        content["fail_reason"] = row["reason"]
    return content


async def told_return(channel: Channel, heard: Heard, number: str) -> Content:
    at = channel.clock.now()
    await channel.books.write(lambda books: sharing.come_due(books, heard.mchid, at))
    found = channel.books.read(RETURN, number, heard.mchid)
    if not found:
        raise Refused(sharing.UNKNOWN_RETURN)
    row, due = found[0], datetime.fromisoformat(found[0]["due_at"])
    content = {
        "order_id": row["order_id"],
        "out_order_no": row["out_order_no"],
        "out_return_no": row["out_return_no"],
        "return_id": row["return_id"],
        "return_mchid": row["account"],
        "amount": row["amount"],
        "description": "分账回退",
        "result": row["result"] if due <= at else "PROCESSING",
        "create_time": beijing(datetime.fromisoformat(row["at"])),
    }
    if due <= at:
        content["finish_time"] = beijing(due)
    if due <= at and row["reason"]:
        content["fail_reason"] = row["reason"]
    return content


def routes(channel: Channel) -> list[Route]:
    base = "/v3/profitsharing"

    def post(target: str, act: Any, call: Any) -> Route:
        return Route(f"{base}/{target}", answering(channel, act, call), methods=["POST"])

    def get(target: str, act: Any) -> Route:
        return Route(f"{base}/{target}", answering(channel, act, "split_query"))

    return [
        post("receivers/add", add_receiver, "split_query"),
        post("orders", share, "split"),
        post("orders/unfreeze", unfreeze, "split"),
        get("orders/{out_order_no}", query),
        post("return-orders", give_back, "share_return"),
        get("return-orders/{out_return_no}", query_return),
        get("transactions/{transaction_id}/amounts", amounts),
        get("merchant-configs/{sub_mchid}", configuration),
    ]
