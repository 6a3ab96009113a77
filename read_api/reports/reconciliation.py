"""Bills against books: each date of a channel, each line side by side, and each break with its age.

What a date or a break has come to (closed, owner, proposal) is told as it is now; sums are as known when asked.
"""

from datetime import date
from typing import Any, Final, LiteralString

from projections import bill_days
from read_api.reports.books import (
    KNOWN,
    LEDGER,
    NAME,
    NET,
    WITHIN,
    Cell,
    Source,
    View,
)
from read_api.reports.books import LINES as LEDGER_LINES
from read_api.reports.columns import Column
from read_api.reports.definition import Key, Report

LINES: Final = Source(
    "(select *, bill_date as value_date from read.bill_day_lines_v1) bill_lines",
    shown="""code || ' ' || kind as what, coalesce(nullif(channel_number, ''), number) as reference, value_date,
  order_id, refund_id, bill_id, line as bill_line""",
)
CHANNEL: Final = Column("channel", "渠道", "Channel", "text")
MCHID: Final = Column("mchid", "商户号", "Merchant number", "id")
BILL_DATE: Final = Column("bill_date", "账单日", "Bill date", "day")
MATCHED: Final = f"code = 'MATCHED' and {WITHIN}"
OF_BILL: Final = {
    "pays_fen": Cell("theirs_fen", f"kind = 'pay' and {MATCHED}"),
    "refunds_fen": Cell("-theirs_fen", f"kind = 'refund' and {MATCHED}"),
    "fees_fen": Cell("theirs_fee_fen", MATCHED),
    "moved_fen": Cell(
        "net_fen + coalesce(theirs_fee_fen, 0)", f"kind not in ('pay', 'refund') and {MATCHED}"
    ),
    "breaks_fen": Cell("net_fen", f"code not in ('MATCHED', 'PENDING_CUTOFF') and {WITHIN}"),
}
SUMS: Final = ", ".join(
    f"coalesce(sum({it.amount}) filter (where {it.when}), 0)::bigint as {name}"
    for name, it in OF_BILL.items()
)
DAY_ROWS: LiteralString = f"""
with found as (select channel, mchid, bill_date, {SUMS}, count(*) filter (where side <> 'ledger') as lines,
    count(*) filter (where code = 'MATCHED') as matched,
    count(*) filter (where code = 'PENDING_CUTOFF') as pending,
    count(*) filter (where code not in ('MATCHED', 'PENDING_CUTOFF')) as broken
  from {LINES.lines} where {KNOWN} and {WITHIN} group by 1, 2, 3),
books as (select sub_key, value_date,
    (sum(sum({NET})) over (partition by sub_key order by value_date))::bigint as fen
  from {LEDGER_LINES} where {KNOWN} and account = '1121' group by 1, 2)
select d.channel, d.mchid, d.bill_date, d.opening_fen, d.closing_fen, d.closed_at, f.*, coalesce(b.fen, 0) as books_fen
from read.bill_days_v1 d join found f using (channel, mchid, bill_date)
left join lateral (select fen from books where sub_key = d.channel || ' available' and value_date <= d.bill_date
  order by value_date desc limit 1) b on true
where d.tenant = %(tenant)s order by d.bill_date, d.channel, d.mchid"""


def day_told(row: dict[str, Any], view: View) -> dict[str, Any]:
    """What is left between the two, and how much was matched."""
    closing, lines = row["closing_fen"], row["lines"]
    return row | {
        "difference_fen": None if closing is None else closing - row["books_fen"],
        "match_rate": f"{row['matched'] / lines:.2%}" if lines else None,
    }


DAILY_SUMMARY: Final = Report(
    "daily-summary",
    "渠道日汇总",
    "Daily summary",
    (
        BILL_DATE,
        CHANNEL,
        MCHID,
        Column("opening_fen", "期初结余", "Opening balance", "fen"),
        Column("pays_fen", "收款", "Pays", "fen", sums=True),
        Column("refunds_fen", "退款", "Refunds", "fen", sums=True),
        Column("fees_fen", "手续费", "Fees", "fen", sums=True),
        Column("moved_fen", "提现等", "Withdrawals and the like", "fen", sums=True),
        Column("breaks_fen", "差错", "Breaks", "fen", sums=True),
        Column("closing_fen", "账单结余", "Bill's closing balance", "fen"),
        Column("books_fen", "账面结余", "Books' closing balance", "fen"),
        Column("difference_fen", "差额", "Difference", "fen"),
        Column("lines", "账单行数", "Bill lines", "count"),
        Column("matched", "已匹配", "Matched", "count"),
        Column("pending", "待次日", "Pending", "count"),
        Column("broken", "差错数", "Breaks", "count"),
        Column("match_rate", "匹配率", "Match rate", "text"),
        Column("closed_at", "关账时间", "Closed at", "instant"),
    ),
    {
        "channel": Key("channel"),
        "mchid": Key("mchid"),
        "bill_date": Key("bill_date", date.fromisoformat),
    },
    OF_BILL
    | {
        "books_fen": Cell(
            NET,
            "account = '1121' and value_date <= %(key_2)s",
            of="sub_key = %(key_0)s || ' available'",
            source=LEDGER,
        )
    },
    query=DAY_ROWS,
    dress=day_told,
    source=LINES,
    reads=(NAME, bill_days.NAME),
)
