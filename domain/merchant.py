"""Merchant: whom the platform settles with, on what terms, how its books are kept, and what it owes."""

from datetime import datetime
from itertools import pairwise
from typing import assert_never

import msgspec
from msgspec.structs import replace

from domain import four_eyes
from domain.agreement import Agreement
from domain.decider import Decider
from domain.errors import NotFound, Rejected
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
from domain.events.payout import Route
from domain.events.statement import StatementClosed
from domain.ids import NIL, MerchantId, ProposalId
from domain.money import ZERO, Money
from domain.policies import Accounting, BookPolicy, MoneyMode


class ModeProposal(four_eyes.Proposal, frozen=True):
    """How buyers' money is to be held, and under which custody."""

    mode: MoneyMode
    custody: str = ""


class Merchant(msgspec.Struct):
    """What a decision needs to know, and no more."""

    id: MerchantId = MerchantId(NIL)
    merchant: str = ""
    self_operated: bool = False
    route: Route = "channel_transfer"
    payee: str = ""
    agreements: list[Agreement] = []  # in the order of their versions
    books: BookPolicy = BookPolicy(version=0)
    custody: str = ""  # approved by two people
    proposal: ModeProposal | None = None
    deposit: Money = ZERO
    references: set[str] = set()  # of the bank, for deposits; only ever grows
    owed: Money = ZERO  # by the merchant, since a negative statement
    negatives: int = 0  # statements in a row
    version: int = 0  # events so far


class MerchantNotFound(NotFound, code="merchant_not_found", zh="商家不存在或未入驻"):
    """No merchant with this id was onboarded."""


class MerchantKnown(Rejected, code="merchant_known", zh="商家已入驻，资料不同"):
    """A merchant of this name was onboarded with other particulars."""


class AgreementUnsound(Rejected, code="agreement_unsound", zh="协议条款有误"):
    """Tiers begin at zero and rise, a category has one rule, dunning comes before the deposit; `what` is wrong."""


class AgreementBackdated(Rejected, code="agreement_backdated", zh="协议不能追溯生效"):
    """What was earned was earned on the terms of its day: an agreement begins now or later, after the last."""


class AccountingMismatch(
    Rejected, code="accounting_mismatch", zh="自营须按总额法，其他商家须按净额法"
):
    """Goods of our own are sold as principal, those of others as their agent."""


class UnlicensedCollection(
    Rejected, code="unlicensed_collection", zh="无资质归集资金（二清）：须自营或有存管编号"
):
    """The platform may hold buyers' money only for goods of its own, or under a bank's custody (UNLICENSED_COLLECTION)."""


class MoneyModeUnchanged(Rejected, code="money_mode_unchanged", zh="资金模式未变化"):
    """Buyers' money is held so already."""


class DepositTwice(Rejected, code="deposit_twice", zh="该银行流水号已入账"):
    """A deposit with this reference is booked already."""


# --- decisions ------------------------------------------------------------------------------


def onboard(
    merchant: Merchant,
    *,
    merchant_id: MerchantId,
    name: str,
    title: str,
    self_operated: bool,
    route: Route,
    payee: str,
    by: str,
    at: datetime,
) -> tuple[MerchantEvent, ...]:
    """Settle with it from now on. Books begin in the modes that need no leave."""
    if known(merchant):
        if merchant.self_operated != self_operated:
            raise MerchantKnown
        return ()
    accounting: Accounting = "principal" if self_operated else "agent"
    return (
        MerchantOnboarded(merchant_id, name, title, self_operated, route, payee, at),
        MerchantPolicySet(merchant_id, BookPolicy(1, accounting=accounting), by, at),
    )


