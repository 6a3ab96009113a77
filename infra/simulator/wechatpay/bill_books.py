"""What stands on a bill, from the channel's own books: payments and refunds of a day, and movements of an account."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from hashlib import blake2b
from sqlite3 import Connection, Row
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from infra.simulator.wechatpay.bill_text import NONE, Line, decimal, escaped
from infra.simulator.wechatpay.protocol import BEIJING

CUTOFF_MAX: Final = timedelta(minutes=30)
RATE: Final = "0.60%"

PAYMENTS = """
SELECT p.success_time, p.transaction_id, p.out_trade_no, p.openid, p.total, o.parameters,
    (SELECT -f.amount FROM funds f WHERE f.kind = 'fee' AND f.payment = p.seq) AS fee
FROM payments p JOIN orders o ON o.out_trade_no = p.out_trade_no AND o.mchid = p.mchid
WHERE p.mchid = :mchid AND p.success_time >= :early AND p.success_time < :late
    AND billed(p.success_time, p.transaction_id) = :day
ORDER BY p.success_time, p.seq
"""
REFUNDS = """
SELECT r.at, r.refund_id, r.out_refund_no, r.amount, r.fee, p.transaction_id, p.out_trade_no, p.openid,
    o.parameters, (SELECT s.state FROM refund_steps s WHERE s.refund = r.seq
        AND s.at <= looked_at(r.at, r.refund_id) ORDER BY s.step DESC LIMIT 1) AS state
FROM refunds r JOIN payments p ON p.seq = r.payment
JOIN orders o ON o.out_trade_no = p.out_trade_no AND o.mchid = p.mchid
WHERE r.mchid = :mchid AND r.at >= :start AND r.at < :end
ORDER BY r.at, r.seq
"""
# A movement belongs to the day in which it was booked; their order is that of the books, as is their balance.
FIRST = "SELECT seq FROM funds WHERE mchid = ? AND at >= ? ORDER BY at, seq LIMIT 1"
FUNDS = """
SELECT f.seq, f.at, f.kind, f.amount, f.balance, p.transaction_id, p.out_trade_no,
    r.refund_id, r.out_refund_no, r.amount AS refunded, w.reason, w.number, w.voucher
FROM funds f LEFT JOIN payments p ON p.seq = f.payment LEFT JOIN refunds r ON r.seq = f.refund
LEFT JOIN fund_reasons w ON w.funds = f.seq
WHERE f.mchid = :mchid AND f.amount <> 0 AND f.seq >= :first AND f.seq < :next ORDER BY f.seq
"""
BUSINESS: Final = {  # name and type of each movement
    "deposit": ("充值", "充值"),
    "withdrawal": ("提现", "提现"),
    "transfer": ("商家转账", "商家转账"),
    "share": ("分账", "分账收入"),
    "share_back": ("分账", "分账回退"),
    "subsidy": ("补差", "补差"),
    "payment": ("交易", "交易"),
    "fee": ("交易", "扣除交易手续费"),
    "refund": ("退款", "退款"),
    "fee_back": ("退款", "退还交易手续费"),
    "refund_closed": ("退款", "退款关闭"),
    "fee_again": ("退款", "扣除交易手续费"),
}
REFUND_STATES: Final = {
    "PROCESSING": "PROCESSING",
    "SUCCESS": "SUCCESS",
    "CLOSED": "FAIL",
    "ABNORMAL": "CHANGE",
}


class BillPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left to the channel's choice. The same seed chooses the same."""

    seed: int = 0
    cutoff_seconds: Annotated[int, msgspec.Meta(ge=0, le=1800)] = 60
    """A payment so near to midnight may be on the bill of either day."""
    stale: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.25
    """Part of the refunds whose state is that of the moment in which they were taken on."""
    ready_minutes: Annotated[int, msgspec.Meta(ge=0, le=59)] = 59
    """Longest time after nine until a bill is written."""
    refund_fee: Literal["negative", "positive"] = "negative"
    """The sign of a fee that is given back. The documentation does not say."""

    def share(self, *words: str) -> float:
        """From 0 to just below 1; always the same for the same words."""
        digest = blake2b("|".join((str(self.seed), *words)).encode(), digest_size=7).digest()
        return int.from_bytes(digest) / 2**56


class Wanted(NamedTuple):
    """Whose bill of which day."""

    mchid: str
    kind: str  # trade, fundflow
    day: date
    choice: str = "ALL"  # of a trade bill: ALL, SUCCESS, REFUND; of a fund-flow bill the account


def written_at(plan: BillPlan, wanted: Wanted) -> datetime:
    """When the bill is written: within the hour after nine of the next morning."""
    minutes = plan.share("ready", wanted.mchid, wanted.kind, str(wanted.day))
    nine = datetime.combine(wanted.day + timedelta(days=1), time(9), BEIJING)
    return nine + timedelta(minutes=int(minutes * (plan.ready_minutes + 1)))


def lines(books: Connection, plan: BillPlan, wanted: Wanted) -> Iterator[Line]:
    """The lines of a bill, in order."""
    start = datetime.combine(wanted.day, time(), BEIJING)
    end = start + timedelta(days=1)
    if wanted.kind == "fundflow":
        return movements(books, wanted, start, end)
    return trades(books, plan, wanted, start, end)


