"""What the books themselves say against the merchant, or against us: every line is a broken promise.

A refund number is the merchant's refund (32 characters) and its generation (2): of one refund, one number
at a time may be live. Other numbers are refunds of their own.
"""

from collections.abc import Callable, Iterable
from sqlite3 import Row

CLOSED = "EXISTS (SELECT 1 FROM refund_steps s WHERE s.refund = r.seq AND s.state = 'CLOSED')"
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
    "money of a number did not move exactly once": """
        SELECT r.out_refund_no FROM refunds r LEFT JOIN funds f ON f.refund = r.seq
            AND f.kind = 'refund'
        GROUP BY r.seq HAVING count(f.seq) <> 1 OR sum(f.amount) <> -r.amount
    """,
    "money of a closed number is not back, or of another is": f"""
        SELECT r.out_refund_no FROM refunds r LEFT JOIN funds f ON f.refund = r.seq
            AND f.kind = 'refund_closed'
        GROUP BY r.seq HAVING count(f.seq) <> {CLOSED}
    """,
    "an account is not the sum of its movements": """
        SELECT mchid FROM funds f GROUP BY mchid HAVING sum(amount) <>
            (SELECT balance FROM funds l WHERE l.mchid = f.mchid ORDER BY seq DESC LIMIT 1)
    """,
    "the merchant believed what nobody proved": """
        SELECT fault || ' ' || number FROM fault_messages
        WHERE fault IN ('notify_forged', 'notify_signtest', 'clock_skew') AND status IN (200, 204)
    """,
}


def broken(read: Callable[[str], Iterable[Row]]) -> list[str]:
    """Empty when every promise held. `read` runs a query on the books, or on a file of them."""
    return [f"{what}: {which}" for what, sql in BROKEN.items() for (which,) in read(sql)]
