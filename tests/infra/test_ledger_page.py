"""`tuan ledger`: the books as finance reads them on a terminal."""

import asyncio
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from domain.events.payment import PaymentCaptured
from infra.ledger_page import main, yuan
from infra.settings import Settings
from tests.builders import ann, bob
from tests.delivery.history import History, cell_of, facts_of
from tests.read_api.conftest import deliver
from tests.servers import Database
from tests.shop import Shop


@pytest.fixture(scope="module")
def shop(database: Database) -> Iterator[Shop]:
    """Ann withdrew and has her money back; bob waits for his group. Another tenant sold once."""
    shop = Shop(cell_of("acme"))
    opened = shop.opens_and_pays(ann)
    shop.withdraws(opened.order_id)
    shop.repays()
    shop.cell.wait(minutes=60)
    shop.opens_and_pays(bob)
    elsewhere = Shop(cell_of("other"))
    elsewhere.pays(elsewhere.buys_alone(ann).order_id)
    log = History(database.dsn)
    log.append(facts_of(shop.cell))
    log.append(facts_of(elsewhere.cell), tenant="other")
    asyncio.run(deliver(database, log))
    yield shop
    log.conn.close()


class Tell:
    """Run it and look at what it prints."""

    def __init__(self, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.settings = Settings(postgres_dsn=SecretStr(dsn))
        self.capsys = capsys

    def page(self, **options: str) -> str:
        assert main(self.settings, **options) == 0
        return self.capsys.readouterr().out

    def row(self, start: str, **options: str) -> list[str]:
        """The cells of the one row that begins so."""
        (line,) = (it for it in self.page(**options).splitlines() if it.startswith(f"│ {start}"))
        return [cell.strip() for cell in line.strip("│").split("│")]

    def fails(self, **options: str) -> str:
        assert main(self.settings, **options) == 1
        return self.capsys.readouterr().err.strip()


@pytest.fixture
def tell(database: Database, shop: Shop, capsys: pytest.CaptureFixture[str]) -> Tell:
    return Tell(database.dsn, capsys)


def test_the_trial_balance_is_zero_and_each_tenants_own(tell: Tell) -> None:
    page = tell.page()
    assert page.index("acme: 试算平衡") < page.index("other: 试算平衡")
    assert tell.row("Σ", tenant="acme")[-1] == "0.00"
    assert tell.row("2010", tenant="acme")[1:] == ["9.90", "19.80", "9.90"]
    assert tell.row("2210", tenant="acme")[1:] == ["9.90", "9.90", "0.00"]
    assert tell.row("5010", tenant="acme")[1:] == ["0.12", "0.06", "0.06"]
    assert tell.row("2020", tenant="other")[1:] == ["0.00", "12.90", "12.90"]


def test_the_books_as_of_a_position_and_a_time(tell: Tell, shop: Shop) -> None:
    position = next(
        n for n, it in enumerate(shop.cell.log, 1) if isinstance(it.event, PaymentCaptured)
    )
    assert tell.row("2010", at=str(position))[1:] == ["0.00", "9.90", "9.90"]
    assert tell.fails(at=str(position - 1)) == "nothing was posted by then"
    assert tell.row("2010", tenant="acme", at="2026-06-01T12:30:00Z")[1:] == [
        "9.90",
        "9.90",
        "0.00",
    ]
    assert "a position like 1234" in tell.fails(at="yesterday")


def test_one_order_line_by_line(tell: Tell, shop: Shop) -> None:
    order = shop.cell.happened(PaymentCaptured)[0].order_id
    page = tell.page(order=str(order))
    kinds = [
        "payment.captured.v1",
        "order.refund_owed.v1",
        "refund.attempt_accepted.v1",
        "refund.succeeded.v1",
    ]
    assert [page.count(kind) for kind in kinds] == [1, 1, 1, 1]
    assert sorted(map(page.index, kinds)) == list(map(page.index, kinds))
    last: dict[str, str] = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("│").split("│")]
        if len(cells) == 8 and cells[3][:4].isdecimal():
            last[cells[3][:4]] = cells[7]
    assert last == {"1120": "0.00", "2010": "0.00", "5010": "0.00", "2210": "0.00", "1122": "0.00"}


def test_what_is_not_there_is_said(tell: Tell, fresh_database: Database) -> None:
    stranger = "00000000-0000-0000-0000-00000000dead"
    assert tell.fails(order=stranger) == f"nothing was posted about order {stranger} by then"
    assert "is no id" in tell.fails(order="x")
    assert tell.fails(tenant="nobody") == "nothing was posted by then"
    tell.settings = Settings(postgres_dsn=SecretStr(fresh_database.dsn))
    assert "there is no ledger" in tell.fails()


def test_yuan_are_exact() -> None:
    assert [yuan(fen) for fen in (0, 5, -5, 123_456_789)] == [
        "0.00",
        "0.05",
        "-0.05",
        "1,234,567.89",
    ]
