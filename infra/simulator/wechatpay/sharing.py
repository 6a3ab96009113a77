"""What sharing an order may become (分账). Each rule runs alone on the books: it refuses before it writes, or writes.

An order that was made with `profit_sharing` is paid into its merchant's frozen money: none of it is on the
account that this server keeps, until a share of it comes there. What is still frozen after the freeze is the
merchant's by itself. Shares and returns are settled from the start, and told as PENDING until they are due.
"""

from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from infra.simulator.wechatpay import funds
from infra.simulator.wechatpay.books import add
from infra.simulator.wechatpay.protocol import BEIJING, Fen, No, Refused, Text32, Words
from infra.simulator.wechatpay.rules import canonical, frozen_by

FREEZE = timedelta(days=30)
RETURN_WITHIN = timedelta(days=180)
MAX_RATIO = 3_000  # of 10,000
MERCHANT = "MERCHANT"  # whose order it is: gets what is unfrozen

UNKNOWN_PAYMENT = No(404, "RESOURCE_NOT_EXISTS", "订单不存在")
UNKNOWN_SHARING = No(404, "RESOURCE_NOT_EXISTS", "分账单不存在")
UNKNOWN_RETURN = No(404, "RESOURCE_NOT_EXISTS", "回退单不存在")
NOT_FROZEN = No(400, "INVALID_REQUEST", "非分账订单不支持分账")
THAWED = No(400, "INVALID_REQUEST", "订单已解冻，不支持分账")
NO_RELATION = No(400, "INVALID_REQUEST", "分账接收方关系不存在")
TWICE = No(400, "INVALID_REQUEST", "分账接收方重复")
CHANGED = No(400, "INVALID_REQUEST", "商户分账单号重复，且参数与首次请求时不一致")
OVER_RATIO = No(400, "RULE_LIMIT", "分账金额超过最大分账比例")
NOT_ENOUGH = No(400, "NOT_ENOUGH", "分账金额不足")
TOO_MUCH_BACK = No(400, "INVALID_REQUEST", "回退金额大于可回退金额")
TOO_LATE = No(400, "INVALID_REQUEST", "超过分账回退期限")


class Part(Words, frozen=True):
    type: Literal["MERCHANT_ID"]
    account: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    amount: Fen
    description: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    name: str | None = None  # encrypted


class SharingRequest(Words, frozen=True):
    """`POST /v3/profitsharing/orders`."""

    appid: Text32
    transaction_id: Text32
    out_order_no: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_\-|*@]{1,64}$")]
    receivers: Annotated[list[Part], msgspec.Meta(min_length=1, max_length=50)]
    unfreeze_unsplit: bool


class UnfreezeRequest(Words, frozen=True):
    """`POST /v3/profitsharing/orders/unfreeze`."""

    transaction_id: Text32
    out_order_no: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_\-|*@]{1,64}$")]
    description: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class ReturnRequest(Words, frozen=True):
    """`POST /v3/profitsharing/return-orders`."""

    out_order_no: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    out_return_no: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_\-|*@]{1,64}$")]
    return_mchid: Text32
    amount: Fen
    description: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class Destiny(NamedTuple):
    """How it will go, if it is taken on."""

    after: timedelta
    reason: str = ""  # of a receiver that gets nothing, or gives nothing back


def share(
    books: Connection, mchid: str, request: SharingRequest, at: datetime, destiny: Destiny
) -> bool:
    """Share an order out; False when it was before, in the same words. Raises: Refused."""
    if repeated(books, mchid, request):
        return False
    payment, frozen = the_frozen(books, mchid, request.transaction_id, at)
    accounts = [one.account for one in request.receivers]
    if len(set(accounts)) < len(accounts):
        raise Refused(TWICE)
    known = {row[0] for row in books.execute("SELECT account FROM share_receivers WHERE mchid = ?", (mchid,))}  # fmt: skip
    if not set(accounts) <= known:
        raise Refused(NO_RELATION)
    wanted = sum(one.amount for one in request.receivers)
    if (payment["total"] - frozen + wanted) * 10_000 > payment["total"] * MAX_RATIO:
        raise Refused(OVER_RATIO)
    if wanted > frozen:
        raise Refused(NOT_ENOUGH)
    order = write_order(books, mchid, request, "split", at)
    for turn, one in enumerate(request.receivers):
        closed = destiny.reason if turn == 0 else ""  # of several, one may be shut out
        write_share(books, order, one.account, one.amount, at, Destiny(destiny.after, closed))
    if request.unfreeze_unsplit:
        rest = unsplit(books, request.transaction_id, at)
        write_share(books, order, MERCHANT, rest, at, Destiny(destiny.after))
    return True


