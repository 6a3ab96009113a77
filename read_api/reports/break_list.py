"""Each break with its age, its owner and what it holds in suspense."""

from typing import Any, Final, LiteralString

from projections import breaks
from read_api.reports.books import GROWTH, KNOWN, NAME, UNTIL, Cell, View, bucket
from read_api.reports.books import LINES as LEDGER_LINES
from read_api.reports.columns import SHANGHAI, Column
from read_api.reports.definition import Key, Report
from read_api.reports.owed import AGE, BUCKET
from read_api.reports.reconciliation import BILL_DATE, CHANNEL, MCHID
from read_api.reports.side_by_side import CODE, KIND, NUMBERS, OWNERS

BREAK_ROWS: LiteralString = f"""
select b.*, b.break_id::text as sub_key, coalesce(s.long_fen, 0) as long, coalesce(s.short_fen, 0) as short
from read.breaks_v1 b left join (
  select sub_key, (sum({GROWTH}) filter (where account = '2915'))::bigint as long_fen,
    (sum({GROWTH}) filter (where account = '1915'))::bigint as short_fen
  from {LEDGER_LINES} where {KNOWN} and {UNTIL} and account in ('1915', '2915') group by sub_key
) s on s.sub_key = b.break_id::text
where b.tenant = %(tenant)s and (%(through)s::date is null or b.bill_date <= %(through)s) and (b.closed_at is null
  or %(since)s::date is null or b.bill_date >= %(since)s or s.long_fen <> 0 or s.short_fen <> 0)
order by b.bill_date, b.opened_at, b.break_id"""


def break_told(row: dict[str, Any], view: View) -> dict[str, Any]:
    """How far it is, and how old it is, or was when it was closed."""
    until = row["closed_at"]
    opened = row["opened_at"].astimezone(SHANGHAI).date()
    ended = until.astimezone(SHANGHAI).date() if until else view.today
    days = max((ended - opened).days, 0)
    states = ("closed", until), ("proposed", row["proposal_id"]), ("assigned", row["owner"])
    status = next((name for name, holds in states if holds), "open")
    sums = {"long_fen": row["long"], "short_fen": row["short"]}
    return row | sums | {"status": status, "age_days": days, "bucket": bucket(days)}


BREAKS: Final = Report(
    "breaks",
    "差错清单",
    "Breaks",
    (
        Column("sub_key", "差错", "Break", "id"),
        CODE,
        Column("status", "状态", "Status", "text"),
        Column("owner", "负责人", "Owner", "text"),
        BILL_DATE,
        CHANNEL,
        MCHID,
        KIND,
        *NUMBERS,
        *OWNERS,
        Column("long_fen", "长款挂账", "In suspense, long", "fen", sums=True),
        Column("short_fen", "短款挂账", "In suspense, short", "fen", sums=True),
        Column("opened_at", "发现时间", "Opened at", "instant"),
        AGE,
        BUCKET,
        Column("detail", "说明", "Detail", "text"),
        Column("closed_at", "关闭时间", "Closed at", "instant"),
    ),
    {"sub_key": Key("sub_key")},
    {
        "long_fen": Cell(GROWTH, f"account = '2915' and {UNTIL}"),
        "short_fen": Cell(GROWTH, f"account = '1915' and {UNTIL}"),
    },
    query=BREAK_ROWS,
    dress=break_told,
    reads=(NAME, breaks.NAME),
)
