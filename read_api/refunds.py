"""GET /v1/refunds: what is owed back, what became of it, and what people have to decide."""

from typing import Annotated, Final, Literal, LiteralString
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from domain.display import RefundStatus
from projections import refund_desk
from read_api.access import ALL
from read_api.asked import Asked
from read_api.pages import Page, Paged, page, read
from read_api.refund_view import RefundFile, RefundView, file_of, shown
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/refunds", tags=["refunds"])

READING = Reading(refund_desk.NAME, needs=frozenset({ALL}))
LIST: Final = "refunds"

SELECT: LiteralString = """
select r.*, exists (
  select from read.parked p where p.handler = %(handler)s and p.stream_id = r.refund_id) as degraded
from read.refund_desk_v1 r where r.tenant = %(tenant)s and """
ONE: LiteralString = SELECT + "r.refund_id = %(id)s"
CALLS: LiteralString = """
select * from read.refund_attempts_v1 where tenant = %(tenant)s and refund_id = %(id)s order by attempt"""
PAGE: LiteralString = (
    SELECT
    + """(%(status)s::text is null or r.status = %(status)s)
  and (%(trouble)s::text is null or r.trouble = %(trouble)s or (%(trouble)s = 'any' and r.escalated_at is not null))
  and (%(order)s::uuid is null or r.order_id = %(order)s)
  and (%(open)s::boolean is null or (r.ended_at is null) = %(open)s)
  and (%(after)s::timestamptz is null or (r.requested_at, r.refund_id) > (%(after)s, %(after_id)s))
order by r.requested_at, r.refund_id limit %(limit)s"""
)

AnyTrouble = Literal[
    "any", "abnormal", "closed_again", "rejected", "too_old", "too_many", "over_capture",
    "witnesses_differ", "worker_crashed", "returned",
]  # fmt: skip


class Refunds(Paged):
    """Filters; all of them apply. `trouble=any`: those that people look after; `open`: not over yet."""

    status: RefundStatus | None = None
    trouble: AnyTrouble | None = None
    order: UUID | None = None
    open: bool | None = None


@router.get("")
async def list_refunds(
    snapshot: Annotated[Snapshot, Depends(READING)], asked: Annotated[Refunds, Query()]
) -> Page[RefundView]:
    """Refunds, the oldest first."""
    after = read(asked.cursor, LIST)
    rows = await snapshot.rows(
        PAGE,
        tenant=snapshot.tenant,
        handler=refund_desk.NAME,
        status=asked.status,
        trouble=asked.trouble,
        order=asked.order,
        open=asked.open,
        after=after and after.at,
        after_id=after and after.id,
        limit=asked.limit + 1,
    )
    items = [shown(row) for row in rows]
    return page(items, rows, asked.limit, of=LIST, at="requested_at", id="refund_id")


@router.get("/{refund_id}")
async def get_refund(
    refund_id: UUID, snapshot: Annotated[Snapshot, Depends(READING)], _: Annotated[Asked, Query()]
) -> RefundFile:
    """One refund with its calls, and the open proposal as a second person has to see it."""
    of = {"tenant": snapshot.tenant, "id": refund_id}
    rows = await snapshot.rows(ONE, handler=refund_desk.NAME, **of)
    if not rows:
        raise await snapshot.absent(refund_desk.NAME, refund_id)
    return file_of(rows[0], await snapshot.rows(CALLS, **of))
