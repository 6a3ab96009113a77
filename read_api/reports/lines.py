"""The books line by line: journal and general ledger. Each line is a row, and names the event that wrote it."""

from typing import Final, LiteralString

from read_api.reports.books import (
    CHOSEN,
    CREDIT,
    DEBIT,
    GROWTH,
    KNOWN,
    LINES,
    UNTIL,
    WITHIN,
    Cell,
    with_names,
)
from read_api.reports.columns import Column
from read_api.reports.definition import ENTRY, Key, Report

ACCOUNT: Final = Column("account", "科目", "Account", "id")
ACCOUNT_NAME: Final = Column("name", "科目名称", "Account name", "text")
SUB_KEY: Final = Column("sub_key", "明细", "Sub-key", "id")
DEBITED: Final = Column("debit_fen", "借方", "Debit", "fen", sums=True)
CREDITED: Final = Column("credit_fen", "贷方", "Credit", "fen", sums=True)
LINE_COLUMNS: Final = (
    Column("value_date", "记账日", "Value date", "day"),
    Column("recorded_at", "入账时间", "Recorded at", "instant"),
    Column("position", "位置", "Position", "count"),
    Column("entry_id", "分录", "Entry", "id"),
    Column("line", "行", "Line", "count"),
    Column("event", "事件", "Event", "text"),
    Column("rule", "规则", "Rule", "text"),
    Column("rule_version", "规则版本", "Rule version", "count"),
    ACCOUNT,
    ACCOUNT_NAME,
    SUB_KEY,
    DEBITED,
    CREDITED,
)
REFERENCES: Final = (
    Column("reference", "对方单号", "Reference", "id"),
    Column("order_id", "订单", "Order", "id"),
    Column("refund_id", "退款", "Refund", "id"),
    Column("merchant_id", "商户", "Merchant", "id"),
    Column("corrects", "更正的分录", "Corrects", "id"),
    Column("bill_id", "账单", "Bill", "id"),
    Column("bill_line", "账单行", "Bill line", "count"),
)
LINE_KEY: Final = {"entry_id": ENTRY, "line": Key("line", int)}
ONE_LINE: Final = {"debit_fen": Cell(DEBIT), "credit_fen": Cell(CREDIT)}

JOURNAL_ROWS: LiteralString = (
    f"select * from {LINES} where {KNOWN} and {WITHIN} and {CHOSEN} order by position, nth, line"
)
LEDGER_ROWS: LiteralString = (
    f"select * from (select *, sum({GROWTH}) over (partition by account"
    " order by value_date, position, nth, line rows unbounded preceding)::bigint as balance_fen"
    f" from {LINES} where {KNOWN} and {UNTIL} and {CHOSEN}) l where {WITHIN}"
    " order by account, value_date, position, nth, line"
)
UP_TO_THE_LINE: LiteralString = (
    "(account, value_date, position, nth, line) <= "
    "(select account, value_date, position, nth, line from read.ledger_lines_v2"
    " where tenant = %(tenant)s and entry_id = %(key_0)s and line = %(key_1)s)"
    " and account = (select account from read.ledger_lines_v2"
    " where tenant = %(tenant)s and entry_id = %(key_0)s and line = %(key_1)s)"
)

JOURNAL: Final = Report(
    "journal",
    "序时账",
    "Journal",
    (*LINE_COLUMNS, *REFERENCES),
    LINE_KEY,
    {name: it._replace(when=WITHIN) for name, it in ONE_LINE.items()},
    query=JOURNAL_ROWS,
    dress=with_names,
)
GENERAL_LEDGER: Final = Report(
    "general-ledger",
    "总账明细",
    "General ledger",
    (
        ACCOUNT,
        ACCOUNT_NAME,
        *(it for it in LINE_COLUMNS if it not in (ACCOUNT, ACCOUNT_NAME)),
        Column("balance_fen", "余额", "Balance", "fen"),
        *REFERENCES,
    ),
    LINE_KEY,
    {
        **{name: it._replace(when=WITHIN) for name, it in ONE_LINE.items()},
        "balance_fen": Cell(GROWTH, UNTIL, of=UP_TO_THE_LINE),
    },
    query=LEDGER_ROWS,
    dress=with_names,
)
