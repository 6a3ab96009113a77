"""What a transfer to a payee may become (商家转账). Each rule runs alone on the books: it refuses, or writes.

Taken on, its money is held back on the merchant's account until the payee takes it, and only then moves: after
a day that he lets pass it ends as FAIL, OVERDUE_CLOSE. (The real channel books the money out at once and gives
it back; what a merchant can spend is the same.)
"""

from datetime import datetime, timedelta
from secrets import token_urlsafe
from sqlite3 import Connection
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import msgspec

from infra.simulator.wechatpay import funds
from infra.simulator.wechatpay.books import add
from infra.simulator.wechatpay.protocol import (
    BEIJING,
    PARAMETER,
    Fen,
    No,
    Refused,
    Text32,
    Words,
    beijing,
)
from infra.simulator.wechatpay.rules import OTHER_APP, canonical

LIFE = timedelta(hours=24)  # of a transfer that its payee does not take
NAME_FROM = 2_000_00  # fen: from here on the payee's name must be given

NOT_ENOUGH = No(400, "NOT_ENOUGH", "商户账户资金不足，请充值后原单重试")
CHANGED = No(400, "ALREADY_EXISTS", "商户单号已存在，且参数与首次请求时不一致")
UNKNOWN = No(404, "NOT_FOUND", "转账单不存在")
OVER = No(409, "INVALID_REQUEST", "转账单已是终态")

End: TypeAlias = Literal["SUCCESS", "FAIL", "CANCELLED"]


class Report(Words, frozen=True):
    """What the transfer is for, as its scene demands."""

    info_type: Annotated[str, msgspec.Meta(min_length=1, max_length=15)]
    info_content: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]


class TransferRequest(Words, frozen=True):
    """`POST /v3/fund-app/mch-transfer/transfer-bills`."""

    appid: Text32
    out_bill_no: Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z]{1,32}$")]
    transfer_scene_id: Annotated[str, msgspec.Meta(min_length=1, max_length=36)]
    openid: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    transfer_amount: Fen
    transfer_remark: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    transfer_scene_report_infos: Annotated[list[Report], msgspec.Meta(min_length=1)]
    user_name: str | None = None  # encrypted
    notify_url: Annotated[str, msgspec.Meta(max_length=256)] | None = None
    user_recv_perception: str | None = None


class Destiny(NamedTuple):
    """How a transfer will go, if it is taken on and nobody acts before."""

    becomes: Literal["SUCCESS", "FAIL"]
    reason: str
    after: timedelta
    enough: bool = True  # else the account is said not to cover it


def take_on(
    books: Connection,
    mchid: str,
    appid: str,
    request: TransferRequest,
    at: datetime,
    destiny: Destiny,
) -> bool:
    """Take the transfer on; False when it was before, in the same words. Raises: Refused.

    An encrypted name is another text each time it is written, so it is no part of what must be the same.
    """
    if request.appid != appid:
        raise Refused(OTHER_APP)
    if request.transfer_amount >= NAME_FROM and not request.user_name:
        raise Refused(PARAMETER, field="/user_name", issue="转账金额大于等于2000元时必填")
    named = msgspec.structs.replace(request, user_name=request.user_name and "***")
    parameters = canonical(named)
    known = find(books, mchid, request.out_bill_no)
    if known and known["parameters"] != parameters:
        raise Refused(CHANGED)
    if known:
        return False
    come_due(books, mchid, at)
    if not destiny.enough or funds.available(books, mchid) < request.transfer_amount:
        raise Refused(NOT_ENOUGH)
    number = books.execute("SELECT coalesce(max(seq), 0) + 1 FROM transfers").fetchone()[0]
    add(
        books,
        "transfers",
        seq=number,
        mchid=mchid,
        out_bill_no=request.out_bill_no,
        transfer_bill_no=f"1330{at.astimezone(BEIJING):%Y%m%d%H%M%S}{number:014d}",
        parameters=parameters,
        amount=request.transfer_amount,
        openid=request.openid,
        package_info=token_urlsafe(48),
        becomes=destiny.becomes,
        reason=destiny.reason,
        due_at=(at + destiny.after).isoformat(),
        at=at.isoformat(),
    )
    return True


def act(
    books: Connection, mchid: str, out_bill_no: str, state: End, reason: str, at: datetime
) -> None:
    """The payee takes it or will not have it, or the merchant calls it off; doing so again is fine. Raises: Refused."""
    come_due(books, mchid, at)
    known = find(books, mchid, out_bill_no)
    if known is None:
        raise Refused(UNKNOWN)
    if known["state"] is None:
        end(books, known, state, reason, at)
    elif known["state"] != state:
        raise Refused(OVER)


def come_due(books: Connection, mchid: str, at: datetime) -> None:
    """Whatever time has settled is booked now: movements stand in the books in the order of their times."""
    due = f"{WHOLE} WHERE t.mchid = ? AND e.seq IS NULL AND t.due_at <= ? ORDER BY t.due_at, t.seq"
    for transfer in books.execute(due, (mchid, at.isoformat())).fetchall():
        end(books, transfer, transfer["becomes"], transfer["reason"], at)


def end(books: Connection, transfer: Any, state: End, reason: str, at: datetime) -> None:
    add(
        books,
        "transfer_ends",
        transfer=transfer["seq"],
        state=state,
        reason=reason,
        at=at.isoformat(),
    )
    if state == "SUCCESS":
        funds.errand(
            books,
            transfer["mchid"],
            "transfer",
            -transfer["amount"],
            at,
            number=transfer["transfer_bill_no"],
            voucher=transfer["out_bill_no"],
        )


WHOLE = """
SELECT t.*, e.state, e.reason AS end_reason, e.at AS ended_at
FROM transfers t LEFT JOIN transfer_ends e ON e.transfer = t.seq
"""
OF_NUMBER = f"{WHOLE} WHERE t.out_bill_no = ? AND t.mchid = ?"


def find(books: Connection, mchid: str, out_bill_no: str) -> Any:
    """The transfer of this number, or None."""
    return books.execute(OF_NUMBER, (out_bill_no, mchid)).fetchone()


def told(transfer: Any, appid: str) -> dict[str, Any]:
    """The transfer bill of the protocol."""
    state = transfer["state"] or "WAIT_USER_CONFIRM"
    ended = transfer["ended_at"] or transfer["at"]
    content = {
        "mch_id": transfer["mchid"],
        "appid": appid,
        "out_bill_no": transfer["out_bill_no"],
        "transfer_bill_no": transfer["transfer_bill_no"],
        "openid": transfer["openid"],
        "transfer_amount": transfer["amount"],
        "state": state,
        "create_time": beijing(datetime.fromisoformat(transfer["at"])),
        "update_time": beijing(datetime.fromisoformat(ended)),
    }
    if state == "WAIT_USER_CONFIRM":
        content["package_info"] = transfer["package_info"]
    if state == "FAIL":
        content["fail_reason"] = transfer["end_reason"]
    return content
