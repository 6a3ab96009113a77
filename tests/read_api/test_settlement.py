"""What finance reads of settlement: merchants, the date of each yuan, and statements that add up to the fen."""

from datetime import timedelta
from uuid import UUID

import pytest

from commands.propose_adjustment import ProposeAdjustment
from domain.events.statement import StatementClosed, StatementLineAdded
from domain.ids import OrderId
from read_api.merchant_view import closes_at
from read_api.statement_view import StatementView, adds_up
from tests.builders import DAY, NOON, ann
from tests.delivery.history import History, cell_of, facts_of
from tests.read_api.conftest import Readers, tell
from tests.servers import Database
from tests.settlement import MAKER, Finance
from tests.shop import Shop

FINANCE = "settle/fin/finance:read"
NET = 1290 - 129
MIDNIGHT = NOON + timedelta(hours=4)  # in Shanghai


class Books:
    """Nine orders on a closed statement, two refunds and one more order since."""

    def __init__(self) -> None:
        self.cell = cell_of("settle")
        self.shop = Shop(self.cell, per_user_limit=100, max_quantity=3, ends_at=NOON + 99 * DAY)
        self.finance = Finance(self.cell, self.shop)
        self.finance.signs()
        self.finance.collects()
        self.orders = [self.sells() for _ in range(9)]
        self.finance.waits(3)
        self.finance.refunds(self.orders[0], 1290)
        self.sells()
        self.finance.waits(1)
        self.sells()
        self.cell.ask(ProposeAdjustment(self.orders[1], 120, "赔付"), by=MAKER)

    def sells(self) -> OrderId:
        placed = self.shop.buys_alone(ann)
        self.shop.pays(placed.order_id)
        self.finance.earns(placed.order_id)
        return placed.order_id


@pytest.fixture(scope="module")
def lived() -> Books:
    return Books()


@pytest.fixture
async def books(lived: Books, database: Database, history: History) -> Books:
    """Told once: what is there is not told again."""
    if not history.rows("select from cell_0.events where tenant = 'settle' limit 1"):
        history.conn.execute("insert into platform.tenants values ('settle', 'cell_0', '结算')")
        await tell(database, history, facts_of(lived.cell), "settle")
    return lived


async def test_a_merchant_shows_its_terms_and_what_it_will_be_paid_when(
    readers: Readers, books: Books
) -> None:
    file = await readers.json(f"/v1/merchants/{books.finance.merchant_id}", FINANCE)
    assert file["merchant"]["merchant"] == "tea-house"
    assert file["merchant"]["books"]["money_mode"] == "platform_collect"
    assert [one["version"] for one in file["agreements"]] == [1]
    days = [(day["source"], day["at"], day["fen"]) for day in file["to_be_paid"]]
    first, second = (MIDNIGHT + n * DAY for n in (4, 5))
    assert days == [
        ("payout", None, 9 * NET),
        ("statement", f"{first:%Y-%m-%dT%H:%M:%SZ}", NET),
        ("pending", f"{second:%Y-%m-%dT%H:%M:%SZ}", NET),
    ]
    owed = books.finance.merchant().owed.fen
    assert owed == NET
    assert file["to_be_paid_fen"] == sum(day[2] for day in days) - owed


async def test_every_line_of_a_statement_is_shown_and_they_add_up(
    readers: Readers, books: Books
) -> None:
    for closed in books.cell.happened(StatementClosed):
        path = f"/v1/statements/{closed.statement_id}"
        items = await readers.pages(path, FINANCE)
        file = await readers.json(path, FINANCE)
        lines = [
            line
            for line in books.cell.happened(StatementLineAdded)
            if line.statement_id == closed.statement_id
        ]
        assert [(item["line"], item["net_fen"]) for item in items] == [
            (line.line, line.net.fen) for line in lines
        ]
        assert file["adds_up"]
        assert file["lines_net_fen"] == sum(item["net_fen"] for item in items) == closed.net.fen
        assert file["statement"]["payable_fen"] == closed.payable.fen
        assert file["statement"]["root"] == closed.root


async def test_statements_of_a_merchant_are_listed_newest_first(
    readers: Readers, books: Books
) -> None:
    path = f"/v1/merchants/{books.finance.merchant_id}/statements"
    found = await readers.pages(path, FINANCE)
    assert [one["period"] for one in found] == ["2026-06-05", "2026-06-04", "2026-06-02"]
    assert found[2]["payout_status"] == "initiated"


async def test_an_order_shows_why_its_commission_is_what_it_is(
    readers: Readers, books: Books
) -> None:
    file = await readers.json(f"/v1/earnings/{books.orders[1]}", FINANCE)
    (lot,) = file["lots"]
    assert (lot["rate_bp"], lot["vat_rate_bp"], lot["agreement_version"]) == (1000, 600, 1)
    assert (lot["amounts"]["commission"], lot["amounts"]["commission_vat"]) == (122, 7)
    (wish,) = file["adjustments"]
    assert (wish["amount_fen"], wish["by"], wish["decided"]) == (120, MAKER, None)


async def test_strangers_learn_nothing(readers: Readers, books: Books) -> None:
    merchant = f"/v1/merchants/{books.finance.merchant_id}"
    paths = (merchant, f"{merchant}/statements", f"/v1/earnings/{books.orders[0]}")
    for path in paths:
        assert (await readers.get(path, "acme/boss/read:all")).status_code == 404
        assert (await readers.get(path, "settle/eve/read:board")).status_code == 403
    ids = [one["merchant_id"] for one in await readers.pages("/v1/merchants", FINANCE)]
    assert ids == [str(books.finance.merchant_id)]
    theirs = await readers.pages("/v1/merchants", "acme/boss/read:all")
    assert ids[0] not in {one["merchant_id"] for one in theirs}
    nothing = await readers.get(f"/v1/statements/{UUID(int=1)}", FINANCE)
    assert nothing.status_code == 404
    wrong = await readers.get(f"{merchant}/statements?cursor=x", FINANCE)
    assert wrong.status_code == 400


def test_what_does_not_add_up_is_said() -> None:
    statement = StatementView(
        statement_id=UUID(int=1),
        merchant_id=UUID(int=2),
        kind="day",
        period="2026-06-01",
        starts_at=NOON,
        ends_at=NOON,
        closes_at=NOON,
        lines=2,
        net_fen=30,
        closed_at=NOON,
        root="",
        carried_in_fen=-10,
        payable_fen=20,
        carried_out_fen=0,
        payout_id=None,
        payout_status=None,
        paid_at=None,
        position=1,
    )
    assert adds_up(statement, 2, 30)
    for wrong in ((2, 29), (3, 30)):
        assert not adds_up(statement, *wrong)
    assert not adds_up(statement.model_copy(update={"payable_fen": 21}), 2, 30)


def test_a_pay_day_is_the_close_of_its_period() -> None:
    day = (NOON + DAY).date()
    assert closes_at("day", 2, day) == MIDNIGHT + DAY + timedelta(hours=2)
    assert closes_at("month", 0, day).isoformat() == "2026-06-30T16:00:00+00:00"