def unfreeze(
    books: Connection, mchid: str, request: UnfreezeRequest, at: datetime, destiny: Destiny
) -> bool:
    """Let the merchant have what is still frozen; False when it was asked before. Raises: Refused."""
    if repeated(books, mchid, request):
        return False
    _, frozen = the_frozen(books, mchid, request.transaction_id, at)
    order = write_order(books, mchid, request, "unfreeze", at)
    write_share(books, order, MERCHANT, frozen, at, destiny)
    return True


def give_back(
    books: Connection, mchid: str, request: ReturnRequest, at: datetime, destiny: Destiny
) -> bool:
    """Take a share back to the order; False when it was asked before. Raises: Refused."""
    parameters = canonical(request)
    known = books.execute(
        "SELECT parameters FROM share_returns WHERE out_return_no = ? AND mchid = ?",
        (request.out_return_no, mchid),
    ).fetchone()
    if known and known["parameters"] != parameters:
        raise Refused(CHANGED)
    if known:
        return False
    come_due(books, mchid, at)
    shared = books.execute(SHARE, (request.out_order_no, mchid, request.return_mchid)).fetchone()
    if shared is None:
        raise Refused(UNKNOWN_SHARING)
    if request.amount > shared["amount"] - shared["back"]:
        raise Refused(TOO_MUCH_BACK)
    if at > datetime.fromisoformat(shared["at"]) + RETURN_WITHIN:
        raise Refused(TOO_LATE)
    short = request.return_mchid == mchid and funds.available(books, mchid) < request.amount
    reason = "BALANCE_NOT_ENOUGH" if short else destiny.reason
    number = next_number(books, "share_returns")
    add(
        books,
        "share_returns",
        seq=number,
        mchid=mchid,
        out_return_no=request.out_return_no,
        return_id=f"3008{at.astimezone(BEIJING):%Y%m%d}{number:016d}",
        share=shared["seq"],
        parameters=parameters,
        amount=request.amount,
        result="FAILED" if reason else "SUCCESS",
        reason=reason,
        due_at=(at + destiny.after).isoformat(),
        at=at.isoformat(),
    )
    return True


def come_due(books: Connection, mchid: str, at: datetime) -> None:
    """Shares that have come to this very account, and returns that have left it, are booked now: each once."""
    for reason, sql in (("share", DUE_SHARES), ("share_back", DUE_RETURNS)):
        for row in books.execute(sql, (mchid, mchid, at.isoformat())).fetchall():
            funds.errand(
                books,
                mchid,
                reason,
                row["amount"] if reason == "share" else -row["amount"],
                at,
                number=row["number"],
                voucher=row["voucher"],
            )


def unsplit(books: Connection, transaction_id: str, at: datetime) -> int:
    """Fen of an order that are still frozen."""
    paid = books.execute(
        "SELECT total, success_time FROM payments WHERE transaction_id = ?", (transaction_id,)
    ).fetchone()
    if at >= datetime.fromisoformat(paid["success_time"]) + FREEZE:
        return 0
    gone = books.execute(
        "SELECT coalesce(sum(s.amount), 0) FROM shares s JOIN share_orders o ON o.seq = s.share_order"
        " WHERE s.result = 'SUCCESS' AND o.transaction_id = ?",
        (transaction_id,),
    ).fetchone()[0]
    return int(paid["total"] - gone)


def covers(books: Connection, transaction_id: str, refunded: int) -> bool:
    """Is so much of a shared order with its merchant, to be refunded from: not shared out, or back again?"""
    total, away, back = books.execute(COVERED, (transaction_id,)).fetchone()
    return bool(refunded <= total - away + back)


