"""GET /v1/payouts: what merchants were paid, are being paid, and what people have to decide about it."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, LiteralString
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from domain.display import PayoutStatus
from projections import payout_desk
from read_api.access import FINANCE
from read_api.asked import Asked
from read_api.pages import Page, Paged, page, read
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/payouts", tags=["finance"])

READING = Reading(payout_desk.NAME, needs=frozenset({FINANCE}))
LIST: Final = "payouts"

SELECT: LiteralString = """
select p.*, exists (
  select from read.parked k where k.handler = %(handler)s and k.stream_id = p.payout_id) as degraded
from read.payout_desk_v1 p where p.tenant = %(tenant)s and """
ONE: LiteralString = SELECT + "p.payout_id = %(id)s"
PAGE: LiteralString = (
    SELECT
    + """(%(status)s::text is null or p.status = %(status)s)
  and (%(merchant)s::uuid is null or p.merchant_id = %(merchant)s)
  and (%(route)s::text is null or p.route = %(route)s)
  and (%(troubled)s::boolean is null or (p.escalated_at is not null) = %(troubled)s)
  and (%(after)s::timestamptz is null or (p.initiated_at, p.payout_id) > (%(after)s, %(after_id)s))
order by p.initiated_at, p.payout_id limit %(limit)s"""
)


class ProposalView(BaseModel):
    """What somebody wants done; whoever approves quotes `shown`."""

    proposal_id: UUID
    action: str
    note: str
    by: str
    shown: str


class PayoutView(BaseModel):
    """One payout. Only CONFIRMED is paid; `package` opens the page on which the payee takes it."""

    payout_id: UUID
    merchant_id: UUID
    statement_id: UUID
    amount_fen: int
    fee_fen: int | None
    route: str
    channel: str
    status: PayoutStatus
    initiated_at: datetime
    next_at: datetime | None
    number: str | None
    generation: int
    attempts: int
    channel_payout_id: str | None
    package: str | None
    last_code: str | None
    trouble: str | None
    detail: str | None
    escalated_at: datetime | None
    evidence: str | None
    confirmed_at: datetime | None
    proposal: ProposalView | None
    degraded: bool = Field(description="Something of it could not be read: it may be behind.")


class Payouts(Paged):
    """Filters; all of them apply. `troubled`: those that people look after."""

    status: PayoutStatus | None = None
    merchant: UUID | None = None
    route: Literal["channel_transfer", "bank_file"] | None = None
    troubled: bool | None = None


@router.get("")
async def list_payouts(
    snapshot: Annotated[Snapshot, Depends(READING)], asked: Annotated[Payouts, Query()]
) -> Page[PayoutView]:
    """Payouts, the oldest first."""
    after = read(asked.cursor, LIST)
    rows = await snapshot.rows(
        PAGE,
        tenant=snapshot.tenant,
        handler=payout_desk.NAME,
        **asked.model_dump(include={"status", "merchant", "route", "troubled"}),
        after=after and after.at,
        after_id=after and after.id,
        limit=asked.limit + 1,
    )
    items = [shown(row) for row in rows]
    return page(items, rows, asked.limit, of=LIST, at="initiated_at", id="payout_id")


@router.get("/{payout_id}")
async def get_payout(
    payout_id: UUID, snapshot: Annotated[Snapshot, Depends(READING)], _: Annotated[Asked, Query()]
) -> PayoutView:
    """One payout, with the open proposal as a second person has to see it."""
    of = {"tenant": snapshot.tenant, "id": payout_id}
    rows = await snapshot.rows(ONE, handler=payout_desk.NAME, **of)
    if not rows:
        raise await snapshot.absent(payout_desk.NAME, payout_id)
    return shown(rows[0])


def shown(row: dict[str, Any]) -> PayoutView:
    open_one = row["proposal_id"] is not None
    names = ("proposal_id", "proposal_action", "proposal_note", "proposed_by", "proposal_shown")
    fields = zip(ProposalView.model_fields, (row[name] for name in names), strict=True)
    return PayoutView(**row, proposal=ProposalView(**dict(fields)) if open_one else None)