def sign(merchant: Merchant, agreement: Agreement, *, at: datetime) -> tuple[MerchantEvent, ...]:
    """Agree on terms. Its version is counted here; `effective_from` may lie ahead."""
    check_known(merchant)
    last = merchant.agreements[-1] if merchant.agreements else None
    signed = replace(agreement, version=last.version + 1 if last else 1)
    if (
        last is not None
        and same_terms(last, signed)
        and last.effective_from <= signed.effective_from
    ):
        return ()
    if what := unsound(agreement):
        raise AgreementUnsound(what=what)
    if agreement.effective_from < (at if last is None else max(at, last.effective_from)):
        raise AgreementBackdated
    return (MerchantAgreementSigned(merchant.id, signed, at),)


def set_policy(
    merchant: Merchant, policy: BookPolicy, *, by: str, at: datetime
) -> tuple[MerchantPolicySet, ...]:
    """Keep the books otherwise from now on. Raises: AccountingMismatch, UnlicensedCollection."""
    check_known(merchant)
    if replace(policy, version=merchant.books.version) == merchant.books:
        return ()
    if (policy.accounting == "principal") != merchant.self_operated:
        raise AccountingMismatch
    if policy.money_mode == "platform_collect" and not may_collect(merchant, merchant.custody):
        raise UnlicensedCollection
    return (next_policy(merchant, policy, by, at),)


def propose_money_mode(
    merchant: Merchant,
    *,
    proposal_id: ProposalId,
    mode: MoneyMode,
    custody: str,
    note: str,
    by: str,
    at: datetime,
) -> tuple[MerchantMoneyModeProposed, ...]:
    """Say who is to hold buyers' money. Raises: MoneyModeUnchanged, UnlicensedCollection."""
    check_known(merchant)
    if four_eyes.again(merchant.proposal, proposal_id):
        return ()
    if mode == merchant.books.money_mode and custody in ("", merchant.custody):
        raise MoneyModeUnchanged
    if mode == "platform_collect" and not may_collect(merchant, custody):
        raise UnlicensedCollection
    what = f"{merchant.books.money_mode} to {mode}"
    shown = four_eyes.digest(str(merchant.id), what, custody, note, by, str(merchant.version))
    return (
        MerchantMoneyModeProposed(merchant.id, proposal_id, mode, custody, note, by, shown, at),
    )


def approve_money_mode(
    merchant: Merchant, *, proposal_id: ProposalId, shown: str, by: str, at: datetime
) -> tuple[MerchantEvent, ...]:
    """Agree, as another person who sees the same. The policy follows at once."""
    check_known(merchant)
    wish = four_eyes.find(merchant.proposal, proposal_id)
    four_eyes.second(wish, shown=shown, by=by, version=merchant.version)
    policy = replace(merchant.books, money_mode=wish.mode)
    return (
        MerchantMoneyModeApproved(merchant.id, proposal_id, wish.mode, wish.custody, by, at),
        next_policy(merchant, policy, by, at),
    )


def decline_money_mode(
    merchant: Merchant, *, proposal_id: ProposalId, note: str, by: str, at: datetime
) -> tuple[MerchantEvent, ...]:
    """Turn it down, also one's own."""
    check_known(merchant)
    four_eyes.find(merchant.proposal, proposal_id)
    return (MerchantMoneyModeDeclined(merchant.id, proposal_id, note, by, at),)


def receive_deposit(
    merchant: Merchant, *, amount: Money, reference: str, by: str, at: datetime
) -> tuple[MerchantEvent, ...]:
    """Book a deposit that arrived at the bank, once. Raises: DepositTwice."""
    check_known(merchant)
    if reference in merchant.references:
        raise DepositTwice
    return (MerchantDepositReceived(merchant.id, amount, reference, by, at),)