def the_frozen(books: Connection, mchid: str, transaction_id: str, at: datetime) -> tuple[Any, int]:
    """The payment, and what of it is frozen. Raises: Refused when nothing is."""
    payment = books.execute(
        "SELECT p.*, o.parameters FROM payments p JOIN orders o"
        " ON o.out_trade_no = p.out_trade_no AND o.mchid = p.mchid"
        " WHERE p.transaction_id = ? AND p.mchid = ?",
        (transaction_id, mchid),
    ).fetchone()
    if payment is None:
        raise Refused(UNKNOWN_PAYMENT)
    if not frozen_by(payment["parameters"]):
        raise Refused(NOT_FROZEN)
    frozen = unsplit(books, transaction_id, at)
    if frozen == 0:
        raise Refused(THAWED)
    return payment, frozen


def repeated(books: Connection, mchid: str, request: SharingRequest | UnfreezeRequest) -> bool:
    """Was exactly this asked before? Raises: Refused, when something else was under this number."""
    known = books.execute(
        "SELECT parameters FROM share_orders WHERE out_order_no = ? AND mchid = ?",
        (request.out_order_no, mchid),
    ).fetchone()
    if known and known["parameters"] != canonical(request):
        raise Refused(CHANGED)
    return known is not None


def write_order(
    books: Connection,
    mchid: str,
    request: SharingRequest | UnfreezeRequest,
    kind: str,
    at: datetime,
) -> int:
    number = next_number(books, "share_orders")
    return add(
        books,
        "share_orders",
        seq=number,
        mchid=mchid,
        out_order_no=request.out_order_no,
        order_id=f"3008450740{at.astimezone(BEIJING):%Y%m%d}{number:010d}",
        transaction_id=request.transaction_id,
        parameters=canonical(request),
        kind=kind,
        at=at.isoformat(),
    )


def write_share(
    books: Connection, order: int, account: str, amount: int, at: datetime, destiny: Destiny
) -> None:
    number = next_number(books, "shares")
    add(
        books,
        "shares",
        seq=number,
        share_order=order,
        detail_id=f"3601111{at.astimezone(BEIJING):%Y%m%d}{number:013d}",
        account=account,
        amount=amount,
        result="CLOSED" if destiny.reason else "SUCCESS",
        reason=destiny.reason,
        due_at=(at + destiny.after).isoformat(),
    )


def next_number(books: Connection, table: str) -> int:
    return int(books.execute(f"SELECT coalesce(max(seq), 0) + 1 FROM {table}").fetchone()[0])


COVERED = """
SELECT p.total,
    (SELECT coalesce(sum(s.amount), 0) FROM shares s JOIN share_orders o ON o.seq = s.share_order
        WHERE o.transaction_id = p.transaction_id AND s.result = 'SUCCESS' AND s.account <> 'MERCHANT'),
    (SELECT coalesce(sum(r.amount), 0) FROM share_returns r JOIN shares s ON s.seq = r.share
        JOIN share_orders o ON o.seq = s.share_order
        WHERE o.transaction_id = p.transaction_id AND r.result = 'SUCCESS')
FROM payments p WHERE p.transaction_id = ?
"""
SHARE = """
SELECT s.seq, s.amount, o.at, (SELECT coalesce(sum(r.amount), 0) FROM share_returns r
    WHERE r.share = s.seq AND r.result = 'SUCCESS') AS back
FROM shares s JOIN share_orders o ON o.seq = s.share_order
WHERE o.out_order_no = ? AND o.mchid = ? AND s.account = ? AND s.result = 'SUCCESS'
"""
DUE_SHARES = """
SELECT s.amount, s.due_at, s.detail_id AS number, o.out_order_no AS voucher
FROM shares s JOIN share_orders o ON o.seq = s.share_order
WHERE o.mchid = ? AND s.account = ? AND s.result = 'SUCCESS' AND s.due_at <= ? AND NOT EXISTS
    (SELECT 1 FROM fund_reasons w WHERE w.reason = 'share' AND w.number = s.detail_id)
ORDER BY s.due_at, s.seq
"""
DUE_RETURNS = """
SELECT r.amount, r.due_at, r.return_id AS number, r.out_return_no AS voucher
FROM share_returns r JOIN shares s ON s.seq = r.share
WHERE r.mchid = ? AND s.account = ? AND r.result = 'SUCCESS' AND r.due_at <= ? AND NOT EXISTS
    (SELECT 1 FROM fund_reasons w WHERE w.reason = 'share_back' AND w.number = r.return_id)
ORDER BY r.due_at, r.seq
"""
