"""The protocol's routes about transfers to payees, and the side door through which a payee acts."""

from datetime import timedelta
from sqlite3 import Connection
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from infra.simulator.wechatpay import outside, rules, transfers
from infra.simulator.wechatpay.faults import Fate, hidden
from infra.simulator.wechatpay.protocol import Refused
from infra.simulator.wechatpay.transfers import LIFE, Destiny, End, TransferRequest
from infra.simulator.wechatpay.v3 import Channel, Content, Heard, answering, limited, parsed

ACTS: dict[str, tuple[End, str]] = {"take": ("SUCCESS", ""), "refuse": ("FAIL", "PAYEE_REFUSED")}


# What the answer to a request tells, of all that a query does.
TAKEN = ("out_bill_no", "transfer_bill_no", "create_time", "state", "package_info", "fail_reason")


class PayeeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payee taps on the page that the package opened."""

    out_bill_no: str
    act: Literal["take", "refuse"] = "take"
    mchid: str | None = None  # needed only when several merchants use the same number


async def take(channel: Channel, heard: Heard) -> Content:
    request = parsed(heard.body, TransferRequest)
    if request.notify_url:
        rules.check_notify_url(request.notify_url)
    at, destiny = channel.clock.now(), destined(heard.fate)
    appid = channel.platforms[heard.mchid].account.appid

    def act(books: Connection) -> None:
        if transfers.take_on(books, heard.mchid, appid, request, at, destiny):
            heard.fate.hide(books, heard.mchid, at)
            for fault in ("transfer_fails", "transfer_lapses"):
                if heard.fate.wants(fault) and destiny.reason:
                    heard.fate.write(books, fault, at)
                    break

    try:
        await channel.books.write(act)
    except Refused as refused:
        if refused.no is transfers.NOT_ENOUGH:
            await channel.faults.fire(heard.fate, "not_enough")
        raise
    bill = await told(channel, heard, request.out_bill_no)
    return {name: value for name, value in bill.items() if name in TAKEN}


async def query(channel: Channel, heard: Heard) -> Content:
    number = heard.path["out_bill_no"]
    if hidden(channel.books, heard.mchid, number, channel.clock.now()):
        raise Refused(transfers.UNKNOWN)
    return await told(channel, heard, number)


async def cancel(channel: Channel, heard: Heard) -> Content:
    number, at = heard.path["out_bill_no"], channel.clock.now()
    await channel.books.write(
        lambda books: transfers.act(books, heard.mchid, number, "CANCELLED", "", at)
    )
    return await told(channel, heard, number)


async def payee(channel: Channel, request: Request) -> dict[str, Any]:
    """`POST /sim/transfers`: the payee takes the money, or will not have it."""
    asked = parsed(await limited(request), PayeeRequest)
    if asked.mchid is None and len(channel.platforms) > 1:
        raise Refused(rules.NOT_UNIQUE)
    mchid = asked.mchid or next(iter(channel.platforms))
    (state, reason), at = ACTS[asked.act], channel.clock.now()
    await channel.books.write(
        lambda books: transfers.act(books, mchid, asked.out_bill_no, state, reason, at)
    )
    return {"out_bill_no": asked.out_bill_no, "state": state}


def destined(fate: Fate) -> Destiny:
    """How a transfer will go if it is taken on by this call."""
    enough = not fate.wants("not_enough")
    taps = timedelta(seconds=fate.within("confirm", fate.plan.confirm_seconds))
    if fate.wants("transfer_fails"):
        return Destiny("FAIL", "ACCOUNT_FROZEN", min(taps, LIFE), enough)
    if fate.wants("transfer_lapses") or taps >= LIFE:
        return Destiny("FAIL", "OVERDUE_CLOSE", LIFE, enough)
    return Destiny("SUCCESS", "", taps, enough)


async def told(channel: Channel, heard: Heard, number: str) -> dict[str, Any]:
    """The bill as it stands, after whatever time has settled by now."""
    at = channel.clock.now()
    await channel.books.write(lambda books: transfers.come_due(books, heard.mchid, at))
    known = channel.books.read(transfers.OF_NUMBER, number, heard.mchid)
    if not known:
        raise Refused(transfers.UNKNOWN)
    return transfers.told(known[0], channel.platforms[heard.mchid].account.appid)


def routes(channel: Channel) -> list[Route]:
    all = "/v3/fund-app/mch-transfer/transfer-bills"
    one = f"{all}/out-bill-no/{{out_bill_no}}"
    return [
        Route(all, answering(channel, take, "transfer"), methods=["POST"]),
        Route(one, answering(channel, query, "transfer_query")),
        Route(f"{one}/cancel", answering(channel, cancel, "transfer_cancel"), methods=["POST"]),
        Route("/sim/transfers", outside.answering(channel, payee), methods=["POST"]),
    ]
