"""What became of the payout of a statement. The statements and their lines are in `merchant_statements.py`."""

from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

import msgspec

from domain.events.payout import (
    PayoutAccepted,
    PayoutAwaitingConfirmation,
    PayoutConfirmed,
    PayoutEscalated,
    PayoutEvent,
    PayoutFailed,
    PayoutInitiated,
    PayoutReissued,
    PayoutReturned,
)
from projections.recorded import Recorded

PAYOUTS_TABLE: LiteralString = """
create table statement_payouts_v1 (
  payout_id    uuid        primary key,
  tenant       text        not null,
  statement_id uuid        not null,
  merchant_id  uuid        not null,
  amount_fen   bigint      not null,
  route        text        not null,               -- channel_transfer, bank_file
  status       text        not null,               -- initiated, accepted, awaiting_payee, confirmed, failed, returned
  needs_people boolean     not null,
  initiated_at timestamptz not null,
  confirmed_at timestamptz,                        -- by the channel's or the bank's clock
  position     bigint      not null
) with (fillfactor = 50);
create index on statement_payouts_v1 (tenant, statement_id);
create index on statement_payouts_v1 (tenant, merchant_id) where confirmed_at is null;
select read.tenants_apart('statement_payouts_v1');"""

LOAD_PAYOUTS: LiteralString = "select * from statement_payouts_v1 where payout_id = any(%s)"
SAVE_PAYOUTS: LiteralString = """
insert into statement_payouts_v1 select * from json_populate_recordset(null::statement_payouts_v1, %s::json)
on conflict (payout_id) do update set
  (route, status, needs_people, confirmed_at, position) = (
  select n.route, n.status, n.needs_people, n.confirmed_at, n.position from (select excluded.*) n)"""

SAYS: Final[dict[type[PayoutEvent], str]] = {
    PayoutAccepted: "accepted",
    PayoutAwaitingConfirmation: "awaiting_payee",
    PayoutConfirmed: "confirmed",
    PayoutFailed: "failed",
    PayoutReturned: "returned",
    PayoutReissued: "initiated",
}


class Payout(msgspec.Struct):
    """The columns, in order."""

    payout_id: UUID
    tenant: str
    statement_id: UUID
    merchant_id: UUID
    amount_fen: int
    route: str
    status: str
    needs_people: bool
    initiated_at: datetime
    confirmed_at: datetime | None = None
    position: int = 0


def paid(payout: Payout | None, one: Recorded) -> Payout:
    """The payout after this event."""
    event: PayoutEvent = one.event
    if isinstance(event, PayoutInitiated):
        payout = begin(event, one.tenant)
    assert payout is not None
    payout.position = one.position
    if isinstance(event, PayoutEscalated):
        payout.needs_people = True
    if type(event) in SAYS:
        payout.status, payout.needs_people = SAYS[type(event)], False
    if isinstance(event, PayoutConfirmed):
        payout.confirmed_at = event.confirmed_at
    elif isinstance(event, PayoutReturned | PayoutReissued):
        payout.confirmed_at = None
    if isinstance(event, PayoutReissued):
        payout.route = event.route
    return payout


def begin(event: PayoutInitiated, tenant: str) -> Payout:
    return Payout(
        payout_id=event.payout_id,
        tenant=tenant,
        statement_id=event.statement_id,
        merchant_id=event.merchant_id,
        amount_fen=event.amount.fen,
        route=event.route,
        status="initiated",
        needs_people=False,
        initiated_at=event.at,
    )
