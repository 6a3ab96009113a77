"""Commission: the worked example to the fen, and parts that always add up to the whole."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.agreement import Agreement, CommissionRule, Tier
from domain.commission import (
    UNITS_MAX,
    Price,
    Rate,
    give_back,
    inside,
    rate_of,
    total,
    units,
    whole,
)
from domain.events.earning import NOTHING, Amounts
from domain.money import ZERO, Money
from domain.policies import BookPolicy

AGENT = BookPolicy(version=1)
PRINCIPAL = BookPolicy(version=1, accounting="principal")
TEN_PERCENT = CommissionRule("", (Tier(ZERO, 1000),))


def agreement(**changes: Any) -> Agreement:
    usual = Agreement(
        version=1,
        effective_from=datetime(2026, 1, 1, tzinfo=UTC),
        rules=(TEN_PERCENT,),
        vat_rate_bp=600,
        settle_days=1,
        period="day",
        merchant_coupon_bp=6000,
    )
    return msgspec.structs.replace(usual, **changes)


def worked_example() -> Amounts:
    price = Price(Money(100_00), coupon=Money(20_00), subsidy=Money(5_00), points=Money(5_00))
    terms = agreement()
    rate = rate_of(terms, category="physical", volume=ZERO)
    return whole(price, terms, AGENT, rate)


def test_the_worked_example_comes_out_to_the_fen() -> None:
    assert worked_example() == Amounts(
        gross=Money(100_00),
        merchant_coupon=Money(12_00),
        platform_coupon=Money(8_00),
        subsidy=Money(5_00),
        points=Money(5_00),
        cash=Money(70_00),
        commission=Money(8_30),
        commission_vat=Money(50),
        cost=ZERO,
        goods_vat=ZERO,
    )
    assert worked_example().net == Money(79_20)


def test_goods_of_our_own_have_a_cost_and_their_own_tax_and_no_commission() -> None:
    terms = agreement(cost_bp=6500, goods_vat_bp=1300)
    amounts = whole(Price(Money(113_00)), terms, PRINCIPAL, Rate(1000, ZERO))
    assert (amounts.cost, amounts.goods_vat) == (Money(73_45), Money(13_00))
    assert (amounts.commission, amounts.commission_vat) == (ZERO, ZERO)


@pytest.mark.parametrize(
    ("volume", "rate_bp"), [(0, 1000), (99_999_99, 1000), (100_000_00, 800), (900_000_00, 500)]
)
def test_the_tier_that_the_period_has_reached_is_the_rate_of_the_whole_order(
    volume: int, rate_bp: int
) -> None:
    tiers = (Tier(ZERO, 1000), Tier(Money(100_000_00), 800), Tier(Money(500_000_00), 500))
    rules = (CommissionRule("voucher", (Tier(ZERO, 50),)), CommissionRule("", tiers))
    terms = agreement(rules=rules)
    assert rate_of(terms, category="physical", volume=Money(volume)).rate_bp == rate_bp
    assert rate_of(terms, category="voucher", volume=Money(volume)).rate_bp == 50


def test_a_category_without_a_rule_costs_nothing() -> None:
    terms = agreement(rules=(CommissionRule("voucher", (Tier(ZERO, 50),)),))
    assert rate_of(terms, category="physical", volume=ZERO) == Rate(0, ZERO)


@pytest.mark.parametrize(("gross", "taken"), [(5_00, 2_00), (1_00, 1_00), (100_00, 10_00)])
def test_the_least_commission_never_exceeds_what_it_is_taken_of(gross: int, taken: int) -> None:
    amounts = whole(Price(Money(gross)), agreement(), AGENT, Rate(1000, Money(2_00)))
    assert amounts.commission + amounts.commission_vat == Money(taken)
    assert amounts.commission_vat == inside(Money(taken), 600)


def test_an_order_of_many_units_is_one_lot() -> None:
    assert units(worked_example(), UNITS_MAX + 1) == (worked_example(),)


def test_a_refund_of_whole_units_gives_back_what_is_stored_for_them() -> None:
    stored = units(worked_example(), 3)
    back = give_back(stored, stored[2].cash, order=(2, 1, 0))
    assert back.taken == (NOTHING, NOTHING, stored[2])
    assert back.left == (*stored[:2], NOTHING)


def test_a_refund_of_everything_takes_what_no_cash_was_paid_for() -> None:
    price = Price(Money(10_00), points=Money(10_00))
    stored = units(whole(price, agreement(), AGENT, Rate(1000, ZERO)), 2)
    back = give_back(stored, ZERO, order=(1, 0), everything=True)
    assert total(back.taken) == total(stored)
    assert back.left == (NOTHING, NOTHING)


# --- whatever the numbers are -----------------------------------------------------------------


@st.composite
def orders(draw: st.DrawFn) -> Amounts:
    gross = draw(st.integers(1, 10_000_00))
    coupon = draw(st.integers(0, gross))
    subsidy = draw(st.integers(0, gross - coupon))
    points = draw(st.integers(0, gross - coupon - subsidy))
    terms = agreement(
        merchant_coupon_bp=draw(st.integers(0, 10_000)),
        merchant_subsidy_bp=draw(st.integers(0, 10_000)),
        vat_rate_bp=draw(st.sampled_from([0, 100, 300, 600, 1300])),
        cost_bp=draw(st.integers(0, 10_000)),
        goods_vat_bp=draw(st.sampled_from([600, 900, 1300])),
    )
    rate = Rate(draw(st.integers(0, 10_000)), Money(draw(st.integers(0, 5_00))))
    price = Price(Money(gross), Money(coupon), Money(subsidy), Money(points))
    return whole(price, terms, draw(st.sampled_from([AGENT, PRINCIPAL])), rate)


def sound(amounts: Amounts) -> bool:
    """Nothing below zero, and who pays adds up to what was sold."""
    payers = amounts.merchant_coupon + amounts.platform_coupon + amounts.subsidy + amounts.points
    whole = payers + amounts.cash == amounts.gross
    return whole and all(amount >= ZERO for amount in amounts.columns())


@given(orders(), st.integers(1, 40))
@settings(max_examples=400)
def test_units_add_up_to_the_order_and_each_of_them_is_sound(order: Amounts, count: int) -> None:
    stored = units(order, count)
    assert total(stored) == order
    assert all(sound(unit) for unit in stored)
    assert max(unit.gross for unit in stored) - min(unit.gross for unit in stored) <= Money(1)


@given(orders(), st.integers(1, 9), st.lists(st.integers(1, 4_000_00), max_size=8), st.randoms())
@settings(max_examples=400)
def test_refunds_in_any_parts_add_up_to_one_of_everything(
    order: Amounts, count: int, refunds: list[int], dice: Any
) -> None:
    left = units(order, count)
    way = list(range(len(left)))
    dice.shuffle(way)
    gone: list[Amounts] = []
    for fen in refunds:
        had = total(left).cash
        back = give_back(left, Money(fen), order=way)
        assert all(sound(amounts) for amounts in (*back.taken, *back.left))
        assert total(back.taken).cash == min(had, Money(fen))
        gone += back.taken
        left = back.left
        assert total(gone) + total(left) == order
    last = give_back(left, ZERO, order=way, everything=True)
    assert total(gone) + total(last.taken) == order
    assert total(last.left) == NOTHING
