"""Merchants' money at the channel: every movement of an account, with the balance after it.

The channel keeps 0.6 % of a payment and gives its share back with refunds. What was paid is available at
once: the real channel settles later, and whoever needs that withdraws here.
"""

from collections.abc import Iterable
from datetime import datetime
from sqlite3 import Connection

from infra.simulator.wechatpay.books import add
from infra.simulator.wechatpay.protocol import No, Refused

FEE_TEN_THOUSANDTHS = 60
TOO_MUCH = No(409, "NOT_ENOUGH", "账户余额不足")


def balance(books: Connection, mchid: str) -> int:
    """Fen on the account now."""
    row = books.execute(
        "SELECT balance FROM funds WHERE mchid = ? ORDER BY seq DESC LIMIT 1", (mchid,)
    ).fetchone()
    return int(row[0]) if row else 0


def available(books: Connection, mchid: str) -> int:
    """Fen that can be spent: less what is held back for transfers that their payees have not taken yet."""
    held = books.execute(
        "SELECT coalesce(sum(t.amount), 0) FROM transfers t WHERE t.mchid = ? AND NOT EXISTS"
        " (SELECT 1 FROM transfer_ends e WHERE e.transfer = t.seq)",
        (mchid,),
    ).fetchone()
    return balance(books, mchid) - int(held[0])


def fee_of(total: int) -> int:
    """What the channel keeps of a payment, half a fen up."""
    return (total * FEE_TEN_THOUSANDTHS + 5_000) // 10_000


def share_of_fee(total: int, refunded: int) -> int:
    """What of the fee has gone back once `refunded` of `total` has, half a fen up."""
    return (2 * fee_of(total) * refunded + total) // (2 * total)


def paid(books: Connection, mchid: str, payment: int, total: int, at: datetime) -> None:
    """A buyer's money comes in, less the fee."""
    _move(books, mchid, "payment", total, at, payment=payment)
    _move(books, mchid, "fee", -fee_of(total), at, payment=payment)


def taken(books: Connection, mchid: str, refund: int, amount: int, fee: int, at: datetime) -> None:
    """A refund is paid out of the account."""
    _move(books, mchid, "fee_back", fee, at, refund=refund)
    _move(books, mchid, "refund", -amount, at, refund=refund)


def put_back(
    books: Connection, mchid: str, refund: int, amount: int, fee: int, at: datetime
) -> None:
    """A refund was closed: the money stays with the merchant."""
    _move(books, mchid, "refund_closed", amount, at, refund=refund)
    _move(books, mchid, "fee_again", -fee, at, refund=refund)


def change(books: Connection, mchid: str, amount: int, at: datetime) -> int:
    """The merchant deposits, or withdraws with a negative amount; returns the balance. Raises: Refused."""
    if amount < 0 and available(books, mchid) + amount < 0:
        raise Refused(TOO_MUCH)
    _move(books, mchid, "deposit" if amount > 0 else "withdrawal", amount, at)
    return balance(books, mchid)


def errand(
    books: Connection,
    mchid: str,
    reason: str,
    amount: int,
    at: datetime,
    *,
    number: str,
    voucher: str,
) -> None:
    """Money comes or goes by a transfer or a share, once for each number: told apart from the merchant's own."""
    _move(books, mchid, "deposit" if amount > 0 else "withdrawal", amount, at)
    [moved] = books.execute("SELECT max(seq) FROM funds WHERE mchid = ?", (mchid,)).fetchone()
    add(books, "fund_reasons", funds=moved, reason=reason, number=number, voucher=voucher)


def open_accounts(books: Connection, mchids: Iterable[str], deposit: int, at: datetime) -> None:
    """Give each merchant without an account one, with a first deposit and all that was paid to it before."""
    for mchid in mchids:
        if books.execute("SELECT 1 FROM funds WHERE mchid = ?", (mchid,)).fetchone():
            continue
        if deposit:
            change(books, mchid, deposit, at)
        earlier = "SELECT seq, total FROM payments WHERE mchid = ? ORDER BY seq"
        for payment, total in books.execute(earlier, (mchid,)).fetchall():
            paid(books, mchid, payment, total, at)


def _move(books: Connection, mchid: str, kind: str, amount: int, at: datetime, **of: int) -> None:
    after = balance(books, mchid) + amount
    add(
        books,
        "funds",
        mchid=mchid,
        kind=kind,
        amount=amount,
        balance=after,
        at=at.isoformat(),
        **of,
    )
