"""Earning: recognised once, taken back from where it is, matured in time, adjusted by two people."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain import earning as earnings
from domain import four_eyes
from domain.agreement import Agreement, CommissionRule, Tier
from domain.commission import Price, Rate, total
from domain.earning import EARNING, Sold, Terms
from domain.events.earning import (
    NOTHING,
    EarningAdjustmentApproved,
    EarningAdjustmentDeclined,
    EarningAdjustmentProposed,
    EarningEvent,
    EarningMatured,
    EarningRecognised,
    EarningReversed,
)
from domain.ids import ProposalId, RefundId, StatementId, earning_id, merchant_id
from domain.money import ZERO, Money
from domain.policies import BookPolicy
from tests.builders import DAY, NOON, order
from tests.given import given_for

given = given_for(EARNING)

ID = earning_id(order(1))
MERCHANT = merchant_id("acme", "tea-house")
AT_SALE = BookPolicy(1, "sale", money_mode="platform_collect")
AT_USE = BookPolicy(1, "verification", money_mode="platform_collect")
MONDAY, TUESDAY = (StatementId(UUID(int=n)) for n in (0xA, 0xB))
WISH = ProposalId(UUID(int=0x99))
TERMS = Agreement(
    version=1,
    effective_from=NOON,
    rules=(CommissionRule("", (Tier(ZERO, 1000),)),),
    vat_rate_bp=600,
    settle_days=1,
    period="day",
)


def refund(n: int) -> RefundId:
    return RefundId(UUID(int=0x5000 + n))


def recognise(*history: EarningEvent, books: BookPolicy = AT_SALE, **more: Any) -> Any:
    """Three units for 30.00."""
    back = more.pop("given_back", 0)
    asked: dict[str, Any] = {
        "sold": Sold(order(1), 3, Price(Money(30_00)), Money(back)),
        "terms": Terms(MERCHANT, TERMS, books, Rate(1000, ZERO)),
        "earning_id": ID,
        "proof": None,
        "count": 3,
        "value_at": NOON,
        "at": NOON,
    }
    return earnings.recognise(EARNING.fold(history), **(asked | more))


def reverse(*history: EarningEvent, n: int, back: int, **more: Any) -> Any:
    asked: dict[str, Any] = {
        "refund": refund(n),
        "given_back": Money(back),
        "ends": False,
        "open_statements": {TUESDAY},
        "current": TUESDAY,
        "at": NOON,
    }
    return earnings.reverse(EARNING.fold(history), **(asked | more))


def mature(
    *history: EarningEvent, statement: StatementId = MONDAY, at: datetime = NOON + DAY
) -> tuple[EarningMatured, ...]:
    return earnings.mature(EARNING.fold(history), 1, statement_id=statement, at=at)


def test_a_sale_earns_all_units_once() -> None:
    (earned,) = recognise()
    assert isinstance(earned, EarningRecognised)
    assert (earned.first, earned.count, earned.lot, earned.cause) == (0, 3, 1, "sale")
    assert earned.amounts.net == Money(27_00)
    assert earned.matures_at == NOON + DAY
    assert recognise(earned) == ()


def test_a_policy_that_waits_for_use_earns_nothing_by_the_sale() -> None:
    assert recognise(books=AT_USE) == ()


def test_each_voucher_earns_its_unit_and_is_heard_once() -> None:
    history: tuple[EarningEvent, ...] = ()
    for n in range(3):
        proof = UUID(int=n)
        (earned,) = recognise(*history, books=AT_USE, proof=proof, count=1)
        assert (earned.first, earned.count, earned.cause) == (n, 1, "verification")
        history = (*history, earned)
        assert recognise(*history, books=AT_USE, proof=proof, count=1) == ()
    assert recognise(*history, books=AT_USE, proof=UUID(int=9), count=1) == ()
    lots = [event.amounts for event in history if isinstance(event, EarningRecognised)]
    assert total(lots) == recognise()[0].amounts


def test_what_went_back_before_is_never_earned() -> None:
    (earned,) = recognise(given_back=12_00)
    assert earned.amounts.cash == Money(18_00)
    assert earned.units[2] == NOTHING
    assert recognise(given_back=30_00) == ()


def test_a_refund_takes_unused_units_first() -> None:
    (used,) = recognise(books=AT_USE, proof=UUID(int=1), count=1)
    assert reverse(used, n=1, back=20_00) == ()
    (taken,) = reverse(used, n=2, back=25_00)
    assert (taken.amounts.cash, taken.given_back) == (Money(5_00), Money(25_00))
    assert total(taken.units).cash == Money(5_00)
    assert recognise(used, taken, books=AT_USE, proof=UUID(int=2), count=1, given_back=25_00) == ()


def test_a_reversal_finds_the_money_where_it_is() -> None:
    (earned,) = recognise()
    (pending,) = reverse(earned, n=1, back=10_00)
    assert (pending.taken_from, pending.statement_id) == ("pending", None)
    (matured,) = mature(earned, pending)
    assert matured.amounts == earned.amounts - pending.amounts
    history = (earned, pending, matured)
    (payable,) = reverse(*history, n=2, back=20_00, open_statements={MONDAY, TUESDAY})
    assert (payable.taken_from, payable.statement_id) == ("payable", MONDAY)
    (owed,) = reverse(*history, n=2, back=20_00)
    assert (owed.taken_from, owed.statement_id) == ("receivable", TUESDAY)
    assert reverse(*history, owed, n=2, back=20_00) == ()


def test_the_last_refund_takes_everything() -> None:
    history: tuple[EarningEvent, ...] = recognise()
    gone = []
    for n, back in enumerate((7_77, 15_01, 30_00)):
        (taken,) = reverse(*history, n=n, back=back, ends=back == 30_00)
        assert isinstance(taken, EarningReversed)
        gone.append(taken.amounts)
        history = (*history, taken)
    assert total(gone) == recognise()[0].amounts
    assert mature(*history) == ()


def test_before_anything_is_earned_nothing_is_taken_back() -> None:
    assert reverse(n=1, back=10_00) == ()


def test_it_matures_in_time_and_once() -> None:
    (earned,) = recognise()
    assert mature(earned, at=NOON) == ()
    assert mature() == ()
    (matured,) = mature(earned)
    assert mature(earned, matured, statement=TUESDAY) == ()


def test_only_what_the_platform_holds_for_others_is_paid_out_by_it() -> None:
    (earned,) = recognise()
    split = msgspec.structs.replace(AT_SALE, money_mode="split")
    own = msgspec.structs.replace(AT_SALE, accounting="principal")
    paid = [earnings.to_be_paid(earned.amounts, books) for books in (AT_SALE, split, own)]
    assert paid == [Money(27_00), ZERO, ZERO]
    assert [earnings.matures(books) for books in (AT_SALE, split, own)] == [True, True, False]


def wished() -> tuple[EarningRecognised, EarningAdjustmentProposed]:
    (earned,) = recognise()
    wish: dict[str, Any] = {
        "proposal_id": WISH,
        "amount": Money(-5_00),
        "note": "late",
        "by": "ann",
        "at": NOON,
    }
    (asked,) = earnings.propose_adjustment(EARNING.fold((earned,)), **wish)
    return earned, asked


def agree(asked: EarningAdjustmentProposed, **changes: Any) -> dict[str, Any]:
    usual = {
        "proposal_id": WISH,
        "shown": asked.shown,
        "statement_id": MONDAY,
        "books": AT_SALE,
        "by": "bob",
        "at": NOON,
    }
    return usual | changes


def test_two_people_adjust() -> None:
    earned, asked = wished()
    given(earned, asked).when(earnings.approve_adjustment, **agree(asked)).then(
        EarningAdjustmentApproved(
            earning_id=ID,
            order_id=order(1),
            merchant_id=MERCHANT,
            proposal_id=WISH,
            amount=Money(-5_00),
            statement_id=MONDAY,
            books=AT_SALE,
            by="bob",
            at=NOON,
        )
    )


def test_an_adjustment_is_not_approved_alone_nor_after_a_change() -> None:
    earned, asked = wished()
    approve = earnings.approve_adjustment
    given(earned, asked).when(approve, **agree(asked, by="ann")).rejected(four_eyes.SamePerson)
    changed = (earned, asked, *reverse(earned, n=1, back=1_00))
    given(*changed).when(approve, **agree(asked)).rejected(four_eyes.ProposalStale)


def test_a_declined_adjustment_changes_nothing() -> None:
    earned, asked = wished()
    no = {"proposal_id": WISH, "note": "no", "by": "bob", "at": NOON}
    given(earned, asked).when(earnings.decline_adjustment, **no).then(
        EarningAdjustmentDeclined(ID, WISH, "no", "bob", NOON)
    )


def test_only_what_was_earned_is_adjusted() -> None:
    wish = {"proposal_id": WISH, "amount": Money(1), "note": "", "by": "ann", "at": NOON}
    given().when(earnings.propose_adjustment, **wish).rejected(earnings.EarningNotFound)
