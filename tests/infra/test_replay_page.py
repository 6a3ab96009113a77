"""`tuan ledger replay`: a month told again on a terminal, and the commands that would put it right."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from commands.registry import USE_CASES
from domain.agreement import Agreement, CommissionRule, Tier
from domain.money import ZERO
from infra.services.ledger import main
from infra.settings import Settings
from tests.builders import NOON, ann
from tests.delivery.history import History, cell_of, facts_of
from tests.read_api.conftest import deliver
from tests.servers import Database
from tests.settlement import Finance
from tests.shop import Shop

FIVE = Agreement(
    version=9, effective_from=NOON, rules=(CommissionRule("", (Tier(ZERO, 500),)),),
    vat_rate_bp=600, settle_days=1, period="day",
)  # fmt: skip


@pytest.fixture(scope="module")
def finance(database: Database) -> Iterator[Finance]:
    """Two orders of 12.90 were sold and earned in June."""
    shop = Shop(cell_of("acme"), per_user_limit=100)
    finance = Finance(shop.cell, shop)
    finance.signs()
    finance.collects()
    for _ in range(2):
        placed = shop.buys_alone(ann)
        shop.pays(placed.order_id)
        finance.earns(placed.order_id)
    finance.waits(2)
    log = History(database.dsn)
    log.append(facts_of(shop.cell))
    asyncio.run(deliver(database, log))
    yield finance
    log.conn.close()


class Tell:
    """Run it and look at what it prints."""

    def __init__(self, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.settings = Settings(postgres_dsn=SecretStr(dsn))
        self.capsys = capsys

    def page(self, **options: Any) -> str:
        assert (
            main(self.settings, "replay", **{"month": "2026-06", "tenant": "acme", **options}) == 0
        )
        return self.capsys.readouterr().out

    def fails(self, **options: Any) -> str:
        assert (
            main(self.settings, "replay", **{"month": "2026-06", "tenant": "acme", **options}) == 1
        )
        return self.capsys.readouterr().err.strip()


@pytest.fixture
def tell(database: Database, finance: Finance, capsys: pytest.CaptureFixture[str]) -> Tell:
    return Tell(database.dsn, capsys)


def row(page: str, code: str) -> list[str]:
    (line,) = (it for it in page.splitlines() if it.startswith(f"│ {code}"))
    return [cell.strip() for cell in line.strip("│").split("│")][1:]


def test_gross_instead_of_net_per_merchant_by_account(tell: Tell, finance: Finance) -> None:
    page = tell.page(policy="accounting=principal")
    assert f"merchant {finance.merchant_id}" in page
    assert row(page, "4010") == ["-2.44", "0.00", "2.44"]
    assert row(page, "4000") == ["0.00", "-25.66", "-25.66"]
    assert row(page, "5030") == ["0.00", "23.22", "23.22"]
    assert "2 corrections, 0 adjustments of 0.00 for merchants" in page


def test_another_agreement_writes_the_commands_to_propose(
    tell: Tell, finance: Finance, tmp_path: Path
) -> None:
    terms, out = tmp_path / "terms.json", tmp_path / "right.jsonl"
    terms.write_bytes(msgspec.json.encode(FIVE))
    page = tell.page(agreement=str(terms), merchant=str(finance.merchant_id), out=str(out))
    assert "2 corrections, 2 adjustments of 1.28 for merchants" in page
    lines = [msgspec.json.decode(line) for line in out.read_bytes().splitlines()]
    assert [it["command"] for it in lines] == ["propose_correction"] + 2 * ["propose_adjustment"]
    for it in lines:
        command = USE_CASES[it["command"]].command
        finance.cell.ask(msgspec.convert(it["body"], command), by="ann")


def test_what_cannot_be_told_is_said(tell: Tell, tmp_path: Path, finance: Finance) -> None:
    assert "like 2026-11" in tell.fails(month="2026-13", policy="accounting=agent")
    assert "--policy" in tell.fails()
    assert "--tenant" in tell.fails(tenant="", policy="accounting=agent")
    assert "Invalid enum value 'gross'" in tell.fails(policy="accounting=gross")
    assert "a policy is of" in tell.fails(policy="money_mode=split")
    terms = tmp_path / "terms.json"
    assert "No such file" in tell.fails(agreement=str(terms), merchant=str(finance.merchant_id))
    terms.write_bytes(msgspec.json.encode(FIVE))
    assert "--merchant" in tell.fails(agreement=str(terms))
    assert "is no id" in tell.fails(policy="accounting=agent", merchant="x")
