"""What a refund may become. Each rule runs alone on the books: it refuses before it writes, or writes.

Taken on, a refund is PROCESSING, and it is settled from the start what it becomes and when. CLOSED puts the
money back; ABNORMAL keeps it with the channel until the merchant says where else it shall go.
"""

from datetime import datetime, timedelta
from sqlite3 import Connection, Row
from typing import Any, Literal, NamedTuple, TypeAlias

from infra.simulator.wechatpay import funds, sharing
from infra.simulator.wechatpay.books import add
from infra.simulator.wechatpay.protocol import (
    BEIJING,
    AbnormalRequest,
    No,
    RefundRequest,
    Refused,
)
from infra.simulator.wechatpay.rules import CHANGED_ORDER, canonical, frozen_by

Becomes: TypeAlias = Literal["SUCCESS", "CLOSED", "ABNORMAL"]

NUMBERS_MAX = 50  # of one payment
GAP = timedelta(minutes=1)  # between two numbers of one payment
WITHIN = timedelta(days=365)  # of the payment

UNKNOWN_PAYMENT = No(404, "RESOURCE_NOT_EXISTS", "订单不存在")
UNKNOWN_REFUND = No(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
CHANGED_REFUND = CHANGED_ORDER
OTHER_TOTAL = No(400, "INVALID_REQUEST", "订单金额与原支付交易不一致")
ALL_REFUNDED = No(400, "INVALID_REQUEST", "订单已全额退款")
TOO_MUCH = No(400, "INVALID_REQUEST", "申请退款金额大于可退金额")
TOO_OLD = No(400, "INVALID_REQUEST", "订单已超过可退款期限")
TOO_MANY = No(400, "INVALID_REQUEST", "单笔订单退款次数已达上限")
TOO_SOON = No(429, "FREQUENCY_LIMITED", "同一笔订单的退款请求间隔须大于1分钟")
NOT_ENOUGH = No(403, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起")
NOT_ABNORMAL = No(400, "INVALID_REQUEST", "退款单状态不是退款异常")

ACCOUNTS = {
    None: "支付用户零钱",
    "USER_BANK_CARD": "招商银行信用卡0403",
    "MERCHANT_BANK_CARD": "商户结算银行卡",
}


class Destiny(NamedTuple):
    """How a refund will go, if it is taken on."""

    becomes: Becomes
    after: timedelta
    enough: bool = True  # else the account is said not to cover it


class Taken(NamedTuple):
    """A step of a refund that waits for its time."""

    step: int  # its number in the books
    due_at: datetime


def take_on(
    books: Connection, mchid: str, request: RefundRequest, at: datetime, destiny: Destiny
) -> Taken | None:
    """Take the refund on; None when it was before, in the same words. Raises: Refused."""
    parameters = canonical(request)
    known = _row(
        books,
        "SELECT parameters FROM refunds WHERE out_refund_no = ? AND mchid = ?",
        (request.out_refund_no, mchid),
    )
    if known and known["parameters"] != parameters:
        raise Refused(CHANGED_REFUND)
    if known:
        return None
    payment = _payment(books, mchid, request)
    fee = _allowed(books, payment, request, at)
    shared = frozen_by(payment["parameters"])
    if not destiny.enough or not covered(books, payment, request, fee, shared=shared):
        raise Refused(NOT_ENOUGH)
    number = _row(books, "SELECT coalesce(max(seq), 0) + 1 AS n FROM refunds")["n"]
    add(
        books,
        "refunds",
        seq=number,
        mchid=mchid,
        out_refund_no=request.out_refund_no,
        refund_id=f"50{at.astimezone(BEIJING):%Y%m%d%H%M%S}{number:013d}",
        payment=payment["seq"],
        transaction_id=payment["transaction_id"],
        parameters=parameters,
        amount=request.amount.refund,
        fee=fee,
        notify_url=request.notify_url,
        at=at.isoformat(),
    )
    if not shared:
        funds.taken(books, mchid, number, request.amount.refund, fee, at)
    return _processing(books, number, 1, ACCOUNTS[None], at, destiny)


def send_elsewhere(
    books: Connection,
    mchid: str,
    refund_id: str,
    request: AbnormalRequest,
    at: datetime,
    destiny: Destiny,
) -> Taken | None:
    """Let an abnormal refund go on to a bank card; None when it does already. Raises: Refused."""
    refund = _row(
        books,
        "SELECT * FROM refunds WHERE refund_id = ? AND mchid = ? AND out_refund_no = ?",
        (refund_id, mchid, request.out_refund_no),
    )
    if refund is None:
        raise Refused(UNKNOWN_REFUND)
    last = _last(books, refund["seq"])
    account = ACCOUNTS[request.type]
    if last["step"] > 1 and last["account"] == account and last["state"] != "ABNORMAL":
        return None
    if last["state"] != "ABNORMAL":
        raise Refused(NOT_ABNORMAL)
    return _processing(books, refund["seq"], last["step"] + 1, account, at, destiny)


def come_due(books: Connection, step: int, at: datetime) -> int | None:
    """A refund becomes what it was to become; returns the number of that step, None when it did before."""
    [begun] = books.execute("SELECT * FROM refund_steps WHERE seq = ?", (step,))
    [refund] = books.execute("SELECT * FROM refunds WHERE seq = ?", (begun["refund"],))
    if _last(books, refund["seq"])["seq"] != step:
        return None
    add(
        books,
        "refund_steps",
        refund=refund["seq"],
        step=begun["step"] + 1,
        state=begun["becomes"],
        account=begun["account"],
        notification_id=f"EV-{at.astimezone(BEIJING):%Y%m%d%H%M%S}R{step:08d}",
        at=at.isoformat(),
    )
    if begun["becomes"] == "CLOSED" and not of_shared(books, refund):
        funds.put_back(books, refund["mchid"], refund["seq"], refund["amount"], refund["fee"], at)
    return int(_last(books, refund["seq"])["seq"])


def covered(
    books: Connection, payment: Row, request: RefundRequest, fee: int, *, shared: bool
) -> bool:
    """Is there money to pay it from: on the merchant's account, or with the order that was to be shared out?"""
    amount, live = request.amount.refund, "SELECT coalesce(sum(amount), 0) FROM refunds r"
    if not shared:
        return funds.available(books, payment["mchid"]) + fee >= amount
    ended = "SELECT 1 FROM refund_steps s WHERE s.refund = r.seq AND s.state = 'CLOSED'"
    sql = f"{live} WHERE r.payment = ? AND NOT EXISTS ({ended})"
    before = int(books.execute(sql, (payment["seq"],)).fetchone()[0])
    return sharing.covers(books, payment["transaction_id"], before + amount)


def of_shared(books: Connection, refund: Row) -> bool:
    """Its money never was on the account of this server."""
    sql = (
        "SELECT o.parameters FROM payments p JOIN orders o"
        " ON o.out_trade_no = p.out_trade_no AND o.mchid = p.mchid WHERE p.seq = ?"
    )
    return frozen_by(_row(books, sql, (refund["payment"],))["parameters"])


def _payment(books: Connection, mchid: str, request: RefundRequest) -> Row:
    """The payment that a request names, by either number. Raises: Refused."""
    payment = _row(
        books,
        "SELECT p.*, o.parameters FROM payments p JOIN orders o"
        " ON o.out_trade_no = p.out_trade_no AND o.mchid = p.mchid"
        " WHERE p.mchid = ? AND (p.transaction_id = ? OR p.out_trade_no = ?)",
        (mchid, request.transaction_id, request.out_trade_no),
    )
    if payment is None:
        raise Refused(UNKNOWN_PAYMENT)
    found: Row = payment
    return found


def _allowed(books: Connection, payment: Row, request: RefundRequest, at: datetime) -> int:
    """What of the fee goes back with it. Raises: Refused."""
    earlier = books.execute(
        "SELECT r.amount, r.fee, r.at, EXISTS (SELECT 1 FROM refund_steps s"
        " WHERE s.refund = r.seq AND s.state = 'CLOSED') AS closed"
        " FROM refunds r WHERE r.payment = ? ORDER BY r.seq",
        (payment["seq"],),
    ).fetchall()
    live = [row for row in earlier if not row["closed"]]
    total, refunded = payment["total"], sum(row["amount"] for row in live)
    if request.amount.total != total:
        raise Refused(OTHER_TOTAL)
    if refunded == total:
        raise Refused(ALL_REFUNDED)
    if request.amount.refund > total - refunded:
        raise Refused(TOO_MUCH)
    if at > datetime.fromisoformat(payment["success_time"]) + WITHIN:
        raise Refused(TOO_OLD)
    if len(earlier) >= NUMBERS_MAX:
        raise Refused(TOO_MANY)
    if earlier and at < datetime.fromisoformat(earlier[-1]["at"]) + GAP:
        raise Refused(TOO_SOON)
    given: int = sum(row["fee"] for row in live)
    share = funds.share_of_fee(int(total), int(refunded) + request.amount.refund)
    return share - given


def _processing(
    books: Connection, refund: int, step: int, account: str, at: datetime, destiny: Destiny
) -> Taken:
    due_at = at + destiny.after
    add(
        books,
        "refund_steps",
        refund=refund,
        step=step,
        state="PROCESSING",
        becomes=destiny.becomes,
        due_at=due_at.isoformat(),
        account=account,
        at=at.isoformat(),
    )
    return Taken(int(_last(books, refund)["seq"]), due_at)


def _last(books: Connection, refund: int) -> Any:
    return _row(
        books, "SELECT * FROM refund_steps WHERE refund = ? ORDER BY step DESC LIMIT 1", (refund,)
    )


def _row(books: Connection, sql: str, parameters: tuple[Any, ...] = ()) -> Any:
    return books.execute(sql, parameters).fetchone()
