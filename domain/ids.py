"""Typed identifiers. They are minted from the command that asks (`Tx.id`) and only passed on here."""

from typing import NewType
from uuid import UUID

SkuId = NewType("SkuId", UUID)
PoolId = NewType("PoolId", UUID)
CampaignId = NewType("CampaignId", UUID)
GroupId = NewType("GroupId", UUID)
OrderId = NewType("OrderId", UUID)
PaymentId = NewType("PaymentId", UUID)
RefundId = NewType("RefundId", UUID)
ProposalId = NewType("ProposalId", UUID)
BillId = NewType("BillId", UUID)
BreakId = NewType("BreakId", UUID)
UserId = NewType("UserId", UUID)
MerchantId = NewType("MerchantId", UUID)
StatementId = NewType("StatementId", UUID)
PayoutId = NewType("PayoutId", UUID)
SplitId = NewType("SplitId", UUID)

NIL = UUID(int=0)
