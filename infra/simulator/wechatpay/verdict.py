"""What the books themselves say against the merchant, or against us: every line is a broken promise.

A refund number is the merchant's refund (32 characters) and its generation (2): of one refund, one number
at a time may be live. Other numbers are refunds of their own.
"""

from collections.abc import Callable, Iterable
from sqlite3 import Row

CLOSED = "EXISTS (SELECT 1 FROM refund_steps s WHERE s.refund = r.seq AND s.state = 'CLOSED')"
SHARED = """EXISTS (SELECT 1 FROM payments p JOIN orders o ON o.out_trade_no = p.out_trade_no
    AND o.mchid = p.mchid WHERE p.seq = r.payment
    AND json_extract(o.parameters, '$.settle_info.profit_sharing'))"""
BROKEN = {
    "more went back than was paid": f"""
        SELECT p.out_trade_no FROM payments p JOIN refunds r ON r.payment = p.seq
        WHERE NOT {CLOSED} GROUP BY p.seq HAVING sum(r.amount) > p.total
    """,
    "two live numbers of one refund": f"""
        SELECT substr(r.out_refund_no, 1, 32) FROM refunds r
        WHERE NOT {CLOSED} AND length(r.out_refund_no) = 34
        GROUP BY r.mchid, 1 HAVING count(*) > 1
    """,
    "money of a number did not move exactly once": f"""
        SELECT r.out_refund_no FROM refunds r LEFT JOIN funds f ON f.refund = r.seq
            AND f.kind = 'refund'
        WHERE NOT {SHARED} GROUP BY r.seq HAVING count(f.seq) <> 1 OR sum(f.amount) <> -r.amount
    """,
    "money of a closed number is not back, or of another is": f"""
        SELECT r.out_refund_no FROM refunds r LEFT JOIN funds f ON f.refund = r.seq
            AND f.kind = 'refund_closed'
        WHERE NOT {SHARED} GROUP BY r.seq HAVING count(f.seq) <> {CLOSED}
    """,
    "an account is not the sum of its movements": """
        SELECT mchid FROM funds f GROUP BY mchid HAVING sum(amount) <>
            (SELECT balance FROM funds l WHERE l.mchid = f.mchid ORDER BY seq DESC LIMIT 1)
    """,
    "more was shared out than the ratio allows": """
        SELECT p.out_trade_no FROM payments p JOIN share_orders o ON o.transaction_id = p.transaction_id
        JOIN shares s ON s.share_order = o.seq AND s.result = 'SUCCESS' AND s.account <> 'MERCHANT'
        GROUP BY p.seq HAVING sum(s.amount) * 10000 > p.total * 3000
    """,
    "more of a share came back than there was": """
        SELECT s.detail_id FROM shares s JOIN share_returns r ON r.share = s.seq
        WHERE r.result = 'SUCCESS' GROUP BY s.seq HAVING sum(r.amount) > s.amount
    """,
    "two live numbers of one payout": """
        SELECT substr(t.out_bill_no, 1, 25) FROM transfers t LEFT JOIN transfer_ends e
            ON e.transfer = t.seq
        WHERE coalesce(e.state, 'WAITS') IN ('SUCCESS', 'WAITS') AND length(t.out_bill_no) = 27
        GROUP BY t.mchid, 1 HAVING count(*) > 1
    """,
    "money of a transfer did not move exactly once, or of one that failed did": """
        SELECT t.out_bill_no FROM transfers t
        LEFT JOIN transfer_ends e ON e.transfer = t.seq
        LEFT JOIN fund_reasons w ON w.reason = 'transfer' AND w.number = t.transfer_bill_no
        LEFT JOIN funds f ON f.seq = w.funds
        GROUP BY t.seq HAVING count(f.seq) <> (coalesce(max(e.state), '') = 'SUCCESS')
            OR coalesce(sum(f.amount), 0) <> -t.amount * count(f.seq)
    """,
    "the merchant believed what nobody proved": """
        SELECT fault || ' ' || number FROM fault_messages
        WHERE fault IN ('notify_forged', 'notify_signtest', 'clock_skew') AND status IN (200, 204)
    """,
}


def broken(read: Callable[[str], Iterable[Row]]) -> list[str]:
    """Empty when every promise held. `read` runs a query on the books, or on a file of them."""
    return [f"{what}: {which}" for what, sql in BROKEN.items() for (which,) in read(sql)]
