"""What a merchant earned with one order, as the API shows it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel


class LotView(BaseModel):
    """Units that were earned together. `amounts` and `reversed` are fen by name; the rate says why the commission."""

    merchant_id: UUID
    lot: int
    cause: str
    first: int
    count: int
    amounts: dict[str, int]
    reversed: dict[str, int]
    net_fen: int
    due_fen: int
    rate_bp: int
    vat_rate_bp: int
    agreement_version: int
    books: dict[str, Any]
    recognised_at: datetime
    matures_at: datetime
    statement_id: UUID | None


class AdjustmentView(BaseModel):
    """What somebody wants adjusted. Who approves it sends `shown` back, and is another person."""

    proposal_id: UUID
    amount_fen: int
    note: str
    by: str
    shown: str
    proposed_at: datetime
    decided: str | None
    decided_by: str | None
    decided_at: datetime | None
    statement_id: UUID | None


class EarningFile(BaseModel):
    """What a merchant earned with one order, lot by lot, and what was adjusted."""

    order_id: UUID
    lots: list[LotView]
    adjustments: list[AdjustmentView]
