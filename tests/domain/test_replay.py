"""A month told again under another policy or agreement is what would have happened under it.

The oracle is the world itself: the same customers do the same again where the other terms hold.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.agreement import Agreement, CommissionRule, Tier
from domain.correction import check
from domain.events.correction import LedgerCorrected
from domain.events.earning import EarningAdjustmentApproved, EarningEvent, EarningRecognised
from domain.events.merchant import MerchantAgreementSigned
from domain.events.order import OrderReadied
from domain.events.statement import StatementLineAdded
from domain.ids import CorrectionId, EarningId, MerchantId, OrderId, ProposalId, StatementId
from domain.ledger import day, postings
from domain.money import ZERO, Money
from domain.policies import BookPolicy
from domain.replay import Change, Fact, Replay, Replayable, Sale
from tests.architecture.books import WORKED
from tests.builders import NOON, ann
from tests.in_memory import Cell
from tests.settlement import TEN_PERCENT, Finance
from tests.shop import Shop

ID_ONE = UUID(int=1)
BOOKS = BookPolicy(version=1, money_mode="platform_collect")
MONTH = date(2026, 6, 1), date(2026, 7, 1)
FIVE = (CommissionRule("", (Tier(ZERO, 500),), minimum=Money(50)),)
TIERS = (CommissionRule("", (Tier(ZERO, 1500), Tier(Money(20_00), 300))),)
Sales = list[tuple[int, int]]
"""Units of each order, and fen of it that go back."""

WORLD: Sales = [(3, 700), (2, 0), (1, 1290), (3, 1500)]
sales = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 1290)), min_size=1, max_size=4)


def lived(orders: Sales, **agreement: Any) -> Finance:
    """Orders are sold and earned; then some goes back, before it is due, before it is paid, or afterwards."""
    shop = Shop(Cell(), per_user_limit=100, max_quantity=3)
    finance = Finance(shop.cell, shop)
    finance.signs(**agreement)
    finance.collects()
    for nth, (units, back) in enumerate(orders):
        placed = shop.buys_alone(ann, units)
        shop.pays(placed.order_id)
        finance.earns(placed.order_id)
        finance.waits(nth % 3)
        if back:
            finance.refunds(placed.order_id, back)
    finance.waits(3)
    return finance


def agreement_of(finance: Finance) -> Agreement:
    (signed,) = finance.cell.happened(MerchantAgreementSigned)
    agreement: Agreement = signed.agreement
    return agreement


def facts(finance: Finance) -> dict[OrderId, list[Fact]]:
    found: dict[OrderId, list[Fact]] = {}
    for position, one in enumerate(finance.cell.log, 1):
        if isinstance(one.event, get_args(Replayable)):
            found.setdefault(one.event.order_id, []).append(Fact(one.stream, position, one.event))
    return found


def replayed(finance: Finance, change: Change) -> Replay:
    lines = finance.cell.happened(StatementLineAdded)

    def volume(event: EarningRecognised) -> Money:
        return sum((line.amounts.gross for line in lines if on_page(line, event)), ZERO)

    def on_page(line: StatementLineAdded, event: EarningRecognised) -> bool:
        return line.at <= event.at and day(line.at) == day(event.at)

    replay = Replay(*MONTH, change, volume)
    readied = {it.order_id: day(it.at) for it in finance.cell.happened(OrderReadied)}
    for order_id, of_one in facts(finance).items():
        replay.tell(of_one, Sale("physical", readied[order_id]))
    return replay


def sums(events: Iterable[Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for event in events:
        for entry in postings(event):
            for line in entry.lines:
                found[line.account] += line.debit_fen - line.credit_fen
    return found


def earned(finance: Finance) -> list[EarningEvent]:
    return finance.cell.happened(*get_args(Replayable))


def told(finance: Finance, replay: Replay) -> Counter[str]:
    """What is booked, with what differs."""
    found = sums(earned(finance))
    for it in replay.differences():
        found[it.account] += it.told_fen - it.booked_fen
    return found


def same(one: Counter[str], other: Counter[str]) -> bool:
    return all(one[account] == other[account] for account in one.keys() | other.keys())


# --- as it would have been ------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(sales)
def test_another_agreement_is_told_as_it_would_have_been(orders: Sales) -> None:
    would = lived(orders, rules=FIVE, vat_rate_bp=300)
    signed = agreement_of(would)
    finance = lived(orders, rules=TEN_PERCENT)
    replay = replayed(finance, Change(agreement=signed))
    assert same(told(finance, replay), sums(earned(would)))


@pytest.mark.parametrize("rules", [FIVE, TIERS])
def test_tiers_and_minimums_are_those_of_the_other_agreement(rules: Any) -> None:
    would = lived(WORLD, rules=rules)
    signed = agreement_of(would)
    finance = lived(WORLD, rules=TEN_PERCENT)
    replay = replayed(finance, Change(agreement=signed))
    assert replay.differences()
    assert same(told(finance, replay), sums(earned(would)))


def test_another_policy_moves_no_money_between_people() -> None:
    finance = lived(WORLD)
    replay = replayed(finance, Change(accounting="principal"))
    accounts = {it.account for it in replay.differences()}
    assert accounts == {"4000", "4010", "5030"}
    assert not replay.adjustments
    after = told(finance, replay)
    assert -after["4000"] - after["5030"] == -sums(earned(finance))["4010"], "the same profit"


def test_what_the_platform_adds_to_a_price_may_be_less_revenue_instead_of_an_expense() -> None:
    (of_one,) = facts(lived([(1, 0)])).values()
    event = of_one[0].event
    assert isinstance(event, EarningRecognised)
    recognised = replace(event, amounts=WORKED, units=(WORKED,))
    replay = Replay(*MONTH, Change(subsidy_as="contra_revenue"), volume_none)
    replay.tell([of_one[0]._replace(event=recognised)], Sale("physical", None))
    moved = {it.account: it.told_fen - it.booked_fen for it in replay.differences()}
    assert moved == {"4090": 13_00, "5110": -8_00, "5111": -5_00}
    (right,) = replay.corrections
    assert sum(line.debit_fen for line in right.lines) == 13_00


def test_the_same_terms_differ_in_nothing() -> None:
    finance = lived(WORLD)
    replay = replayed(finance, Change(recognise_at="sale", subsidy_as="expense"))
    assert (replay.differences(), replay.corrections, replay.moved) == ([], [], 0)
    assert replay.entries > 8


def test_what_would_not_have_been_earned_yet_is_not_told() -> None:
    finance = lived([(1, 0)])
    replay = replayed(finance, Change(recognise_at="verification"))
    assert replay.moved == 1
    assert replay.corrections == [], "nothing was wrong: it has another day"
    assert {it.account: it.told_fen for it in replay.differences()}["4010"] == 0


def test_another_month_is_not_told() -> None:
    finance = lived(WORLD)
    replay = Replay(date(2026, 7, 1), date(2026, 8, 1), Change(accounting="principal"), volume_none)
    for of_one in facts(finance).values():
        replay.tell(of_one, Sale("physical", None))
    assert (replay.entries, replay.differences()) == (0, [])


def volume_none(event: EarningRecognised) -> Money:
    return ZERO


# --- how it is put right --------------------------------------------------------------------


@pytest.mark.parametrize("change", ["agreement", "accounting"])
def test_what_it_proposes_puts_the_books_right(change: str) -> None:
    """Corrections and adjustments, booked, leave what was told: and no correction touches what a merchant gets."""
    finance = lived(WORLD)
    signed = agreement_of(lived(WORLD, rules=FIVE))
    wanted = Change(agreement=signed) if change == "agreement" else Change(accounting="principal")
    replay = replayed(finance, wanted)
    check(replay.corrections)
    booked = LedgerCorrected(
        CorrectionId(ID_ONE), tuple(replay.corrections), "改约重算", "ann", "bob", NOON
    )
    adjusted = [
        adjustment(merchant, order_id, fen)
        for (merchant, order_id), fen in replay.adjustments.items()
    ]
    right, wanted_sums = sums([*earned(finance), booked, *adjusted]), told(finance, replay)
    assert right["5220"] == 0
    for account in ("4000", "4010", "2510", "5030"):
        assert right[account] == wanted_sums[account], account
    merchant = ("2110", "2120", "1310")
    assert sum(right[it] for it in merchant) == sum(wanted_sums[it] for it in merchant)


def adjustment(merchant: MerchantId, order_id: OrderId, fen: int) -> EarningAdjustmentApproved:
    return EarningAdjustmentApproved(
        earning_id=EarningId(ID_ONE), order_id=order_id, merchant_id=merchant,
        proposal_id=ProposalId(ID_ONE), amount=Money(fen), statement_id=StatementId(ID_ONE),
        books=BOOKS, by="bob", at=NOON,
    )  # fmt: skip
