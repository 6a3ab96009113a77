"""What a merchant earns with one order: recognised once, given back in parts, matured, adjusted by two people.

Amounts are decided once, by the decision that makes the event; the ledger posts what stands here.
"""

from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from domain.ids import EarningId, MerchantId, OrderId, ProposalId, RefundId, StatementId
from domain.money import ZERO, Money
from domain.policies import BookPolicy

Cause: TypeAlias = Literal["sale", "verification"]
TakenFrom: TypeAlias = Literal["pending", "payable", "receivable"]
"""Where a reversal finds the merchant's money: not matured (2110), not paid (2120), or paid already (1310)."""


class Amounts(msgspec.Struct, frozen=True):
    """All money of one order, or of a part of it. gross = both coupons + subsidy + points + cash."""

    gross: Money
    merchant_coupon: Money  # what the merchant bears of coupons and subsidies
    platform_coupon: Money
    subsidy: Money  # what the platform adds
    points: Money
    cash: Money  # what the buyer paid
    commission: Money  # without its VAT
    commission_vat: Money
    cost: Money  # self-operated: of the goods
    goods_vat: Money  # self-operated: inside the price

    @property
    def net(self) -> Money:
        """The merchant's share: gross less its coupons, the commission and its VAT."""
        return self.gross - self.merchant_coupon - self.commission - self.commission_vat

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(*(a + b for a, b in zip(self.columns(), other.columns(), strict=True)))

    def __sub__(self, other: "Amounts") -> "Amounts":
        return Amounts(*(a - b for a, b in zip(self.columns(), other.columns(), strict=True)))

    def columns(self) -> tuple[Money, ...]:
        """Every amount, in the order of the fields."""
        return tuple(getattr(self, name) for name in self.__struct_fields__)


NOTHING: Final = Amounts(*(ZERO,) * 10)


class EarningRecognised(msgspec.Struct, frozen=True, tag="earning.recognised.v1"):
    """Units of an order are earned, by their sale or their use: what stands in 2020 is the merchant's now.

    `amounts` are those of these units, less what was given back before; `units` are those of every unit of
    the order as far as nobody was given it back, so that later parts come out of what is stored here.
    """

    earning_id: EarningId
    order_id: OrderId
    merchant_id: MerchantId
    lot: int  # recognitions of one order count from 1
    cause: Cause
    proof: UUID | None  # names the use of a unit; None when the sale itself earns
    first: int  # unit, from 0
    count: int
    amounts: Amounts
    units: tuple[Amounts, ...]
    given_back: Money  # cash of this order that went back before, none of it in `units`
    rate_bp: int  # of the commission, by the tier that was reached
    vat_rate_bp: int
    agreement_version: int
    books: BookPolicy
    matures_at: datetime
    value_at: datetime
    at: datetime


class EarningReversed(msgspec.Struct, frozen=True, tag="earning.reversed.v1"):
    """A refund takes back what was earned: `amounts` leave the merchant and go back to 2020, out of which the
    debt to the buyer (order.refund_owed.v1, the next fact of the same commit) is made.
    """

    earning_id: EarningId
    order_id: OrderId
    merchant_id: MerchantId
    lot: int
    refund_id: RefundId
    amounts: Amounts
    units: tuple[Amounts, ...]  # of every unit of the order, after it
    given_back: Money  # cash of this order that has gone back so far
    taken_from: TakenFrom
    statement_id: StatementId | None  # that shows it; None before it has matured
    books: BookPolicy
    value_at: datetime
    at: datetime


class EarningMatured(msgspec.Struct, frozen=True, tag="earning.matured.v1"):
    """T+N is over: what is left of this lot is payable, and stands on this statement."""

    earning_id: EarningId
    order_id: OrderId
    merchant_id: MerchantId
    lot: int
    amounts: Amounts
    statement_id: StatementId
    books: BookPolicy
    at: datetime


class EarningAdjustmentProposed(msgspec.Struct, frozen=True, tag="earning.adjustment_proposed.v1"):
    """Somebody wants the merchant to get more of this order, or less. `shown` binds what a second one sees."""

    earning_id: EarningId
    order_id: OrderId
    merchant_id: MerchantId
    proposal_id: ProposalId
    amount: Money  # to the merchant; negative: from it
    note: str
    by: str
    shown: str
    at: datetime


class EarningAdjustmentApproved(msgspec.Struct, frozen=True, tag="earning.adjustment_approved.v1"):
    """Another person has seen the same and agrees: it stands on this statement.

    To the merchant it is payable (2120); from the merchant it is receivable (1310), netted at the close.
    """

    earning_id: EarningId
    order_id: OrderId
    merchant_id: MerchantId
    proposal_id: ProposalId
    amount: Money
    statement_id: StatementId
    books: BookPolicy
    by: str
    at: datetime


class EarningAdjustmentDeclined(msgspec.Struct, frozen=True, tag="earning.adjustment_declined.v1"):
    """Nothing is adjusted."""

    earning_id: EarningId
    proposal_id: ProposalId
    note: str
    by: str
    at: datetime


EarningEvent: TypeAlias = (
    EarningRecognised
    | EarningMatured
    | EarningReversed
    | EarningAdjustmentProposed
    | EarningAdjustmentApproved
    | EarningAdjustmentDeclined
)
