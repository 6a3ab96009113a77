"""What can happen to a correction of the books: proposed by one person, and booked when another agrees.

Nothing in the books is ever changed: a correction is new lines that name the entry they put right.
"""

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.accounts import Code
from domain.ids import CorrectionId, MerchantId, OrderId, RefundId

SideFen: TypeAlias = Annotated[int, Meta(ge=0, le=10**11)]


class CorrectionLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One side; one of the two amounts is zero."""

    account: Code
    sub_key: Annotated[str, Meta(min_length=1, max_length=100, pattern="^[ -~]+$")]
    debit_fen: SideFen
    credit_fen: SideFen


class Correction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one entry ought to have had besides; about the same order, refund and merchant."""

    corrects: UUID  # the id of that entry
    lines: Annotated[tuple[CorrectionLine, ...], Meta(min_length=1, max_length=40)]
    order_id: OrderId | None = None
    refund_id: RefundId | None = None
    merchant_id: MerchantId | None = None


class CorrectionProposed(msgspec.Struct, frozen=True, tag="ledger.correction_proposed.v1"):
    """Somebody wants entries put right. `shown` is the digest of what a second person will see."""

    correction_id: CorrectionId
    corrections: tuple[Correction, ...]
    reason: str
    by: str
    shown: str
    at: datetime


class CorrectionDeclined(msgspec.Struct, frozen=True, tag="ledger.correction_declined.v1"):
    """The books stay as they are."""

    correction_id: CorrectionId
    note: str
    by: str
    at: datetime


class LedgerCorrected(msgspec.Struct, frozen=True, tag="ledger.corrected.v1"):
    """Another person has seen the same and agrees: an entry for each correction, on the day of this decision."""

    correction_id: CorrectionId
    corrections: tuple[Correction, ...]
    reason: str
    proposed_by: str
    by: str
    at: datetime


CorrectionEvent: TypeAlias = CorrectionProposed | CorrectionDeclined | LedgerCorrected
