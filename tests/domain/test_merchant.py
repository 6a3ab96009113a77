"""Merchant: onboarding, agreements, how books are kept, who may hold buyers' money, what is owed."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain import four_eyes
from domain import merchant as merchants
from domain.agreement import Agreement, ClawBack, CommissionRule, Tier
from domain.events.earning import NOTHING
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
from domain.events.statement import StatementClosed
from domain.ids import ProposalId, StatementId, merchant_id
from domain.merchant import MERCHANT
from domain.money import ZERO, Money
from domain.policies import BookPolicy
from tests.builders import DAY, NOON
from tests.given import given_for

given = given_for(MERCHANT)

TEA_HOUSE = merchant_id("acme", "tea-house")
STATEMENT = StatementId(UUID(int=0x57))
WISH = ProposalId(UUID(int=0x99))
WHO = {
    "merchant_id": TEA_HOUSE,
    "name": "tea-house",
    "title": "春茶坊",
    "route": "bank_file",
    "payee": "sealed",
    "by": "ann",
    "at": NOON,
}
AGENT = BookPolicy(1)
ONBOARDED = (
    MerchantOnboarded(TEA_HOUSE, "tea-house", "春茶坊", False, "bank_file", "sealed", NOON),
    MerchantPolicySet(TEA_HOUSE, AGENT, "ann", NOON),
)
OWN = (
    MerchantOnboarded(TEA_HOUSE, "tea-house", "春茶坊", True, "bank_file", "sealed", NOON),
    MerchantPolicySet(TEA_HOUSE, BookPolicy(1, accounting="principal"), "ann", NOON),
)


def agreement(**changes: Any) -> Agreement:
    usual = Agreement(
        version=0,
        effective_from=NOON,
        rules=(CommissionRule("", (Tier(ZERO, 1000),)),),
        vat_rate_bp=600,
        settle_days=1,
        period="day",
    )
    return msgspec.structs.replace(usual, **changes)


def signed(version: int, **changes: Any) -> MerchantAgreementSigned:
    return MerchantAgreementSigned(TEA_HOUSE, agreement(version=version, **changes), NOON)


def test_a_merchant_begins_in_the_modes_that_need_no_leave() -> None:
    given().when(merchants.onboard, self_operated=False, **WHO).then(*ONBOARDED)
    given().when(merchants.onboard, self_operated=True, **WHO).then(*OWN)


def test_who_is_known_is_not_onboarded_as_somebody_else() -> None:
    given(*ONBOARDED).when(merchants.onboard, self_operated=True, **WHO).rejected(
        merchants.MerchantKnown
    )


def test_agreements_count_from_one_and_never_reach_back() -> None:
    first = given(*ONBOARDED).when(merchants.sign, agreement=agreement(), at=NOON)
    first.then(signed(1))
    later = agreement(settle_days=7, effective_from=NOON + DAY)
    given(*ONBOARDED, signed(1)).when(merchants.sign, agreement=later, at=NOON).then(
        signed(2, settle_days=7, effective_from=NOON + DAY)
    )
    for past in (NOON - DAY, NOON + DAY):
        back = given(*ONBOARDED, signed(1, effective_from=NOON + 2 * DAY))
        terms = agreement(settle_days=3, effective_from=past)
        back.when(merchants.sign, agreement=terms, at=NOON).rejected(merchants.AgreementBackdated)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"rules": (CommissionRule("", (Tier(Money(1), 1),)),)}, "tiers of all"),
        ({"rules": (CommissionRule("x", (Tier(ZERO, 1), Tier(ZERO, 2))),)}, "tiers of x"),
        ({"rules": (CommissionRule("x", (Tier(ZERO, 1),)),) * 2}, "categories"),
        ({"claw_back": ClawBack(0, 3)}, "claw_back"),
        ({"claw_back": ClawBack(3, 2)}, "claw_back"),
    ],
)
def test_terms_that_contradict_themselves_are_not_signed(changes: Any, what: str) -> None:
    terms = agreement(**changes)
    given(*ONBOARDED).when(merchants.sign, agreement=terms, at=NOON).rejected(
        merchants.AgreementUnsound, what=what
    )


def test_the_agreement_of_the_day_is_in_force() -> None:
    later = signed(2, settle_days=7, effective_from=NOON + DAY)
    merchant = MERCHANT.fold((*ONBOARDED, signed(1), later))
    assert merchants.in_force(merchant, NOON - DAY) is None
    for at, version in ((NOON, 1), (NOON + DAY, 2)):
        found = merchants.in_force(merchant, at)
        assert found is not None
        assert found.version == version


def test_books_are_kept_as_principal_for_own_goods_and_as_agent_for_others() -> None:
    principal, agent = BookPolicy(0, "sale", "expense", "principal"), BookPolicy(0, "sale")
    for history, policy in ((ONBOARDED, principal), (OWN, agent)):
        given(*history).when(merchants.set_policy, policy=policy, by="ann", at=NOON).rejected(
            merchants.AccountingMismatch
        )
    contra = BookPolicy(0, "sale", "contra_revenue")
    given(*ONBOARDED).when(merchants.set_policy, policy=contra, by="ann", at=NOON).then(
        MerchantPolicySet(TEA_HOUSE, BookPolicy(2, "sale", "contra_revenue"), "ann", NOON)
    )


def test_collecting_for_others_without_custody_is_unlicensed() -> None:
    collect = BookPolicy(0, money_mode="platform_collect")
    given(*ONBOARDED).when(merchants.set_policy, policy=collect, by="ann", at=NOON).rejected(
        merchants.UnlicensedCollection
    )
    given(*ONBOARDED).when(merchants.propose_money_mode, **wish(custody="")).rejected(
        merchants.UnlicensedCollection
    )


def test_own_goods_may_be_collected_for() -> None:
    collect = BookPolicy(0, accounting="principal", money_mode="platform_collect")
    numbered = msgspec.structs.replace(collect, version=2)
    given(*OWN).when(merchants.set_policy, policy=collect, by="ann", at=NOON).then(
        MerchantPolicySet(TEA_HOUSE, numbered, "ann", NOON)
    )


def test_two_people_let_the_platform_hold_the_money_under_a_banks_custody() -> None:
    asked = proposed()
    given(*ONBOARDED).when(merchants.propose_money_mode, **wish()).then(asked)
    given(*ONBOARDED, asked).when(merchants.approve_money_mode, **agree(asked)).then(
        MerchantMoneyModeApproved(TEA_HOUSE, WISH, "platform_collect", "CUSTODY-1", "bob", NOON),
        MerchantPolicySet(TEA_HOUSE, BookPolicy(2, money_mode="platform_collect"), "bob", NOON),
    )


def test_nobody_approves_alone_nor_what_has_changed() -> None:
    asked = proposed()
    approve = merchants.approve_money_mode
    given(*ONBOARDED, asked).when(approve, **agree(asked, by="ann")).rejected(four_eyes.SamePerson)
    given(*ONBOARDED, asked).when(approve, **agree(asked, shown="0")).rejected(
        four_eyes.ProposalStale
    )
    given(*ONBOARDED, asked, signed(1)).when(approve, **agree(asked)).rejected(
        four_eyes.ProposalStale
    )
    other = ProposalId(UUID(int=1))
    given(*ONBOARDED, asked).when(approve, **agree(asked, proposal_id=other)).rejected(
        four_eyes.ProposalUnknown
    )
    given(*ONBOARDED, asked).when(merchants.propose_money_mode, **wish(proposal_id=other)).rejected(
        four_eyes.ProposalPending
    )


def test_a_declined_mode_changes_nothing() -> None:
    asked = proposed()
    no = {"proposal_id": WISH, "note": "no contract", "by": "bob", "at": NOON}
    declined = MerchantMoneyModeDeclined(TEA_HOUSE, WISH, "no contract", "bob", NOON)
    given(*ONBOARDED, asked).when(merchants.decline_money_mode, **no).then(declined)
    assert MERCHANT.fold((*ONBOARDED, asked, declined)).books == AGENT


def test_a_mode_that_stands_is_not_proposed() -> None:
    given(*ONBOARDED).when(merchants.propose_money_mode, **wish(mode="split", custody="")).rejected(
        merchants.MoneyModeUnchanged
    )


def test_a_deposit_is_booked_once_for_each_reference_of_the_bank() -> None:
    deposit = {"amount": Money(100_00), "reference": "B-1", "by": "ann", "at": NOON}
    received = MerchantDepositReceived(TEA_HOUSE, Money(100_00), "B-1", "ann", NOON)
    given(*ONBOARDED).when(merchants.receive_deposit, **deposit).then(received)
    given(*ONBOARDED, received).when(merchants.receive_deposit, **deposit).rejected(
        merchants.DepositTwice
    )


def test_a_stranger_is_not_settled_with() -> None:
    deposit = {"amount": Money(1), "reference": "B-1", "by": "ann", "at": NOON}
    given().when(merchants.receive_deposit, **deposit).rejected(merchants.MerchantNotFound)


def test_what_is_owed_runs_on_then_is_dunned_for_then_the_deposit_pays() -> None:
    deposit = MerchantDepositReceived(TEA_HOUSE, Money(50), "B-1", "ann", NOON)
    history: tuple[MerchantEvent, ...] = (*ONBOARDED, deposit)
    told = []
    for owed in (70, 70, 70, 20):
        merchant = MERCHANT.fold(history)
        events = merchants.follow_close(merchant, agreement(), closed(owed), at=NOON)
        told.append(events)
        history += events
    used = MerchantDepositUsed(TEA_HOUSE, STATEMENT, Money(50), AGENT, NOON)
    assert told == [
        (carried(70, 1),),
        (dunned(70, 2), carried(70, 2)),
        (dunned(70, 3), used, carried(20, 3)),
        (dunned(20, 4), carried(20, 4)),
    ]
    over = merchants.follow_close(MERCHANT.fold(history), agreement(), closed(0), at=NOON)
    assert over == (carried(0, 0),)
    calm = MERCHANT.fold((*history, *over))
    assert merchants.follow_close(calm, agreement(), closed(0), at=NOON) == ()


def wish(**changes: Any) -> dict[str, Any]:
    usual = {
        "proposal_id": WISH,
        "mode": "platform_collect",
        "custody": "CUSTODY-1",
        "note": "",
        "by": "ann",
        "at": NOON,
    }
    return usual | changes


def proposed() -> MerchantMoneyModeProposed:
    (asked,) = merchants.propose_money_mode(MERCHANT.fold(ONBOARDED), **wish())
    return asked


def agree(asked: MerchantMoneyModeProposed, **changes: Any) -> dict[str, Any]:
    return {"proposal_id": WISH, "shown": asked.shown, "by": "bob", "at": NOON} | changes


def closed(owed: int) -> StatementClosed:
    return StatementClosed(
        statement_id=STATEMENT,
        merchant_id=TEA_HOUSE,
        period="2026-06-01",
        lines=0,
        root="",
        totals=NOTHING,
        net=ZERO,
        carried_in=ZERO,
        netted=ZERO,
        payable=ZERO,
        carried_out=Money(owed),
        books=AGENT,
        at=NOON,
    )


def carried(fen: int, row: int) -> MerchantCarried:
    return MerchantCarried(TEA_HOUSE, STATEMENT, Money(fen), row, NOON)


def dunned(fen: int, row: int) -> MerchantDunned:
    return MerchantDunned(TEA_HOUSE, STATEMENT, Money(fen), row, NOON)
