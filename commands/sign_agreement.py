"""Sign an agreement with a merchant: what is earned from its first day on is settled by it. Asked by: operators."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from commands.fields import Instant
from commands.settling import record_merchant
from commands.use_case import Command, Reply, Stream, Tx, UseCase
from domain import merchant as merchants
from domain.agreement import Agreement, ClawBack, CommissionRule, Period, Share
from domain.ids import MerchantId
from domain.merchant import MERCHANT
from domain.money import ZERO, Money


class SignAgreement(Command, frozen=True):
    """Commission by category and volume, VAT inside it, T+N, the period, shares of coupons, claw-back.

    Without `effective_from` it begins now. Rates and shares are basis points: 600 is 6 %.
    """

    merchant_id: MerchantId
    rules: Annotated[tuple[CommissionRule, ...], Meta(max_length=50)]
    vat_rate_bp: Share
    settle_days: Annotated[int, Meta(ge=0, le=90)]
    period: Period
    effective_from: Instant | None = None
    close_hours: Annotated[int, Meta(ge=0, le=72)] = 10
    merchant_coupon_bp: Share = 0
    merchant_subsidy_bp: Share = 0
    deposit: Money = ZERO
    claw_back: ClawBack = ClawBack()
    cost_bp: Share = 0
    goods_vat_bp: Share = 0


class SignedAgreement(Reply, frozen=True):
    """The version of the agreement that is signed by now, and from when on it holds."""

    merchant_id: MerchantId
    version: int
    effective_from: datetime


def handle(cmd: SignAgreement, tx: Tx) -> SignedAgreement:
    merchant = tx.read(MERCHANT, cmd.merchant_id)
    agreement = Agreement(
        version=0,
        effective_from=cmd.effective_from or tx.at,
        rules=cmd.rules,
        vat_rate_bp=cmd.vat_rate_bp,
        settle_days=cmd.settle_days,
        period=cmd.period,
        close_hours=cmd.close_hours,
        merchant_coupon_bp=cmd.merchant_coupon_bp,
        merchant_subsidy_bp=cmd.merchant_subsidy_bp,
        deposit=cmd.deposit,
        claw_back=cmd.claw_back,
        cost_bp=cmd.cost_bp,
        goods_vat_bp=cmd.goods_vat_bp,
    )
    signed = merchants.sign(merchant, agreement, at=tx.at)
    record_merchant(tx, cmd.merchant_id, signed)
    version = len(merchant.agreements) + len(signed)
    return SignedAgreement(cmd.merchant_id, version, agreement.effective_from)


USE_CASE = UseCase(
    "sign_agreement",
    SignAgreement,
    SignedAgreement,
    handle,
    scope="merchant:write",
    streams=lambda cmd, tx: (Stream(MERCHANT, cmd.merchant_id),),
)
