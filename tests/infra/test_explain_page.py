"""`tuan explain`: where a number comes from, on a terminal."""

import asyncio
import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from pydantic import SecretStr

from domain.events.order import RefundOwed
from infra.explain_page import main
from infra.settings import Settings
from tests.builders import ann
from tests.delivery.history import History, cell_of, facts_of
from tests.read_api.conftest import deliver
from tests.servers import Database
from tests.shop import Shop

COMMAND = """
insert into cell_0.commands select position, command_id, tenant, 'ann', 'join_group', null, '{}', '\\x00', '{}',
  'accepted', '{}', position - 1, position, position, 'abc123', command_id, null, recorded_at, '\\x00'
from cell_0.events"""
LINK = "/v1/reports/trial-balance/explain?key="


@pytest.fixture(scope="module")
def shop(database: Database) -> Iterator[tuple[Settings, Shop]]:
    """Ann paid 9.90, withdrew and has her money back."""
    shop = Shop(cell_of("acme"))
    opened = shop.opens_and_pays(ann)
    shop.withdraws(opened.order_id)
    shop.repays()
    log = History(database.dsn)
    log.append(facts_of(shop.cell))
    log.conn.execute(COMMAND)
    asyncio.run(deliver(database, log))
    yield Settings(postgres_dsn=SecretStr(database.dsn)), shop
    log.conn.close()


def run(settings: Settings, what: str, id: str = "", cell: str = "", tenant: str = "acme") -> int:
    return asyncio.run(main(settings, what, id, cell=cell, tenant=tenant))


def test_a_cell_is_the_sum_of_what_is_listed(
    shop: tuple[Settings, Shop], capsys: pytest.CaptureFixture[str]
) -> None:
    settings, _ = shop
    for cell, expected in (("debit_fen", "9.90"), ("credit_fen", "9.90"), ("closing_fen", "0.00")):
        assert run(settings, f"{LINK}2010", cell=cell) == 0
        told = capsys.readouterr().out
        amounts = re.findall(r"(-?\d+\.\d\d) │$", told, re.MULTILINE)
        assert amounts[-1] == expected
        assert sum(map(Decimal, amounts[:-1])) == Decimal(expected)
        assert told.count("payment.captured.v1") == (cell != "debit_fen")


def test_a_refund_is_told_from_entry_to_principal(
    shop: tuple[Settings, Shop], capsys: pytest.CaptureFixture[str]
) -> None:
    settings, story = shop
    (debt,) = story.cell.happened(RefundOwed)
    assert run(settings, "refund", str(debt.refund_id)) == 0
    told = capsys.readouterr().out
    assert "order.refund_owed.v1" in told
    assert "贷 Cr 2210" in told
    assert "何人 principal ann" in told
    assert "refund.requested.v1 (no entry)" in told


def test_what_cannot_be_explained_is_said_in_one_line(
    shop: tuple[Settings, Shop], capsys: pytest.CaptureFixture[str]
) -> None:
    settings, story = shop
    (debt,) = story.cell.happened(RefundOwed)
    for said, asked in (
        ("is no link of a report", ("gossip", "", "")),
        ("cell:", (f"{LINK}2010", "", "name")),
        ("cell:", (f"{LINK}2010", "", "")),
        ("id: is not of a refund", ("refund", "x", "")),
        ("Nothing", ("refund", "00000000-0000-0000-0000-000000000009", "")),
    ):
        assert run(settings, *asked) == 1
        assert said.lower() in capsys.readouterr().err.lower(), said
    assert run(settings, "refund", str(debt.refund_id), tenant="other") == 1
