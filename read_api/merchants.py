"""GET /v1/merchants: whom we settle with, what they will be paid, when, and their statements."""

from typing import Annotated, Any, Final, LiteralString
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from projections import earnings, merchant_statements, merchants
from read_api.access import ALL, FINANCE
from read_api.asked import Asked
from read_api.merchant_view import MerchantFile, MerchantView, file_of, shown
from read_api.pages import Page, Paged, page, read
from read_api.snapshot import Reading, Snapshot
from read_api.statement_view import STATEMENTS, StatementView

router = APIRouter(prefix="/v1/merchants", tags=["merchants"])

NEEDS: Final = frozenset({FINANCE, ALL})
READING = Reading(merchants.NAME, needs=NEEDS)
WHOLE = Reading(merchants.NAME, merchant_statements.NAME, earnings.NAME, needs=NEEDS)
LIST: Final = "merchants"
OF_MERCHANT: Final = "merchant-statements"

ONE: LiteralString = """
select * from read.merchants_v1 where tenant = %(tenant)s and merchant_id = %(id)s"""
PAGE: LiteralString = """
select * from read.merchants_v1 where tenant = %(tenant)s
  and (%(after)s::uuid is null or merchant_id > %(after)s) order by merchant_id limit %(limit)s"""
PAYOUTS: LiteralString = """
select amount_fen as fen, statement_id, status from read.statement_payouts_v1
where tenant = %(tenant)s and merchant_id = %(id)s and confirmed_at is null order by initiated_at, payout_id"""
OPEN: LiteralString = """
select closes_at as at, net_fen as fen, statement_id from read.statements_v1
where tenant = %(tenant)s and merchant_id = %(id)s and closed_at is null order by closes_at, statement_id"""
PENDING: LiteralString = """
select (matures_at at time zone 'Asia/Shanghai')::date as day, sum(due_fen)::bigint as fen
from read.earning_lots_v1
where tenant = %(tenant)s and merchant_id = %(id)s and statement_id is null and due_fen <> 0
group by 1 order by 1"""
STATEMENTS_OF: LiteralString = (
    STATEMENTS
    + """s.merchant_id = %(id)s
  and (%(before)s::timestamptz is null or (s.starts_at, s.statement_id) < (%(before)s, %(before_id)s))
order by s.starts_at desc, s.statement_id desc limit %(limit)s"""
)


@router.get("")
async def list_merchants(
    snapshot: Annotated[Snapshot, Depends(READING)], asked: Annotated[Paged, Query()]
) -> Page[MerchantView]:
    """Merchants, in the order of their ids."""
    after = read(asked.cursor, LIST)
    rows = await snapshot.rows(
        PAGE, tenant=snapshot.tenant, after=after and after.id, limit=asked.limit + 1
    )
    return page([shown(row) for row in rows], rows, asked.limit, of=LIST, at="", id="merchant_id")


@router.get("/{merchant_id}")
async def get_merchant(
    merchant_id: UUID, snapshot: Annotated[Snapshot, Depends(WHOLE)], _: Annotated[Asked, Query()]
) -> MerchantFile:
    """One merchant with its agreements, and what it is to be paid with the date of each yuan."""
    row = await known(snapshot, merchant_id)
    of = {"tenant": snapshot.tenant, "id": merchant_id}
    payouts, open_ = await snapshot.rows(PAYOUTS, **of), await snapshot.rows(OPEN, **of)
    return file_of(row, payouts, open_, await snapshot.rows(PENDING, **of))


@router.get("/{merchant_id}/statements")
async def list_statements(
    merchant_id: UUID,
    snapshot: Annotated[Snapshot, Depends(WHOLE)],
    asked: Annotated[Paged, Query()],
) -> Page[StatementView]:
    """Statements of a merchant, newest first."""
    await known(snapshot, merchant_id)
    after = read(asked.cursor, OF_MERCHANT)
    rows = await snapshot.rows(
        STATEMENTS_OF,
        tenant=snapshot.tenant,
        id=merchant_id,
        before=after and after.at,
        before_id=after and after.id,
        limit=asked.limit + 1,
    )
    views = [StatementView(**row) for row in rows]
    return page(views, rows, asked.limit, of=OF_MERCHANT, at="starts_at", id="statement_id")


async def known(snapshot: Snapshot, merchant_id: UUID) -> dict[str, Any]:
    """The merchant's row. Raises: Refused."""
    rows = await snapshot.rows(ONE, tenant=snapshot.tenant, id=merchant_id)
    if not rows:
        raise await snapshot.absent(merchants.NAME, merchant_id)
    return rows[0]
