"""Who is settled with, on what terms, how are its books kept, and what does it owe? One row a merchant."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString, TypeAlias, assert_never
from uuid import UUID

import msgspec

from domain.events.merchant import (
    MerchantAgreementSigned,
    MerchantCarried,
    MerchantDepositReceived,
    MerchantDepositUsed,
    MerchantDunned,
    MerchantEvent,
    MerchantMoneyModeApproved,
    MerchantMoneyModeDeclined,
    MerchantMoneyModeProposed,
    MerchantOnboarded,
    MerchantPolicySet,
)
from projections.recorded import Projection, Recorded, Tx, load, save

NAME: Final = "merchants_v1"

TABLE: LiteralString = """
create table merchants_v1 (
  merchant_id    uuid        primary key,
  tenant         text        not null,
  merchant       text        not null,             -- as SKUs name it
  name           text        not null,
  self_operated  boolean     not null,
  route          text        not null,             -- of payouts: channel_transfer, bank_file
  onboarded_at   timestamptz not null,
  agreements     jsonb       not null,             -- every version, as it was signed
  books          jsonb       not null,             -- the policy that stands
  custody        text        not null,             -- the bank's reference; '' without
  deposit_fen    bigint      not null,
  owed_fen       bigint      not null,             -- by the merchant, since a negative statement
  negatives      integer     not null,             -- statements in a row below zero
  dunned_at      timestamptz,                      -- while something is owed
  proposal       jsonb,                            -- the open one, as a second person has to see it
  position       bigint      not null
) with (fillfactor = 70);
create unique index on merchants_v1 (tenant, merchant_id);
select read.tenants_apart('merchants_v1')"""

LOAD: LiteralString = "select * from merchants_v1 where merchant_id = any(%s)"
SAVE: LiteralString = """
insert into merchants_v1 select * from json_populate_recordset(null::merchants_v1, %s::json)
on conflict (merchant_id) do update set
  (agreements, books, custody, deposit_fen, owed_fen, negatives, dunned_at, proposal, position) = (
  select n.agreements, n.books, n.custody, n.deposit_fen, n.owed_fen, n.negatives, n.dunned_at, n.proposal,
   n.position from (select excluded.*) n)"""

Interest: TypeAlias = MerchantEvent


class Merchant(msgspec.Struct):
    """The columns, in order."""

    merchant_id: UUID
    tenant: str
    merchant: str
    name: str
    self_operated: bool
    route: str
    onboarded_at: datetime
    agreements: list[Any] = []
    books: dict[str, Any] = {}
    custody: str = ""
    deposit_fen: int = 0
    owed_fen: int = 0
    negatives: int = 0
    dunned_at: datetime | None = None
    proposal: dict[str, Any] | None = None
    position: int = 0


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Load the merchants these events are about, fold, write them back."""
    fresh = {one.stream for one in batch if isinstance(one.event, MerchantOnboarded)}
    merchants = await load(tx, LOAD, Merchant, {one.stream for one in batch} - fresh)
    for one in batch:
        if isinstance(one.event, MerchantOnboarded):
            merchants[one.stream] = begin(one.event, one.tenant)
        fold(merchants[one.stream], one.event)
        merchants[one.stream].position = one.position
    await save(tx, SAVE, merchants.values())


def begin(event: MerchantOnboarded, tenant: str) -> Merchant:
    return Merchant(
        merchant_id=event.merchant_id,
        tenant=tenant,
        merchant=event.merchant,
        name=event.name,
        self_operated=event.self_operated,
        route=event.route,
        onboarded_at=event.at,
    )


def fold(merchant: Merchant, event: MerchantEvent) -> None:
    match event:
        case MerchantOnboarded():
            pass  # made by `begin`
        case MerchantAgreementSigned():
            merchant.agreements.append(msgspec.to_builtins(event.agreement))
        case MerchantPolicySet():
            merchant.books = msgspec.to_builtins(event.policy)
        case MerchantMoneyModeProposed():
            merchant.proposal = {
                "id": str(event.proposal_id),
                "mode": event.mode,
                "custody": event.custody,
                "note": event.note,
                "by": event.by,
                "shown": event.shown,
                "at": event.at.isoformat(),
            }
        case MerchantMoneyModeApproved():
            merchant.proposal = None
            merchant.custody = event.custody or merchant.custody
        case MerchantMoneyModeDeclined():
            merchant.proposal = None
        case MerchantDepositReceived():
            merchant.deposit_fen += event.amount.fen
        case MerchantDepositUsed():
            merchant.deposit_fen -= event.amount.fen
        case MerchantCarried():
            merchant.owed_fen, merchant.negatives = event.amount.fen, event.negatives
            merchant.dunned_at = merchant.dunned_at if event.amount.fen else None
        case MerchantDunned():
            merchant.dunned_at = event.at
        case _:
            assert_never(event)


PROJECTION = Projection(NAME, ("merchants_v1",), TABLE, Interest, project, parks=True)
