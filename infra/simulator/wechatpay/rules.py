"""What an order may become. Each rule runs alone on the books: it refuses before it writes, or writes.

An order is what is written about it: ordered, perhaps closed, perhaps paid, never both. Passing its time of
expiry only stops buyers from paying; it stays NOTPAY until the merchant closes it.
"""

import json
import secrets
from datetime import datetime, timedelta
from sqlite3 import Connection, Row
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from infra.simulator.wechatpay import funds
from infra.simulator.wechatpay.books import add
from infra.simulator.wechatpay.protocol import (
    BEIJING,
    ORDER_LIFE_MAX,
    ORDER_LIFE_MIN,
    PARAMETER,
    PREPAY_LIFE,
    No,
    OrderRequest,
    Refused,
    Words,
    beijing,
)

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

OTHER_MERCHANT = No(400, "PARAM_ERROR", "http header中的mchid与post payload中的mchid不匹配")
OTHER_APP = No(400, "APPID_MCHID_NOT_MATCH", "appid和mchid不匹配")
UNKNOWN_ORDER = No(404, "ORDER_NOT_EXIST", "订单不存在")
PAID_ORDER = No(403, "OUT_TRADE_NO_USED", "商户订单号重复：该订单已支付")
CLOSED_ORDER = No(400, "ORDER_CLOSED", "该订单已关闭")
CHANGED_ORDER = No(400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
OTHER_PAYER = No(409, "OPENID_MISMATCH", "支付人与下单人不一致")
EXPIRED_ORDER = No(409, "ORDER_EXPIRED", "订单已过期，无法支付")
EXPIRED_PREPAY = No(409, "PREPAY_EXPIRED", "预支付交易会话已失效")
WRONG_MOMENT = No(409, "WRONG_MOMENT", "支付时间不在下单之后、当前之前")
NOT_UNIQUE = No(409, "NOT_UNIQUE", "多个商户使用此订单号，请指明mchid")

# Buyers hear every no about their own payment as a conflict.
PAID_ALREADY = PAID_ORDER._replace(status=409)
CLOSED_ALREADY = CLOSED_ORDER._replace(status=409)

# The documentation names no code for closing a paid order; merchants must survive any final no.
PAID_ON_CLOSE = No(400, "ORDERPAID", "该订单已支付")


class Purchase(NamedTuple):
    """What the buyer's client shows after paying."""

    number: int  # of the payment, in the books
    mchid: str
    out_trade_no: str
    transaction_id: str
    success_time: str

    def shown(self) -> dict[str, str]:
        """Without what is nobody's business."""
        return {
            "mchid": self.mchid,
            "out_trade_no": self.out_trade_no,
            "transaction_id": self.transaction_id,
            "success_time": self.success_time,
        }


def check_order(request: OrderRequest, mchid: str, appid: str) -> None:
    """What can be said without looking at the books. Raises: Refused."""
    if request.mchid != mchid:
        raise Refused(OTHER_MERCHANT)
    if request.appid != appid:
        raise Refused(OTHER_APP)
    check_notify_url(request.notify_url)


def check_notify_url(notify_url: str) -> None:
    """Raises: Refused."""
    url = urlsplit(notify_url)
    local = url.scheme == "http" and url.hostname in LOOPBACK
    if not url.hostname or not (local or url.scheme == "https") or "?" in notify_url:
        raise Refused(PARAMETER, field="/notify_url", issue="必须为不带参数的https地址")


def order(books: Connection, request: OrderRequest, at: datetime) -> str:
    """Take the order, or hear it again in the same words; returns the prepay id. Raises: Refused."""
    key = (request.mchid, request.out_trade_no)
    known = _row(books, "SELECT parameters FROM orders WHERE mchid = ? AND out_trade_no = ?", key)
    closed = _row(books, "SELECT 1 FROM closings WHERE mchid = ? AND out_trade_no = ?", key)
    parameters = canonical(request)
    if known is None:
        if closed:
            raise Refused(
                CHANGED_ORDER
            )  # closed before it was ever ordered: observed on the real channel
        _take(books, request, parameters, at)
        return _prepay(books, key, at)
    if _row(books, "SELECT 1 FROM payments WHERE mchid = ? AND out_trade_no = ?", key):
        raise Refused(PAID_ORDER)
    if closed:
        raise Refused(CLOSED_ORDER)
    if known["parameters"] != parameters:
        raise Refused(CHANGED_ORDER)
    valid = _row(
        books,
        "SELECT prepay_id FROM prepays WHERE mchid = ? AND out_trade_no = ? AND valid_until > ?",
        (*key, at.timestamp()),
    )
    return str(valid["prepay_id"]) if valid else _prepay(books, key, at)


def is_known(books: Connection, mchid: str, out_trade_no: str) -> bool:
    """Was it ever ordered?"""
    sql = "SELECT 1 FROM orders WHERE mchid = ? AND out_trade_no = ?"
    return _row(books, sql, (mchid, out_trade_no)) is not None


def close(
    books: Connection, mchid: str, out_trade_no: str, at: datetime, when_paid: No = PAID_ON_CLOSE
) -> None:
    """End it; ending it again, or before it was ordered, is fine. Raises: Refused when it was paid."""
    key = (mchid, out_trade_no)
    if _row(books, "SELECT 1 FROM payments WHERE mchid = ? AND out_trade_no = ?", key):
        raise Refused(when_paid)
    if not _row(books, "SELECT 1 FROM closings WHERE mchid = ? AND out_trade_no = ?", key):
        add(books, "closings", mchid=mchid, out_trade_no=out_trade_no, at=at.isoformat())


def pay(
    books: Connection, known: Row, *, openid: str | None, paid_at: datetime, now: datetime
) -> Purchase:
    """The buyer pays this order of the books, once. Raises: Refused."""
    key = (known["mchid"], known["out_trade_no"])
    if _row(books, "SELECT 1 FROM payments WHERE mchid = ? AND out_trade_no = ?", key):
        raise Refused(PAID_ALREADY)
    if _row(books, "SELECT 1 FROM closings WHERE mchid = ? AND out_trade_no = ?", key):
        raise Refused(CLOSED_ALREADY)
    if openid is not None and openid != known["openid"]:
        raise Refused(OTHER_PAYER)
    if not datetime.fromisoformat(known["at"]) - timedelta(seconds=1) <= paid_at <= now:
        raise Refused(WRONG_MOMENT)
    if paid_at.timestamp() >= known["expires_at"]:
        raise Refused(EXPIRED_ORDER)
    number = _row(books, "SELECT coalesce(max(seq), 0) + 1 AS n FROM payments")["n"]
    local = paid_at.astimezone(BEIJING)
    paid = Purchase(number, *key, f"4200{local:%Y%m%d}{number:016d}", beijing(paid_at))
    add(
        books,
        "payments",
        seq=number,
        mchid=paid.mchid,
        out_trade_no=paid.out_trade_no,
        transaction_id=paid.transaction_id,
        total=known["total"],
        openid=known["openid"],
        success_time=paid.success_time,
        notification_id=f"EV-{local:%Y%m%d%H%M%S}{number:08d}",
        at=now.isoformat(),
    )
    if not frozen_by(known["parameters"]):
        funds.paid(books, paid.mchid, number, known["total"], now)
    return paid


def find_order(
    books: Connection,
    *,
    out_trade_no: str | None,
    prepay_id: str | None,
    mchid: str | None,
    at: datetime,
) -> Row:
    """The order that a buyer means, by either number. Raises: Refused."""
    if prepay_id is not None:
        prepay = _row(books, "SELECT * FROM prepays WHERE prepay_id = ?", (prepay_id,))
        if prepay is None:
            raise Refused(UNKNOWN_ORDER)
        if prepay["valid_until"] <= at.timestamp():
            raise Refused(EXPIRED_PREPAY)
        out_trade_no, mchid = prepay["out_trade_no"], prepay["mchid"]
    rows = books.execute(
        "SELECT * FROM orders WHERE out_trade_no = ? AND mchid = coalesce(?, mchid) LIMIT 2",
        (out_trade_no, mchid),
    ).fetchall()
    if not rows:
        raise Refused(UNKNOWN_ORDER)
    if len(rows) > 1:
        raise Refused(NOT_UNIQUE)
    known: Row = rows[0]
    return known


def frozen_by(parameters: str) -> bool:
    """Was the order made so that its money is frozen, to be shared out? Then it is its merchant's, not on our account."""
    settle: dict[str, Any] = json.loads(parameters).get("settle_info") or {}
    return bool(settle.get("profit_sharing"))


def canonical(request: Words) -> str:
    """The words of a request, whatever their order and spacing."""
    return json.dumps(msgspec.to_builtins(request), sort_keys=True, ensure_ascii=False)


def _take(books: Connection, request: OrderRequest, parameters: str, at: datetime) -> None:
    expires_at = request.time_expire or at + ORDER_LIFE_MAX
    if not at + ORDER_LIFE_MIN <= expires_at <= at + ORDER_LIFE_MAX:
        raise Refused(PARAMETER, field="/time_expire", issue="须在下单后1分钟至15天之间")
    add(
        books,
        "orders",
        mchid=request.mchid,
        out_trade_no=request.out_trade_no,
        parameters=parameters,
        total=request.amount.total,
        openid=request.payer.openid,
        notify_url=request.notify_url,
        expires_at=int(expires_at.timestamp()),
        at=at.isoformat(),
    )


def _prepay(books: Connection, key: tuple[str, str], at: datetime) -> str:
    prepay_id = f"wx{at.astimezone(BEIJING):%d%H%M%S}{secrets.token_hex(13)}"
    mchid, out_trade_no = key
    valid_until = int((at + PREPAY_LIFE).timestamp())
    add(
        books,
        "prepays",
        prepay_id=prepay_id,
        mchid=mchid,
        out_trade_no=out_trade_no,
        valid_until=valid_until,
    )
    return prepay_id


def _row(books: Connection, sql: str, parameters: tuple[Any, ...] = ()) -> Any:
    return books.execute(sql, parameters).fetchone()
