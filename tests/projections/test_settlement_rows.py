"""What is shown of merchants, statements and earnings is what they are."""

from typing import Any

import pytest

from commands.approve_adjustment import ApproveAdjustment
from commands.propose_adjustment import ProposeAdjustment
from commands.propose_money_mode import ProposeMoneyMode
from commands.receive_deposit import ReceiveDeposit
from domain.events.payout import PayoutConfirmed, PayoutInitiated
from domain.ids import OrderId
from domain.merchant import MERCHANT
from domain.money import ZERO
from projections import earnings, merchant_statements, merchants
from tests.builders import DAY, NOON, ann
from tests.delivery.history import Fact, facts_of
from tests.in_memory import Cell
from tests.projections.conftest import Model
from tests.settlement import CHECKER, MAKER, Finance
from tests.shop import Shop

PROJECTIONS = (merchants.PROJECTION, merchant_statements.PROJECTION, earnings.PROJECTION)
NET = 1290 - 129


class Lived:
    """A fortnight: sold, paid, given back before and after, adjusted."""

    def __init__(self) -> None:
        self.cell = Cell()
        shop = Shop(self.cell, per_user_limit=100, max_quantity=3, ends_at=NOON + 99 * DAY)
        self.finance = finance = Finance(self.cell, shop)
        finance.signs()
        finance.collects()
        self.cell.ask(ReceiveDeposit(finance.merchant_id, 700, "B-1"), by=MAKER)
        self.orders: list[OrderId] = []
        for quantity in (1, 2, 3):
            placed = shop.buys_alone(ann, quantity)
            shop.pays(placed.order_id)
            finance.earns(placed.order_id)
            self.orders.append(placed.order_id)
        finance.refunds(self.orders[2], 1290)
        finance.waits(3)
        finance.refunds(self.orders[0], 1290)
        for fen, approved in ((250, True), (111, False)):
            wish = self.cell.ask(ProposeAdjustment(self.orders[1], fen, "赔付"), by=MAKER)
            if approved:
                agree = ApproveAdjustment(self.orders[1], wish.proposal_id, wish.shown)
                self.cell.ask(agree, by=CHECKER)

    def facts(self) -> list[Fact]:
        return facts_of(self.cell)


@pytest.fixture(scope="module")
def lived() -> Lived:
    return Lived()


async def test_rows_do_not_depend_on_how_the_log_is_cut(model: Model, lived: Lived) -> None:
    for projection in PROJECTIONS:
        await model.given(projection, lived.facts())
        whole = await model.digest(projection)
        for table in projection.tables:
            await model.tx.execute(f"delete from {table}")
        await model.given(projection, lived.facts(), batch=1)
        assert await model.digest(projection) == whole


async def test_lines_add_up_to_the_statement_and_the_payout(model: Model, lived: Lived) -> None:
    await model.given(merchant_statements.PROJECTION, lived.facts())
    rows = await model.rows("""
      select s.net_fen, s.lines, s.carried_in_fen, s.payable_fen, s.carried_out_fen, p.amount_fen, p.status,
        (select sum(l.net_fen) from statement_lines_v1 l where l.statement_id = s.statement_id)::bigint
      from statements_v1 s left join statement_payouts_v1 p using (statement_id) order by s.starts_at""")
    first, second = rows
    assert first == (5 * NET, 3, 0, 5 * NET, 0, 5 * NET, "initiated", 5 * NET)
    assert second == (250 - NET, 2, None, None, None, None, None, 250 - NET)
    closed = lived.finance.closed()
    roots = await model.rows("select root from statements_v1 where closed_at is not null")
    assert roots == [(one.root,) for one in closed]


async def test_a_line_shows_every_amount_of_its_order(model: Model, lived: Lived) -> None:
    await model.given(merchant_statements.PROJECTION, lived.facts())
    columns = "kind, gross_fen, cash_fen, commission_fen, commission_vat_fen, net_fen, net_to"
    lines = await model.rows(
        f"select {columns} from statement_lines_v1 where order_id = %s order by added_at",
        lived.orders[0],
    )
    assert lines == [
        ("earning", 1290, 1290, 122, 7, NET, "payable"),
        ("reversal", -1290, -1290, -122, -7, -NET, "receivable"),
    ]


async def test_a_payout_that_is_confirmed_is_paid(model: Model, lived: Lived) -> None:
    (begun,) = lived.cell.happened(PayoutInitiated)
    paid = PayoutConfirmed(
        payout_id=begun.payout_id,
        merchant_id=begun.merchant_id,
        statement_id=begun.statement_id,
        route="bank_file",
        channel="bank",
        number="1",
        channel_payout_id="9",
        amount=begun.amount,
        fee=ZERO,
        confirmed_at=NOON + 9 * DAY,
        evidence="bank_file",
        at=NOON + 9 * DAY,
    )
    facts = [*lived.facts(), Fact("payout", begun.payout_id, paid)]
    await model.given(merchant_statements.PROJECTION, facts)
    rows = await model.rows("select status, confirmed_at, needs_people from statement_payouts_v1")
    assert rows == [("confirmed", NOON + 9 * DAY, False)]


async def test_lots_show_what_is_left_of_them(model: Model, lived: Lived) -> None:
    await model.given(earnings.PROJECTION, lived.facts())
    columns = "net_fen, due_fen, (amounts->>'cash')::int, (reversed->>'cash')::int, rate_bp"
    found = {}
    for order_id in lived.orders:
        query = f"select {columns} from earning_lots_v1 where order_id = %s"
        (found[order_id],) = await model.rows(query, order_id)
    assert list(found.values()) == [
        (0, 0, 1290, 1290, 1000),
        (2 * NET, 2 * NET, 2580, 0, 1000),
        (2 * NET, 2 * NET, 3870, 1290, 1000),
    ]


async def test_wishes_show_who_decided(model: Model, lived: Lived) -> None:
    await model.given(earnings.PROJECTION, lived.facts())
    query = "select amount_fen, by, decided, decided_by from earning_adjustments_v1 order by 1 desc"
    assert await model.rows(query) == [
        (250, MAKER, "approved", CHECKER),
        (111, MAKER, None, None),
    ]


async def test_a_merchant_shows_its_terms_and_the_open_proposal(model: Model, lived: Lived) -> None:
    asked = ProposeMoneyMode(lived.finance.merchant_id, "split", "", "换模式")
    wish: Any = lived.cell.ask(asked, by=MAKER)
    await model.given(merchants.PROJECTION, lived.facts())
    query = """select deposit_fen, owed_fen, custody, books->>'money_mode', jsonb_array_length(agreements),
      proposal->>'shown', proposal->>'by' from merchants_v1"""
    (row,) = await model.rows(query)
    merchant = lived.cell.state(MERCHANT, lived.finance.merchant_id)
    told = (merchant.deposit.fen, merchant.owed.fen, merchant.custody, merchant.books.money_mode)
    assert row == (*told, 1, wish.shown, MAKER)
