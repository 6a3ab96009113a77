"""What can happen to a merchant whose money the platform settles."""

from datetime import datetime
from typing import TypeAlias

import msgspec

from domain.agreement import Agreement
from domain.events.payout import Route
from domain.ids import MerchantId, ProposalId, StatementId
from domain.money import Money
from domain.policies import BookPolicy, MoneyMode


class MerchantOnboarded(msgspec.Struct, frozen=True, tag="merchant.onboarded.v1"):
    """The platform settles with this merchant from now on: what it sells is earned, stated and paid."""

    merchant_id: MerchantId
    merchant: str  # as SKUs name it
    name: str
    self_operated: bool  # 自营: the platform sells goods of its own under this name
    route: Route  # of payouts to it
    payee: str  # the account in the words of its route, sealed under the merchant's key
    at: datetime


class MerchantAgreementSigned(msgspec.Struct, frozen=True, tag="merchant.agreement_signed.v1"):
    """Terms of settlement, for what is earned from `agreement.effective_from` on."""

    merchant_id: MerchantId
    agreement: Agreement
    at: datetime


class MerchantPolicySet(msgspec.Struct, frozen=True, tag="merchant.policy_set.v1"):
    """The books of this merchant are kept under this policy, for what is earned from now on."""

    merchant_id: MerchantId
    policy: BookPolicy
    by: str
    at: datetime


class MerchantMoneyModeProposed(msgspec.Struct, frozen=True, tag="merchant.money_mode_proposed.v1"):
    """Somebody wants buyers' money held otherwise. `shown` is the digest of what a second one will see."""

    merchant_id: MerchantId
    proposal_id: ProposalId
    mode: MoneyMode
    custody: str  # reference of the bank's custody agreement; "" when none is needed
    note: str
    by: str
    shown: str
    at: datetime


class MerchantMoneyModeApproved(msgspec.Struct, frozen=True, tag="merchant.money_mode_approved.v1"):
    """Another person has seen the same and agrees; the policy that follows is set in the same breath."""

    merchant_id: MerchantId
    proposal_id: ProposalId
    mode: MoneyMode
    custody: str
    by: str
    at: datetime


class MerchantMoneyModeDeclined(msgspec.Struct, frozen=True, tag="merchant.money_mode_declined.v1"):
    """Buyers' money stays where it is held."""

    merchant_id: MerchantId
    proposal_id: ProposalId
    note: str
    by: str
    at: datetime


class MerchantDepositReceived(msgspec.Struct, frozen=True, tag="merchant.deposit_received.v1"):
    """Money of the merchant arrived on our bank account, kept for what refunds may leave it owing."""

    merchant_id: MerchantId
    amount: Money
    reference: str  # of the bank
    by: str
    at: datetime


class MerchantDepositUsed(msgspec.Struct, frozen=True, tag="merchant.deposit_used.v1"):
    """The deposit pays a part of what the merchant owes since a negative statement."""

    merchant_id: MerchantId
    statement_id: StatementId
    amount: Money
    books: BookPolicy
    at: datetime


class MerchantCarried(msgspec.Struct, frozen=True, tag="merchant.carried.v1"):
    """What the merchant owes after a statement, to be taken out of the next; zero when nothing is left."""

    merchant_id: MerchantId
    statement_id: StatementId
    amount: Money  # owed by the merchant, never negative
    negatives: int  # statements in a row that ended below zero
    at: datetime


class MerchantDunned(msgspec.Struct, frozen=True, tag="merchant.dunned.v1"):
    """Statements in a row ended below zero: the merchant is asked to pay."""

    merchant_id: MerchantId
    statement_id: StatementId
    amount: Money
    negatives: int
    at: datetime


MerchantEvent: TypeAlias = (
    MerchantOnboarded
    | MerchantAgreementSigned
    | MerchantPolicySet
    | MerchantMoneyModeProposed
    | MerchantMoneyModeApproved
    | MerchantMoneyModeDeclined
    | MerchantDepositReceived
    | MerchantDepositUsed
    | MerchantCarried
    | MerchantDunned
)