def trades(
    books: Connection, plan: BillPlan, wanted: Wanted, start: datetime, end: datetime
) -> Iterator[Line]:
    """Payments by when they succeeded, refunds by when they were taken on."""
    ready = written_at(plan, wanted)
    books.create_function("billed", 2, partial(billed, plan), deterministic=True)
    books.create_function("looked_at", 2, partial(looked_at, plan, ready), deterministic=True)
    of = {
        "mchid": wanted.mchid,
        "day": str(wanted.day),
        "early": (start - CUTOFF_MAX).isoformat(),
        "late": (end + CUTOFF_MAX).isoformat(),
        "start": utc(start),
        "end": utc(end),
    }
    if wanted.choice != "REFUND":
        yield from (payment(row, wanted.mchid) for row in books.execute(PAYMENTS, of))
    if wanted.choice != "SUCCESS":
        sign = -1 if plan.refund_fee == "negative" else 1
        yield from (refund(row, wanted.mchid, sign) for row in books.execute(REFUNDS, of))


def billed(plan: BillPlan, success_time: str, transaction_id: str) -> str:
    """The day on whose bill a payment stands."""
    at = datetime.fromisoformat(success_time)
    span = timedelta(seconds=plan.cutoff_seconds)
    either = {(at - span).date(), (at + span).date()} if span else {at.date()}
    if len(either) == 1:
        return str(at.date())
    return str(sorted(either)[plan.share("cutoff", transaction_id) >= 0.5])


def looked_at(plan: BillPlan, ready: datetime, at: str, refund_id: str) -> str:
    """The moment whose state of a refund is written down, for ever."""
    return at if plan.share("stale", refund_id) < plan.stale else utc(ready)


def payment(row: Row, mchid: str) -> Line:
    amount = decimal(row["total"], 2)
    return trade(row, mchid, row["success_time"]) | {
        "交易状态": "SUCCESS",
        "应结订单金额": amount,
        "订单金额": amount,
        "手续费": decimal(row["fee"] * 1000, 5),
    }


def refund(row: Row, mchid: str, sign: int) -> Line:
    amount = decimal(row["amount"], 2)
    return trade(row, mchid, row["at"]) | {
        "交易状态": "REFUND",
        "微信退款单号": row["refund_id"],
        "商户退款单号": row["out_refund_no"],
        "退款金额": amount,
        "申请退款金额": amount,
        "退款类型": "ORIGINAL",
        "退款状态": REFUND_STATES[row["state"]],
        "手续费": decimal(sign * row["fee"] * 1000, 5),
    }


def trade(row: Row, mchid: str, at: str) -> Line:
    """What payments and refunds have in common; amounts are nothing."""
    order = json.loads(row["parameters"])
    return {
        "交易时间": local(at),
        "公众账号ID": order["appid"],
        "商户号": mchid,
        "特约商户号": NONE,
        "设备号": "",
        "微信订单号": row["transaction_id"],
        "商户订单号": row["out_trade_no"],
        "用户标识": row["openid"],
        "交易类型": "JSAPI",
        "付款银行": "OTHERS",
        "货币种类": "CNY",
        "应结订单金额": "0.00",
        "代金券金额": "0.00",
        "微信退款单号": NONE,
        "商户退款单号": NONE,
        "退款金额": "0.00",
        "充值券退款金额": "0.00",
        "退款类型": "",
        "退款状态": "",
        "商品名称": escaped(order["description"]),
        "商户数据包": escaped(order.get("attach", "")),
        "费率": RATE,
        "订单金额": "0.00",
        "申请退款金额": "0.00",
        "费率备注": "",
    }


def movements(books: Connection, wanted: Wanted, start: datetime, end: datetime) -> Iterator[Line]:
    """Every movement of the account, with the balance after it. Only the first account ever has any."""
    if wanted.choice != "BASIC":
        return
    first, next = (books.execute(FIRST, (wanted.mchid, utc(at))).fetchone() for at in (start, end))
    if first is None:
        return
    of = {"mchid": wanted.mchid, "first": first[0], "next": next[0] if next else 2**62}
    for row in books.execute(FUNDS, of):
        name, business = BUSINESS[row["reason"] or row["kind"]]
        yield {
            "记账时间": local(row["at"]),
            "微信支付业务单号": row["refund_id"]
            or row["transaction_id"]
            or row["number"]
            or fund_number(row, "40"),
            "资金流水单号": fund_number(row, "60"),
            "业务名称": name,
            "业务类型": business,
            "收支类型": "收入" if row["amount"] > 0 else "支出",
            "收支金额(元)": decimal(abs(row["amount"]), 2),
            "账户结余(元)": decimal(row["balance"], 2),
            "资金变更提交申请人": applicant(row, wanted.mchid),
            "备注": note(row),
            "业务凭证号": row["out_refund_no"]
            or row["out_trade_no"]
            or row["voucher"]
            or fund_number(row, "70"),
        }


def applicant(row: Row, mchid: str) -> str:
    return f"{mchid}API" if row["refund_id"] else "system"


def note(row: Row) -> str:
    """The fee that goes back is a movement of its own here, so a refund's own never has any."""
    if row["kind"] == "refund":
        return f"退款总金额{decimal(row['refunded'], 2)}元;含手续费0.00元"
    return ""


def fund_number(row: Row, prefix: str) -> str:
    """28 digits, never twice."""
    at = datetime.fromisoformat(row["at"]).astimezone(BEIJING)
    return f"{prefix}{at:%Y%m%d}{row['seq']:018d}"


def local(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def utc(at: datetime) -> str:
    """As the books write times."""
    return at.astimezone(UTC).isoformat()
