"""Balances: of accounts, and of what accounts are made of, before, through and after some days."""

from collections.abc import Sequence
from typing import Final

from domain.accounts import CHART
from read_api.reports.books import (
    BEFORE,
    CREDIT,
    DEBIT,
    GROWTH,
    NET,
    UNTIL,
    WITHIN,
    Cell,
    with_names,
)
from read_api.reports.columns import Column
from read_api.reports.definition import Key, Report
from read_api.reports.lines import ACCOUNT, ACCOUNT_NAME, CREDITED, DEBITED, SUB_KEY

OPENING: Final = Column("opening_fen", "期初余额", "Opening", "fen")
CLOSING: Final = Column("closing_fen", "期末余额", "Closing", "fen")
BALANCES: Final = {
    "opening_fen": Cell(GROWTH, BEFORE),
    "debit_fen": Cell(DEBIT, WITHIN),
    "credit_fen": Cell(CREDIT, WITHIN),
    "closing_fen": Cell(GROWTH, UNTIL),
}
PLACE: Final = {"account": Key("account"), "sub_key": Key("sub_key")}
MOVED: Final = f"bool_or({WITHIN}) or coalesce(sum({GROWTH}) filter (where {BEFORE}), 0) <> 0"
"""Rows without a balance before and a move since say nothing."""
BOOKS: Final = (
    ("order", "订单", "order", [it.code for it in CHART.values() if it.sub_key == "order"]),
    ("merchant", "商户", "merchant", [it.code for it in CHART.values() if it.sub_key == "merchant"]),
    ("refund", "退款", "refund", ["1122", "2210", "2220"]),
    ("break", "差错", "break", ["1915", "2915", "4910", "5910"]),
    ("points", "积分", "points", ["2310", "2311", "5120"]),
    ("leader", "团长", "leader", ["2410", "2411", "2520", "5130"]),
    ("voucher", "券码", "voucher", ["2020"]),
    ("channel", "渠道", "channel", ["1120", "1121", "5010", "5020"]),
    ("payout", "打款", "payout", ["2130"]),
)  # fmt: skip
"""Name, in Chinese, in English, and the accounts that are kept by it."""


def sub_ledger(name: str, zh: str, en: str, codes: Sequence[str]) -> Report:
    """By account and sub-key: what was there, what moved, what is there. Balances grow as their account does."""
    return Report(
        f"sub-ledger-{name}",
        f"{zh}明细账",
        f"Sub-ledger by {en}",
        (ACCOUNT, ACCOUNT_NAME, SUB_KEY, OPENING, DEBITED, CREDITED, CLOSING),
        PLACE,
        BALANCES,
        where="account = any(%(book)s)",
        having=MOVED,
        dress=with_names,
        values={"book": list(codes)},
    )


SUB_LEDGERS: Final = tuple(sub_ledger(*book) for book in BOOKS)
TRIAL_BALANCE: Final = Report(
    "trial-balance",
    "试算平衡表",
    "Trial balance",
    (
        ACCOUNT,
        ACCOUNT_NAME,
        Column("opening_fen", "期初余额（借正贷负）", "Opening, debit positive", "fen", sums=True),
        DEBITED,
        CREDITED,
        Column("closing_fen", "期末余额（借正贷负）", "Closing, debit positive", "fen", sums=True),
    ),
    {"account": Key("account")},
    {
        "opening_fen": Cell(NET, BEFORE),
        "debit_fen": Cell(DEBIT, WITHIN),
        "credit_fen": Cell(CREDIT, WITHIN),
        "closing_fen": Cell(NET, UNTIL),
    },
    having=f"bool_or({UNTIL})",
    dress=with_names,
)
