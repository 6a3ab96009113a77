"""GET /v1/ledger/corrections: what a second person is to decide about, exactly as it would be booked."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, LiteralString
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from projections import corrections
from read_api.access import ALL, FINANCE
from read_api.pages import Page, Paged, page, read
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/ledger/corrections", tags=["ledger"])

READING = Reading(corrections.NAME, needs=frozenset({FINANCE, ALL}))
LIST: Final = "corrections"

WANTED: LiteralString = """
select * from read.corrections_v1 where tenant = %(tenant)s
  and (%(state)s::text is null or state = %(state)s)
  and (%(at)s::timestamptz is null or (proposed_at, correction_id) < (%(at)s, %(id)s::uuid))
order by proposed_at desc, correction_id desc limit %(limit)s"""
ONE: LiteralString = """
select * from read.corrections_v1 where tenant = %(tenant)s and correction_id = %(id)s"""


class CorrectionView(BaseModel):
    """`corrections` are its entries, each naming the one it puts right; approve it with `shown`."""

    correction_id: UUID
    state: Literal["open", "booked", "declined"]
    reason: str
    corrections: list[dict[str, Any]]
    shown: Annotated[
        str, Field(description="Repeat it to approve: it is the digest of all of this.")
    ]
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None


class Wanted(Paged):
    """Which of them."""

    state: Literal["open", "booked", "declined"] | None = None


@router.get("")
async def list_corrections(
    snapshot: Annotated[Snapshot, Depends(READING)], asked: Annotated[Wanted, Query()]
) -> Page[CorrectionView]:
    """The latest first."""
    cursor = read(asked.cursor, LIST)
    rows = await snapshot.rows(
        WANTED,
        tenant=snapshot.tenant,
        state=asked.state,
        at=cursor.at if cursor else None,
        id=cursor.id if cursor else None,
        limit=asked.limit + 1,
    )
    items = [CorrectionView(**row) for row in rows]
    return page(items, rows, asked.limit, of=LIST, at="proposed_at", id="correction_id")


@router.get("/{correction_id}")
async def get_correction(
    correction_id: UUID, snapshot: Annotated[Snapshot, Depends(READING)]
) -> CorrectionView:
    """One of them."""
    rows = await snapshot.rows(ONE, tenant=snapshot.tenant, id=correction_id)
    if not rows:
        raise await snapshot.absent(corrections.NAME, correction_id)
    return CorrectionView(**rows[0])
