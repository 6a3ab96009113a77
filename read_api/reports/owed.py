"""What waits to be settled, and since when: refunds still owed, money in suspense; and what VAT is due on."""

from typing import Any, Final

from read_api.reports.balances import CLOSING, MOVED, OPENING, PLACE
from read_api.reports.books import (
    BEFORE,
    GROWTH,
    UNTIL,
    WITHIN,
    Cell,
    View,
    age,
    bucket,
    with_names,
)
from read_api.reports.columns import Column
from read_api.reports.definition import MERCHANT, Key, Report
from read_api.reports.lines import ACCOUNT, ACCOUNT_NAME, SUB_KEY

SINCE: Final = f"min(value_date) filter (where {UNTIL})"
AGE: Final = Column("age_days", "账龄（天）", "Age, days", "count")
BUCKET: Final = Column("bucket", "账龄区间", "Ageing", "text")


def aged(row: dict[str, Any], view: View) -> dict[str, Any]:
    """How long it has been so."""
    days = age(row["since"], view)
    return row | {"age_days": days, "bucket": bucket(days)}


def suspended(row: dict[str, Any], view: View) -> dict[str, Any]:
    """Only what is still in suspense grows older."""
    named = with_names(row, view)
    return aged(named, view) if row["closing_fen"] else named | {"age_days": None, "bucket": None}


LEFT: Final = " or ".join(
    f"coalesce(sum({GROWTH}) filter (where account = '{code}' and {UNTIL}), 0) <> 0"
    for code in ("1122", "2210", "2220")
)
REFUND_AGEING: Final = Report(
    "refund-ageing",
    "退款账龄",
    "Refund ageing",
    (
        Column("refund", "退款", "Refund", "id"),
        Column("order_id", "订单", "Order", "id"),
        Column("since", "应付自", "Owed since", "day"),
        AGE,
        BUCKET,
        Column("payable_fen", "应付退款", "Payable", "fen", sums=True),
        Column("unclaimed_fen", "待认领", "Unclaimed", "fen", sums=True),
        Column("transit_fen", "其中在途", "Of it in transit", "fen", sums=True),
    ),
    {"refund": Key("coalesce(refund_id::text, sub_key)")},
    {
        "payable_fen": Cell(GROWTH, f"account = '2210' and {UNTIL}"),
        "unclaimed_fen": Cell(GROWTH, f"account = '2220' and {UNTIL}"),
        "transit_fen": Cell(GROWTH, f"account = '1122' and {UNTIL}"),
    },
    where="account in ('1122', '2210', '2220')",
    having=LEFT,
    more={"order_id": "min(order_id::text)", "since": SINCE},
    order=f"{SINCE}, 1",
    dress=aged,
)
SUSPENSE: Final = Report(
    "suspense",
    "挂账滚动表",
    "Suspense roll-forward",
    (
        ACCOUNT,
        ACCOUNT_NAME,
        SUB_KEY,
        Column("since", "挂账自", "In suspense since", "day"),
        AGE,
        BUCKET,
        OPENING._replace(sums=True),
        Column("new_fen", "本期新增", "New", "fen", sums=True),
        Column("cleared_fen", "本期核销", "Cleared", "fen", sums=True),
        CLOSING._replace(sums=True),
    ),
    PLACE,
    {
        "opening_fen": Cell(GROWTH, BEFORE),
        "new_fen": Cell(f"greatest({GROWTH}, 0)", WITHIN),
        "cleared_fen": Cell(f"greatest(-({GROWTH}), 0)", WITHIN),
        "closing_fen": Cell(GROWTH, UNTIL),
    },
    where="account in ('1915', '2915')",
    having=MOVED,
    more={"since": SINCE},
    dress=suspended,
)
VAT_BASE: Final = Report(
    "vat-base",
    "增值税计税基础",
    "VAT base",
    (
        Column("month", "月份", "Month", "text"),
        Column("merchant", "商户", "Merchant", "id"),
        Column("commission_fen", "佣金（不含税）", "Commission, net of VAT", "fen", sums=True),
        Column("sales_fen", "自营销售（不含税）", "Own sales, net of VAT", "fen", sums=True),
        Column("vat_fen", "销项税额", "Output VAT", "fen", sums=True),
        Column("gross_fen", "价税合计", "Total, VAT included", "fen", sums=True),
    ),
    {"month": Key("to_char(value_date, 'YYYY-MM')"), "merchant": MERCHANT},
    {
        "commission_fen": Cell(GROWTH, f"account = '4010' and {WITHIN}"),
        "sales_fen": Cell(GROWTH, f"account = '4000' and {WITHIN}"),
        "vat_fen": Cell(GROWTH, f"account = '2510' and {WITHIN}"),
        "gross_fen": Cell(GROWTH, WITHIN),
    },
    where="account in ('2510', '4000', '4010')",
    having=f"bool_or({WITHIN})",
)
