"""Each line of a bill beside our row of it, and what became of the two."""

from typing import Any, Final, LiteralString

from projections import bill_days
from read_api.reports.books import LINES as LEDGER_LINES
from read_api.reports.books import NAME, WITHIN, Cell, View, age
from read_api.reports.columns import Column
from read_api.reports.definition import Key, Report
from read_api.reports.owed import AGE
from read_api.reports.reconciliation import BILL_DATE, CHANNEL, LINES, MCHID

KIND: Final = Column("kind", "类型", "Kind", "text")
CODE: Final = Column("code", "差错码", "Code", "text")
NUMBERS: Final = (
    Column("number", "我方单号", "Our number", "id"),
    Column("channel_number", "渠道单号", "Channel's number", "id"),
)
OWNERS: Final = (
    Column("order_id", "订单", "Order", "id"),
    Column("refund_id", "退款", "Refund", "id"),
)

# An entry has the place of its line: the nth of the event that disposed of it.
DETAIL_ROWS: LiteralString = f"""
select l.*, e.entry_id from {LINES.lines.removesuffix(" bill_lines")} l
left join {LEDGER_LINES} e on e.tenant = l.tenant and e.position = l.position and e.nth = l.nth and e.line = 1
where l.tenant = %(tenant)s and l.position <= %(known)s and (%(since)s::date is null or l.value_date >= %(since)s)
  and (%(through)s::date is null or l.value_date <= %(through)s)
order by l.bill_date, l.channel, l.mchid, l.position, l.nth"""


def line_told(row: dict[str, Any], view: View) -> dict[str, Any]:
    """How old what is not settled is, and where the rest of its story stands."""
    entry = row["entry_id"]
    days = None if row["code"] == "MATCHED" else age(row["bill_date"], view)
    return row | {"age_days": days, "lineage": f"/v1/lineage/entry/{entry}" if entry else None}


DETAIL: Final = Report(
    "bill-detail",
    "对账明细",
    "Bills and books side by side",
    (
        BILL_DATE,
        CHANNEL,
        MCHID,
        Column("side", "所在", "Stands on", "text"),
        Column("line", "账单行", "Bill line", "count"),
        KIND,
        CODE,
        *NUMBERS,
        Column("theirs_fen", "渠道金额", "Theirs", "fen"),
        Column("ours_fen", "我方金额", "Ours", "fen"),
        Column("theirs_fee_fen", "渠道手续费", "Their fee", "fen"),
        Column("ours_fee_fen", "我方手续费", "Our fee", "fen"),
        Column("net_fen", "净额", "Net", "fen", sums=True),
        Column("booked", "入账日", "Booked", "day"),
        Column("waits_until", "等待至", "Waits until", "day"),
        AGE,
        *OWNERS,
        Column("break_id", "差错", "Break", "id"),
        Column("entry_id", "分录", "Entry", "id"),
        Column("lineage", "来龙去脉", "Lineage", "text"),
    ),
    {"position": Key("position", int), "nth": Key("nth", int)},
    {"net_fen": Cell("net_fen", WITHIN)},
    query=DETAIL_ROWS,
    dress=line_told,
    source=LINES,
    reads=(NAME, bill_days.NAME),
)
