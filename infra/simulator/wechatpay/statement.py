"""What the channel tells about its orders: one transaction as queries and notifications show it, and the sums
by which others are judged."""

import json
from sqlite3 import Row
from typing import Any

from infra.simulator.wechatpay.books import Books

STORY = """
SELECT o.*, p.seq AS payment, p.transaction_id, p.success_time, p.notification_id, c.at AS closed_at
FROM orders o
LEFT JOIN payments p ON p.out_trade_no = o.out_trade_no AND p.mchid = o.mchid
LEFT JOIN closings c ON c.out_trade_no = o.out_trade_no AND c.mchid = o.mchid
"""
OF_ORDER = f"{STORY} WHERE o.out_trade_no = ? AND o.mchid = ?"
OF_TRANSACTION = f"{STORY} WHERE p.transaction_id = ? AND o.mchid = ?"
OF_PAYMENT = f"{STORY} WHERE p.seq = ?"

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
}

DESCRIBED = {"SUCCESS": "支付成功", "NOTPAY": "订单未支付", "CLOSED": "订单已关闭"}


def transaction(story: Row) -> dict[str, Any]:
    """The transaction object of the protocol."""
    parameters = json.loads(story["parameters"])
    state = "SUCCESS" if story["payment"] else "CLOSED" if story["closed_at"] else "NOTPAY"
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
    if state == "SUCCESS":
        amount |= {"payer_total": story["total"], "payer_currency": "CNY"}
        told |= {
            "transaction_id": story["transaction_id"],
            "trade_type": "JSAPI",
            "bank_type": "OTHERS",
            "success_time": story["success_time"],
        }
    return told | {"amount": amount}


def sums(books: Books) -> dict[str, dict[str, int]]:
    """By merchant: how many orders, closings and payments, and how many fen were paid."""
    merchants: dict[str, dict[str, int]] = {}
    for column, sql in SUMS.items():
        for mchid, value in books.read(sql):
            merchants.setdefault(mchid, {})[column] = value
    empty = dict.fromkeys(
        ("orders", "ordered_fen", "closings", "payments", "paid_fen", "notified"), 0
    )
    return {mchid: empty | found for mchid, found in merchants.items()}
