"""What the channel tells about its orders and refunds: one transaction or refund as queries and notifications
show it, and the sums by which others are judged."""

import json
from datetime import datetime
from sqlite3 import Row
from typing import Any

from infra.simulator.wechatpay.books import Books
from infra.simulator.wechatpay.protocol import beijing

STORY = """
SELECT o.*, p.seq AS payment, p.transaction_id, p.success_time, p.notification_id, c.at AS closed_at,
    EXISTS (SELECT 1 FROM refunds r JOIN refund_steps s ON s.refund = r.seq
        WHERE r.payment = p.seq AND s.state = 'SUCCESS') AS refunded
FROM orders o
LEFT JOIN payments p ON p.out_trade_no = o.out_trade_no AND p.mchid = o.mchid
LEFT JOIN closings c ON c.out_trade_no = o.out_trade_no AND c.mchid = o.mchid
"""
OF_ORDER = f"{STORY} WHERE o.out_trade_no = ? AND o.mchid = ?"
OF_TRANSACTION = f"{STORY} WHERE p.transaction_id = ? AND o.mchid = ?"
OF_PAYMENT = f"{STORY} WHERE p.seq = ?"

REFUND_STORY = """
SELECT r.*, p.out_trade_no, p.total,
    s.seq AS step, s.state, s.account, s.at AS step_at, s.notification_id
FROM refunds r
JOIN payments p ON p.seq = r.payment
JOIN refund_steps s ON s.refund = r.seq
"""
OF_REFUND = f"""
{REFUND_STORY} WHERE r.out_refund_no = ? AND r.mchid = ? ORDER BY s.step DESC LIMIT 1
"""
OF_STEP = f"{REFUND_STORY} WHERE s.seq = ?"
LATEST = "(SELECT max(l.step) FROM refund_steps l WHERE l.refund = s.refund)"

SUMS = {
    "orders": "SELECT mchid, count(*) FROM orders GROUP BY mchid",
    "ordered_fen": "SELECT mchid, sum(total) FROM orders GROUP BY mchid",
    "closings": "SELECT mchid, count(*) FROM closings GROUP BY mchid",
    "payments": "SELECT mchid, count(*) FROM payments GROUP BY mchid",
    "paid_fen": "SELECT mchid, sum(total) FROM payments GROUP BY mchid",
    "notified": """
        SELECT mchid, count(*) FROM payments p WHERE EXISTS
            (SELECT 1 FROM deliveries d WHERE d.payment = p.seq AND d.status IN (200, 204))
        GROUP BY mchid
    """,
    "refunds": "SELECT mchid, count(*) FROM refunds GROUP BY mchid",
    "refunded_fen": f"""
        SELECT r.mchid, sum(r.amount) FROM refunds r JOIN refund_steps s ON s.refund = r.seq
        WHERE s.state = 'SUCCESS' AND s.step = {LATEST} GROUP BY r.mchid
    """,
    "refunds_notified": """
        SELECT r.mchid, count(*) FROM refunds r JOIN refund_steps s ON s.refund = r.seq
        WHERE EXISTS (SELECT 1 FROM refund_deliveries d
            WHERE d.step = s.seq AND d.status IN (200, 204))
        GROUP BY r.mchid
    """,
    "balance_fen": """
        SELECT mchid, balance FROM funds f WHERE seq =
            (SELECT max(seq) FROM funds g WHERE g.mchid = f.mchid)
    """,
}
BY_STATE = f"""
SELECT r.mchid, s.state, count(*) AS refunds, sum(r.amount) AS fen
FROM refunds r JOIN refund_steps s ON s.refund = r.seq
WHERE s.step = {LATEST} GROUP BY r.mchid, s.state
"""

NOTIFIED = (
    "out_trade_no",
    "transaction_id",
    "out_refund_no",
    "refund_id",
    "success_time",
    "user_received_account",
)
NOTIFIED_AMOUNTS = ("total", "refund", "payer_total", "payer_refund")
DESCRIBED = {
    "SUCCESS": "支付成功",
    "REFUND": "转入退款",
    "NOTPAY": "订单未支付",
    "CLOSED": "订单已关闭",
}


def transaction(story: Row) -> dict[str, Any]:
    """The transaction object of the protocol."""
    parameters = json.loads(story["parameters"])
    state = "SUCCESS" if story["payment"] else "CLOSED" if story["closed_at"] else "NOTPAY"
    if story["refunded"]:
        state = "REFUND"  # some of it, at least
    told: dict[str, Any] = {
        "appid": parameters["appid"],
        "mchid": story["mchid"],
        "out_trade_no": story["out_trade_no"],
        "trade_state": state,
        "trade_state_desc": DESCRIBED[state],
        "attach": parameters.get("attach", ""),
        "payer": {"openid": story["openid"]},
        "promotion_detail": [],
    }
    amount: dict[str, Any] = {"total": story["total"], "currency": "CNY"}
    if story["payment"]:
        amount |= {"payer_total": story["total"], "payer_currency": "CNY"}
        told |= {
            "transaction_id": story["transaction_id"],
            "trade_type": "JSAPI",
            "bank_type": "OTHERS",
            "success_time": story["success_time"],
        }
    return told | {"amount": amount}


def refund(story: Row) -> dict[str, Any]:
    """The refund object of the protocol, as it stands at the step of `story`."""
    parameters = json.loads(story["parameters"])
    arrived = {"success_time": _beijing(story["step_at"])} if story["state"] == "SUCCESS" else {}
    return {
        "refund_id": story["refund_id"],
        "out_refund_no": story["out_refund_no"],
        "transaction_id": story["transaction_id"],
        "out_trade_no": story["out_trade_no"],
        "channel": "ORIGINAL",
        "user_received_account": story["account"],
        "create_time": _beijing(story["at"]),
        "status": story["state"],
        "funds_account": parameters.get("funds_account", "AVAILABLE"),
        "amount": {
            "total": story["total"],
            "refund": story["amount"],
            "from": [],
            "payer_total": story["total"],
            "payer_refund": story["amount"],
            "settlement_total": story["total"],
            "settlement_refund": story["amount"],
            "discount_refund": 0,
            "refund_fee": story["fee"],
            "currency": "CNY",
        },
        "promotion_detail": [],
    } | arrived


def told_refund(story: Row) -> dict[str, Any]:
    """The same as a notification tells it, which uses another word for the state and leaves much out."""
    whole = refund(story)
    amount = {name: whole["amount"][name] for name in NOTIFIED_AMOUNTS}
    told = {name: whole[name] for name in NOTIFIED if name in whole}
    return {"mchid": story["mchid"], **told, "refund_status": whole["status"], "amount": amount}


def sums(books: Books) -> dict[str, dict[str, Any]]:
    """By merchant: how many orders, closings, payments and refunds, and how many fen were paid and refunded."""
    merchants: dict[str, dict[str, Any]] = {}
    for column, sql in SUMS.items():
        for mchid, value in books.read(sql):
            merchants.setdefault(mchid, {})[column] = value
    for mchid, state, refunds, fen in books.read(BY_STATE):
        states = merchants[mchid].setdefault("refunds_by_state", {})
        states[state] = {"refunds": refunds, "fen": fen}
    return {
        mchid: dict.fromkeys(SUMS, 0) | {"refunds_by_state": {}} | found
        for mchid, found in merchants.items()
    }


def _beijing(at: str) -> str:
    return beijing(datetime.fromisoformat(at))