def follow_close(
    merchant: Merchant, agreement: Agreement, closed: StatementClosed, *, at: datetime
) -> tuple[MerchantEvent, ...]:
    """What a closed statement entails: what is owed runs on; in a row, dunning, then the deposit."""
    owed, statement = closed.carried_out, closed.statement_id
    if owed == ZERO:
        if merchant.owed == ZERO and not merchant.negatives:
            return ()
        return (MerchantCarried(merchant.id, statement, ZERO, 0, at),)
    negatives, policy = merchant.negatives + 1, agreement.claw_back
    events: list[MerchantEvent] = []
    if negatives >= policy.dun_after:
        events.append(MerchantDunned(merchant.id, statement, owed, negatives, at))
    used = min(owed, merchant.deposit)
    if policy.deposit_after and negatives >= policy.deposit_after and used > ZERO:
        events.append(MerchantDepositUsed(merchant.id, statement, used, closed.books, at))
        owed -= used
    row = negatives if owed > ZERO else 0
    return (*events, MerchantCarried(merchant.id, statement, owed, row, at))


# --- parts of decisions ---------------------------------------------------------------------


def known(merchant: Merchant) -> bool:
    """Was it onboarded?"""
    return merchant.id != NIL


def check_known(merchant: Merchant) -> None:
    """Raises: MerchantNotFound."""
    if not known(merchant):
        raise MerchantNotFound


def in_force(merchant: Merchant, at: datetime) -> Agreement | None:
    """The terms of what is earned at this instant; None while nothing is agreed on."""
    begun = [one for one in merchant.agreements if one.effective_from <= at]
    return begun[-1] if begun else None


def may_collect(merchant: Merchant, custody: str) -> bool:
    """Goods of our own, or a bank that keeps the money: everything else is collecting without a licence."""
    return merchant.self_operated or custody != ""


def next_policy(merchant: Merchant, policy: BookPolicy, by: str, at: datetime) -> MerchantPolicySet:
    numbered = replace(policy, version=merchant.books.version + 1)
    return MerchantPolicySet(merchant.id, numbered, by, at)


def unsound(agreement: Agreement) -> str:
    """What is wrong with these terms; "" when nothing is."""
    categories = [rule.category for rule in agreement.rules]
    if len(set(categories)) != len(categories):
        return "categories"
    for rule in agreement.rules:
        volumes = [tier.from_volume for tier in rule.tiers]
        if volumes[0] != ZERO or any(a >= b for a, b in pairwise(volumes)):
            return f"tiers of {rule.category or 'all'}"
    policy = agreement.claw_back
    if policy.dun_after < 1 or 0 < policy.deposit_after < policy.dun_after:
        return "claw_back"
    return ""


def same_terms(one: Agreement, other: Agreement) -> bool:
    """Do they differ in nothing but number and day?"""
    return one == replace(other, version=one.version, effective_from=one.effective_from)


# --- evolution ------------------------------------------------------------------------------


def evolve(merchant: Merchant, event: MerchantEvent) -> Merchant:
    """Believe the event. No rule is checked here, so history replays under any future rule."""
    merchant.version += 1
    match event:
        case MerchantOnboarded():
            merchant.id, merchant.merchant = event.merchant_id, event.merchant
            merchant.self_operated = event.self_operated
            merchant.route, merchant.payee = event.route, event.payee
        case MerchantAgreementSigned():
            merchant.agreements.append(event.agreement)
        case MerchantPolicySet():
            merchant.books = event.policy
        case MerchantMoneyModeProposed():
            merchant.proposal = ModeProposal(
                event.proposal_id,
                event.by,
                event.shown,
                merchant.version,
                event.mode,
                event.custody,
            )
        case MerchantMoneyModeApproved():
            merchant.proposal = None
            merchant.custody = event.custody or merchant.custody
        case MerchantMoneyModeDeclined():
            merchant.proposal = None
        case MerchantDepositReceived():
            merchant.deposit += event.amount
            merchant.references.add(event.reference)
        case MerchantDepositUsed():
            merchant.deposit -= event.amount
        case MerchantCarried():
            merchant.owed, merchant.negatives = event.amount, event.negatives
        case MerchantDunned():
            pass  # for people and their letters
        case _:
            assert_never(event)
    return merchant


MERCHANT: Decider[Merchant, MerchantEvent] = Decider("merchant", Merchant, MerchantEvent, evolve)
