"""Settlement end to end in one cell: sold, earned, matured, stated, paid; taken back, owed, dunned, adjusted."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.approve_adjustment import ApproveAdjustment
from commands.decline_adjustment import DeclineAdjustment
from commands.decline_money_mode import DeclineMoneyMode
from commands.propose_adjustment import ProposeAdjustment
from commands.propose_money_mode import ProposeMoneyMode
from commands.receive_deposit import ReceiveDeposit
from commands.recognise_earning import RecogniseEarning
from commands.settling import AgreementMissing
from commands.timers import CloseStatement, MatureEarning
from domain.accounts import (
    COMMISSION,
    DEPOSIT,
    MERCHANT_OWES,
    MERCHANT_PAYABLE,
    MERCHANT_PENDING,
    PAYOUT_TRANSIT,
    UNUSED,
    VAT,
)
from domain.agreement import CommissionRule, Tier
from domain.earning import EarningNotFound
from domain.events.merchant import MerchantDepositUsed, MerchantDunned
from domain.events.payout import PayoutInitiated
from domain.events.statement import StatementLineAdded, StatementOpened
from domain.four_eyes import SamePerson
from domain.ids import MerchantId, OrderId, payout_id, statement_id
from domain.merchant import MerchantNotFound, UnlicensedCollection
from domain.money import ZERO, Money
from domain.order import OrderNotFound
from tests.builders import DAY, NOON, ann, bob, order
from tests.in_memory import Cell
from tests.ledger_of import books_of
from tests.settlement import CHECKER, MAKER, Finance
from tests.shop import Shop

PRICE = 1290  # bought alone; ten per cent of it are 1.29, of which 0.07 are VAT
NET = PRICE - 129


@pytest.fixture
def shop() -> Shop:
    return Shop(Cell(paranoid=True), per_user_limit=100, max_quantity=3)


@pytest.fixture
def finance(shop: Shop) -> Finance:
    finance = Finance(shop.cell, shop)
    finance.signs()
    finance.collects()
    return finance


def sells(shop: Shop, finance: Finance, quantity: int = 1) -> OrderId:
    placed = shop.buys_alone(ann, quantity)
    shop.pays(placed.order_id)
    finance.earns(placed.order_id)
    return placed.order_id


def test_a_sale_is_earned_matures_and_is_paid_to_the_fen(shop: Shop, finance: Finance) -> None:
    order_id = sells(shop, finance)
    of = str(finance.merchant_id)
    books = books_of(shop.cell)
    assert (UNUSED, str(order_id)) not in books
    assert books[MERCHANT_PENDING, of] == NET
    assert (books[COMMISSION, of], books[VAT, "commission"]) == (122, 7)
    finance.waits(1)
    assert books_of(shop.cell)[MERCHANT_PAYABLE, of] == NET
    assert finance.lines() == [("earning", NET, "payable")]
    finance.waits(1)
    (closed,) = finance.closed()
    (payout,) = shop.cell.happened(PayoutInitiated)
    assert (closed.net.fen, closed.payable, payout.amount) == (NET, payout.amount, Money(NET))
    assert payout.payout_id == payout_id(closed.statement_id)
    books = books_of(shop.cell)
    assert books[PAYOUT_TRANSIT, str(payout.payout_id)] == NET
    assert (MERCHANT_PAYABLE, of) not in books


def test_asking_again_earns_nothing_more(shop: Shop, finance: Finance) -> None:
    order_id = sells(shop, finance)
    assert not finance.earns(order_id).recognised
    with pytest.raises(OrderNotFound):
        finance.earns(order(99))


def test_goods_of_a_merchant_that_was_never_onboarded_are_no_concern(shop: Shop) -> None:
    placed = shop.buys_alone(ann)
    shop.pays(placed.order_id)
    reply = shop.cell.ask(RecogniseEarning(placed.order_id))
    assert not reply.recognised
    assert shop.cell.facts(reply.earning_id) == []


def test_without_an_agreement_nothing_is_earned_yet(shop: Shop) -> None:
    finance = Finance(shop.cell, shop)
    placed = shop.buys_alone(ann)
    shop.pays(placed.order_id)
    with pytest.raises(AgreementMissing):
        finance.earns(placed.order_id)
    finance.signs()
    finance.earns_at_sale()
    assert finance.earns(placed.order_id).recognised


def test_an_order_that_waits_for_its_group_earns_nothing(shop: Shop, finance: Finance) -> None:
    opened = shop.opens_and_pays(ann)
    assert not finance.earns(opened.order_id).recognised


def test_a_refund_before_it_matured_leaves_less_to_be_paid(shop: Shop, finance: Finance) -> None:
    order_id = sells(shop, finance, 3)
    finance.refunds(order_id, PRICE)
    assert finance.lines() == []
    finance.waits(2)
    assert finance.lines() == [("earning", 2 * NET, "payable")]
    books_of(shop.cell)


def test_a_refund_of_what_is_stated_and_not_closed_has_a_line_of_its_own(
    shop: Shop, finance: Finance
) -> None:
    order_id = sells(shop, finance, 2)
    finance.waits(1)
    finance.refunds(order_id, PRICE)
    finance.waits(1)
    assert finance.lines() == [("earning", 2 * NET, "payable"), ("reversal", -NET, "payable")]
    assert [closed.payable.fen for closed in finance.closed()] == [NET]
    books_of(shop.cell)


def test_a_refund_after_the_payout_is_owed_and_netted_with_the_next_statement(
    shop: Shop, finance: Finance
) -> None:
    order_id = sells(shop, finance)
    finance.waits(2)
    finance.refunds(order_id, PRICE)
    of = str(finance.merchant_id)
    assert books_of(shop.cell)[MERCHANT_OWES, of] == NET
    sells(shop, finance, 3)
    finance.waits(2)
    assert finance.lines()[1:] == [
        ("reversal", -NET, "receivable"),
        ("earning", 3 * NET, "payable"),
    ]
    last = finance.closed()[-1]
    assert (last.net, last.carried_in, last.payable) == (
        Money(3 * NET),
        Money(-NET),
        Money(2 * NET),
    )
    assert (MERCHANT_OWES, of) not in books_of(shop.cell)
    assert finance.merchant().owed == ZERO


def test_the_buyer_never_waits_for_the_merchant(shop: Shop, finance: Finance) -> None:
    order_id = sells(shop, finance)
    finance.waits(2)
    finance.refunds(order_id, PRICE)
    assert shop.owed() == [(order_id, PRICE, "operator")]


def test_two_negative_statements_are_dunned_for_and_then_the_deposit_pays(
    shop: Shop, finance: Finance
) -> None:
    shop.cell.ask(ReceiveDeposit(finance.merchant_id, 500, "BANK-1"), by=MAKER)
    order_id = sells(shop, finance)
    finance.waits(2)
    finance.refunds(order_id, PRICE)
    finance.waits(5)
    assert [closed.carried_out.fen for closed in finance.closed()] == [0, NET, NET, NET]
    assert [dunned.negatives for dunned in shop.cell.happened(MerchantDunned)] == [2, 3]
    assert [used.amount.fen for used in shop.cell.happened(MerchantDepositUsed)] == [500]
    of = str(finance.merchant_id)
    books = books_of(shop.cell)
    assert books[MERCHANT_OWES, of] == NET - 500 == finance.merchant().owed.fen
    assert (DEPOSIT, of) not in books


def test_an_adjustment_needs_two_people_and_stands_on_the_statement(
    shop: Shop, finance: Finance
) -> None:
    order_id = sells(shop, finance)
    wish = shop.cell.ask(ProposeAdjustment(order_id, 300, "赔付"), by=MAKER)
    agree = ApproveAdjustment(order_id, wish.proposal_id, wish.shown)
    with pytest.raises(SamePerson):
        shop.cell.ask(agree, by=MAKER)
    shop.cell.ask(agree, by=CHECKER)
    less = shop.cell.ask(ProposeAdjustment(order_id, -100, "少发"), by=MAKER)
    shop.cell.ask(ApproveAdjustment(order_id, less.proposal_id, less.shown), by=CHECKER)
    finance.waits(1)
    assert finance.lines()[:2] == [
        ("adjustment", 300, "payable"),
        ("adjustment", -100, "receivable"),
    ]
    assert [closed.payable.fen for closed in finance.closed()] == [200]
    books_of(shop.cell)


def test_a_declined_adjustment_moves_nothing(shop: Shop, finance: Finance) -> None:
    order_id = sells(shop, finance)
    wish = shop.cell.ask(ProposeAdjustment(order_id, 300, "赔付"), by=MAKER)
    no = DeclineAdjustment(order_id, wish.proposal_id, "没有凭证")
    assert shop.cell.ask(no, by=CHECKER).amount_fen == 0
    assert finance.lines() == []
    with pytest.raises(EarningNotFound):
        shop.cell.ask(ProposeAdjustment(order(99), 300, ""), by=MAKER)


def test_a_higher_volume_in_the_period_reaches_the_next_tier(shop: Shop) -> None:
    finance = Finance(shop.cell, shop)
    tiers = (Tier(ZERO, 1000), Tier(Money(PRICE), 500))
    finance.signs(rules=(CommissionRule("physical", tiers),), settle_days=0, period="month")
    finance.collects()
    for _ in range(2):
        sells(shop, finance)
        finance.waits(1)
    assert [net for _, net, _ in finance.lines()] == [NET, PRICE - 65]


def test_where_the_channel_splits_a_statement_shows_and_pays_nothing(shop: Shop) -> None:
    finance = Finance(shop.cell, shop)
    finance.signs()
    finance.earns_at_sale()
    order_id = sells(shop, finance)
    assert finance.earning(order_id).lots[1].books.money_mode == "split"
    finance.waits(2)
    assert finance.lines() == [("earning", 0, "channel")]
    assert shop.cell.happened(PayoutInitiated) == []


def test_goods_of_our_own_have_no_statement(shop: Shop) -> None:
    finance = Finance(shop.cell, shop, self_operated=True)
    finance.signs(cost_bp=6000, goods_vat_bp=1300)
    finance.collects(custody="")
    sells(shop, finance)
    finance.waits(3)
    assert shop.cell.happened(StatementOpened, PayoutInitiated) == []
    books_of(shop.cell)


def test_a_declined_mode_leaves_the_money_where_it_is(shop: Shop) -> None:
    finance = Finance(shop.cell, shop)
    with pytest.raises(UnlicensedCollection):
        shop.cell.ask(ProposeMoneyMode(finance.merchant_id, "platform_collect"), by=MAKER)
    asked = ProposeMoneyMode(finance.merchant_id, "platform_collect", "CUSTODY-1")
    wish = shop.cell.ask(asked, by=MAKER)
    no = DeclineMoneyMode(finance.merchant_id, wish.proposal_id, "未见合同")
    shop.cell.ask(no, by=CHECKER)
    assert finance.merchant().books.money_mode == "split"
    with pytest.raises(MerchantNotFound):
        shop.cell.ask(ReceiveDeposit(MerchantId(order(1)), 1, "B"), by=MAKER)


def test_timers_that_come_early_or_twice_are_harmless(shop: Shop, finance: Finance) -> None:
    order_id = sells(shop, finance)
    earning = finance.earning(order_id)
    early = shop.cell.ask(MatureEarning(earning.id, 1))
    assert early.net_fen == 0
    assert finance.lines() == []
    finance.waits(1)
    (line,) = shop.cell.happened(StatementLineAdded)
    assert shop.cell.ask(CloseStatement(line.statement_id)).payable_fen == 0
    finance.waits(1)
    for again in (MatureEarning(earning.id, 1), CloseStatement(line.statement_id)):
        shop.cell.ask(again)
    assert len(finance.lines()) == len(finance.closed()) == 1
    assert shop.cell.timers.keys() & {(line.statement_id, CloseStatement)} == set()


def test_a_statement_is_named_after_its_period(finance: Finance, shop: Shop) -> None:
    sells(shop, finance)
    finance.waits(1)
    (opened,) = shop.cell.happened(StatementOpened)
    assert opened.period == "2026-06-02"
    assert opened.statement_id == statement_id(finance.merchant_id, "2026-06-02")
    assert opened.at > NOON


# --- whatever happens in whatever order --------------------------------------------------------

LONG: dict[str, Any] = {"per_user_limit": 1000, "max_quantity": 3, "ends_at": NOON + 300 * DAY}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["sell", "sell", "earn", "refund", "end", "adjust", "wait", "wait"]),
        st.integers(0, 5),
        st.integers(1, 3 * PRICE),
    ),
    max_size=25,
)


@given(STEPS, st.sampled_from(["day", "week"]), st.integers(0, 2), st.integers(0, 30))
@settings(max_examples=150, deadline=None)
def test_statements_payouts_and_books_agree_whatever_happens(
    steps: list[tuple[str, int, int]], period: str, settle_days: int, close_hours: int
) -> None:
    shop = Shop(Cell(), stock=1000, allotment=900, **LONG)
    finance = Finance(shop.cell, shop)
    finance.signs(period=period, settle_days=settle_days, close_hours=close_hours)
    finance.collects()
    sold: list[OrderId] = []
    for step, which, fen in steps:
        play(shop, finance, sold, step, which, fen)
    for order_id in sold:
        finance.earns(order_id)
    of, books = str(finance.merchant_id), books_of(shop.cell)
    payouts = shop.cell.happened(PayoutInitiated)
    closed = finance.closed()
    assert [(one.statement_id, one.payable) for one in closed if one.payable > ZERO] == [
        (one.statement_id, one.amount) for one in payouts
    ]
    lines = shop.cell.happened(StatementLineAdded)
    for one in closed:
        mine = [line.net.fen for line in lines if line.statement_id == one.statement_id]
        assert sum(mine) == one.net.fen
        assert one.net + one.carried_in == one.payable - one.carried_out
    still_open = [
        line for line in lines if line.statement_id not in {one.statement_id for one in closed}
    ]
    assert books.get((MERCHANT_PAYABLE, of), 0) == sum_of(still_open, "payable")
    owes = finance.merchant().owed.fen - sum_of(still_open, "receivable")
    assert books.get((MERCHANT_OWES, of), 0) == owes
    for order_id in sold:  # everything that was sold and kept is earned
        assert (UNUSED, str(order_id)) not in books


def sum_of(lines: list[StatementLineAdded], to: str) -> int:
    return sum(line.net.fen for line in lines if line.net_to == to)


def play(
    shop: Shop, finance: Finance, sold: list[OrderId], step: str, which: int, fen: int
) -> None:
    """One thing that can happen; what does not apply is left out."""
    if step == "wait":
        return finance.waits(which)
    if step == "sell":
        placed = shop.buys_alone(bob, 1 + which % 3)
        shop.pays(placed.order_id)
        return sold.append(placed.order_id)
    if not sold:
        return None
    order_id = sold[which % len(sold)]
    if step == "earn":
        finance.earns(order_id)
        return None
    left = left_of(shop, order_id)
    if step in ("refund", "end") and left:
        finance.refunds(order_id, left if step == "end" else min(fen, left))
    elif step == "adjust" and finance.earning(order_id).order_id == order_id:
        amount = fen - 2 * PRICE
        wish = shop.cell.ask(ProposeAdjustment(order_id, amount, ""), by=MAKER)
        shop.cell.ask(ApproveAdjustment(order_id, wish.proposal_id, wish.shown), by=CHECKER)
    return None


def left_of(shop: Shop, order_id: OrderId) -> int:
    bought: Any = shop.order(order_id)
    return int(bought.amount.fen - sum(owed.amount.fen for owed in bought.owed.values()))
