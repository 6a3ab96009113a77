"""What merchants are paid: one row a statement, and one row for each line of it. Lines add up to the payout."""

from typing import Any, Final, LiteralString
from uuid import UUID

from projections import merchant_statements
from read_api.reports.books import KNOWN, WITHIN, Cell, Source, View
from read_api.reports.columns import Column
from read_api.reports.definition import Key, Report

LINES: Final = Source(
    """(select l.tenant, l.position, 0 as nth, l.statement_id, l.line, l.merchant_id, l.kind, l.order_id,
  l.source_id, l.gross_fen, l.merchant_coupon_fen, l.platform_coupon_fen, l.subsidy_fen, l.points_fen, l.cash_fen,
  l.commission_fen, l.commission_vat_fen, l.net_fen, l.net_to, l.added_at, s.period, s.closed_at, s.carried_in_fen,
  s.payable_fen, s.carried_out_fen, p.amount_fen as payout_fen, p.status as payout_status,
  (s.starts_at at time zone 'Asia/Shanghai')::date as value_date
from read.statement_lines_v1 l join read.statements_v1 s using (tenant, statement_id)
left join read.statement_payouts_v1 p using (tenant, statement_id)) statement_lines""",
    shown="""kind as what, source_id::text as reference, value_date, order_id, null::uuid as refund_id,
  null::uuid as bill_id, null::integer as bill_line""",
)
PARTS: Final = (
    Column("gross_fen", "订单金额", "Gross", "fen", sums=True),
    Column("merchant_coupon_fen", "商家券", "Merchant coupon", "fen", sums=True),
    Column("platform_coupon_fen", "平台券", "Platform coupon", "fen", sums=True),
    Column("subsidy_fen", "平台补贴", "Subsidy", "fen", sums=True),
    Column("points_fen", "积分抵扣", "Points", "fen", sums=True),
    Column("cash_fen", "实付", "Cash paid", "fen", sums=True),
    Column("commission_fen", "佣金（不含税）", "Commission, net of VAT", "fen", sums=True),
    Column("commission_vat_fen", "佣金税额", "VAT on commission", "fen", sums=True),
)
NET: Final = Column("net_fen", "结算净额", "Net", "fen", sums=True)
STATEMENT: Final = Column("statement_id", "结算单", "Statement", "id")
MERCHANT: Final = Column("merchant_id", "商户", "Merchant", "id")
PERIOD: Final = Column("period", "账期", "Period", "text")
SUMS: Final = {
    **{column.key: Cell(column.key, WITHIN) for column in PARTS},
    "net_fen": Cell("net_fen", WITHIN),
}

STATEMENTS: Final = Report(
    "merchant-statements",
    "商户结算单",
    "Merchant statements",
    (
        STATEMENT,
        MERCHANT,
        PERIOD,
        Column("closed_at", "出单时间", "Closed at", "instant"),
        Column("lines", "行数", "Lines", "count", sums=False),
        *PARTS,
        Column("adjustments_fen", "其中调账", "Of it adjustments", "fen", sums=True),
        NET,
        Column("carried_in_fen", "上期结转", "Carried in", "fen"),
        Column("payable_fen", "应付", "Payable", "fen"),
        Column("carried_out_fen", "结转下期", "Carried out", "fen"),
        Column("payout_fen", "打款", "Payout", "fen"),
        Column("payout_status", "打款状态", "Payout status", "text"),
    ),
    {"statement_id": Key("statement_id", UUID)},
    {**SUMS, "adjustments_fen": Cell("net_fen", f"kind = 'adjustment' and {WITHIN}")},
    where=WITHIN,
    more={
        "merchant_id": "min(merchant_id::text)",
        "period": "min(period)",
        "lines": "count(*)",
        **{
            name: f"min({name})"
            for name in (
                "closed_at",
                "carried_in_fen",
                "payable_fen",
                "carried_out_fen",
                "payout_fen",
                "payout_status",
            )
        },
    },
    order="min(value_date), min(merchant_id::text), statement_id",
    source=LINES,
    reads=(merchant_statements.NAME,),
)


def with_lineage(row: dict[str, Any], view: View) -> dict[str, Any]:
    """Where a line comes from: everything that belongs to its order."""
    return row | {"lineage": f"/v1/lineage/order/{row['order_id']}"}


LINE_ROWS: LiteralString = (
    f"select * from {LINES.lines} where {KNOWN} and {WITHIN}"
    " order by value_date, merchant_id, statement_id, line"
)
STATEMENT_LINES: Final = Report(
    "merchant-statement-lines",
    "商户结算明细",
    "Merchant statement lines",
    (
        STATEMENT,
        MERCHANT,
        PERIOD,
        Column("line", "行", "Line", "count"),
        Column("kind", "类型", "Kind", "text"),
        Column("order_id", "订单", "Order", "id"),
        Column("source_id", "来源", "Source", "id"),
        *PARTS,
        NET,
        Column("net_to", "去向", "Goes to", "text"),
        Column("added_at", "入单时间", "Added at", "instant"),
        Column("lineage", "来龙去脉", "Lineage", "text"),
    ),
    {"statement_id": Key("statement_id", UUID), "line": Key("line", int)},
    SUMS,
    where=WITHIN,
    query=LINE_ROWS,
    dress=with_lineage,
    source=LINES,
    reads=(merchant_statements.NAME,),
)
