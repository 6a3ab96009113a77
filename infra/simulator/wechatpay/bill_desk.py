"""Bills gone wrong on purpose, and money taken to the bank. Nobody is asked who they are.

A change holds for every later asking for that bill: who fetched it before gets another file now.
"""

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from infra.simulator.wechatpay import funds, rules
from infra.simulator.wechatpay.bill_books import BUSINESS, BillPlan, fund_number
from infra.simulator.wechatpay.bill_press import SHAPES
from infra.simulator.wechatpay.bill_text import Act
from infra.simulator.wechatpay.books import add
from infra.simulator.wechatpay.outside import answering
from infra.simulator.wechatpay.protocol import PARAMETER, Refused, beijing
from infra.simulator.wechatpay.v3 import Channel, limited, parsed

LAST: Final = "SELECT * FROM funds WHERE mchid = ? ORDER BY seq DESC LIMIT 1"
Kind: TypeAlias = Literal["trade", "fundflow"]


class ChangeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be wrong with one bill.

    `omit`, `duplicate` and `set` (columns to these values) are of the line that `number` names: a transaction,
    refund or movement, by either side's number. `add` is one more line. `reissue` changes nothing that matters,
    `miscount` makes the sums wrong: they need no number.
    """

    kind: Kind
    bill_date: date
    act: Act
    number: str = ""
    values: dict[str, str] = {}
    mchid: str | None = None  # needed only when there are several merchants


class WithdrawRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take so much of a merchant's money to its bank account; unset: all of it."""

    amount_fen: Annotated[int, msgspec.Meta(ge=1)] | None = None
    mchid: str | None = None


async def change(channel: Channel, request: Request) -> dict[str, Any]:
    """`POST /sim/bills/changes`."""
    asked = parsed(await limited(request), ChangeRequest)
    mchid = whose(channel, asked.mchid)
    columns = SHAPES[asked.kind].columns
    if unknown := set(asked.values) - set(columns):
        raise Refused(PARAMETER, field="/values", issue=f"没有这一列：{unknown.pop()}")
    if (asked.act in ("omit", "duplicate", "set")) != bool(asked.number):
        raise Refused(PARAMETER, field="/number", issue="此操作须指明、或不得指明一行")
    at = channel.clock.now().isoformat()
    seq = await channel.books.write(
        lambda books: add(
            books,
            "bill_changes",
            mchid=mchid,
            kind=asked.kind,
            bill_date=str(asked.bill_date),
            act=asked.act,
            number=asked.number,
            wanted=msgspec.json.encode(asked.values).decode(),
            at=at,
        )
    )
    return {"mchid": mchid, "change": seq}


async def follow(channel: Channel, request: Request) -> dict[str, Any]:
    """`PUT /sim/bills/plan`: what the channel is free to choose, from now on and for every day."""
    plan = parsed(await limited(request), BillPlan)
    text, at = msgspec.json.encode(plan).decode(), channel.clock.now().isoformat()
    await channel.books.write(lambda books: add(books, "bill_plans", plan=text, at=at))
    return shown(channel)


async def look(channel: Channel, request: Request) -> dict[str, Any]:
    """`GET /sim/bills/plan`."""
    return shown(channel)


def shown(channel: Channel) -> dict[str, Any]:
    return {"plan": msgspec.to_builtins(channel.bills.plan())}


async def withdraw(channel: Channel, request: Request) -> dict[str, Any]:
    """`POST /sim/withdrawals`: what the bank is told, or 409 when there is not so much."""
    asked = parsed(await limited(request), WithdrawRequest)
    mchid, at = whose(channel, asked.mchid), channel.clock.now()

    def act(books: Any) -> Any:
        amount = asked.amount_fen or funds.balance(books, mchid)
        if amount == 0:
            raise Refused(funds.TOO_MUCH)
        funds.change(books, mchid, -amount, at)
        return books.execute(LAST, (mchid,)).fetchone()

    moved = await channel.books.write(act)
    assert moved["kind"] in BUSINESS
    return {
        "mchid": mchid,
        "withdraw_id": fund_number(moved, "40"),
        "bank_reference": fund_number(moved, "70"),
        "amount_fen": -moved["amount"],
        "balance_fen": moved["balance"],
        "at": beijing(datetime.fromisoformat(moved["at"])),
    }


def whose(channel: Channel, mchid: str | None) -> str:
    """Raises: Refused."""
    if mchid is None and len(channel.platforms) > 1:
        raise Refused(rules.NOT_UNIQUE)
    named = mchid or next(iter(channel.platforms))
    if named not in channel.platforms:
        raise Refused(PARAMETER, field="/mchid", issue="无此商户")
    return named


def routes(channel: Channel) -> list[Route]:
    return [
        Route("/sim/bills/changes", answering(channel, change), methods=["POST"]),
        Route("/sim/bills/plan", answering(channel, look)),
        Route("/sim/bills/plan", answering(channel, follow), methods=["PUT"]),
        Route("/sim/withdrawals", answering(channel, withdraw), methods=["POST"]),
    ]
