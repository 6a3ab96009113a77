"""GET /v1/statements/{id}: every line of a statement, and what they add up to. GET /v1/earnings/{order}: why."""

from typing import Annotated, Final, LiteralString
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from domain.problem import NOT_FOUND
from projections import earnings, merchant_statements
from read_api.access import ALL, FINANCE
from read_api.asked import Asked
from read_api.earning_view import AdjustmentView, EarningFile, LotView
from read_api.pages import Paged, next_key, read_key
from read_api.problems import Refused
from read_api.snapshot import Reading, Snapshot
from read_api.statement_view import STATEMENTS, LineView, StatementFile, StatementView, adds_up

router = APIRouter(prefix="/v1", tags=["statements"])

NEEDS: Final = frozenset({FINANCE, ALL})
READING = Reading(merchant_statements.NAME, needs=NEEDS)
EARNED = Reading(earnings.NAME, needs=NEEDS)
LINES: Final = "statement-lines"

ONE: LiteralString = STATEMENTS + "s.statement_id = %(id)s"
SUMS: LiteralString = """
select count(*) as count, coalesce(sum(net_fen), 0)::bigint as net_fen from read.statement_lines_v1
where tenant = %(tenant)s and statement_id = %(id)s"""
PAGE: LiteralString = """
select line, kind, order_id, source_id, lot, gross_fen, merchant_coupon_fen, platform_coupon_fen, subsidy_fen,
  points_fen, cash_fen, commission_fen, commission_vat_fen, cost_fen, goods_vat_fen, net_fen, net_to, added_at
from read.statement_lines_v1
where tenant = %(tenant)s and statement_id = %(id)s and line > %(after)s order by line limit %(limit)s"""
LOTS: LiteralString = """
select lot, cause, first, count, amounts, reversed, net_fen, due_fen, rate_bp, vat_rate_bp, agreement_version,
  books, recognised_at, matures_at, statement_id, merchant_id
from read.earning_lots_v1 where tenant = %(tenant)s and order_id = %(id)s order by lot"""
WISHES: LiteralString = """
select proposal_id, amount_fen, note, by, shown, proposed_at, decided, decided_by, decided_at, statement_id
from read.earning_adjustments_v1 where tenant = %(tenant)s and order_id = %(id)s
order by proposed_at, proposal_id"""


@router.get("/statements/{statement_id}")
async def get_statement(
    statement_id: UUID,
    snapshot: Annotated[Snapshot, Depends(READING)],
    asked: Annotated[Paged, Query()],
) -> StatementFile:
    """One statement and its lines in order; whether they add up is said with every page."""
    after = read_key(asked.cursor, LINES, int)
    of = {"tenant": snapshot.tenant, "id": statement_id}
    rows = await snapshot.rows(ONE, **of)
    if not rows:
        raise await snapshot.absent(merchant_statements.NAME, statement_id)
    statement, (sums,) = StatementView(**rows[0]), await snapshot.rows(SUMS, **of)
    lines = await snapshot.rows(PAGE, **of, after=after or 0, limit=asked.limit + 1)
    return StatementFile(
        statement=statement,
        lines_count=sums["count"],
        lines_net_fen=sums["net_fen"],
        adds_up=adds_up(statement, sums["count"], sums["net_fen"]),
        items=[LineView(**line) for line in lines[: asked.limit]],
        next=next_key(LINES, [line["line"] for line in lines], asked.limit),
    )


@router.get("/earnings/{order_id}")
async def get_earning(
    order_id: UUID, snapshot: Annotated[Snapshot, Depends(EARNED)], _: Annotated[Asked, Query()]
) -> EarningFile:
    """What a merchant earned with an order."""
    of = {"tenant": snapshot.tenant, "id": order_id}
    lots = [LotView(**row) for row in await snapshot.rows(LOTS, **of)]
    if not lots:
        raise Refused(NOT_FOUND)
    wishes = [AdjustmentView(**row) for row in await snapshot.rows(WISHES, **of)]
    return EarningFile(order_id=order_id, lots=lots, adjustments=wishes)
