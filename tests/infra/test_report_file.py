"""`tuan report`: finance's files on a terminal, as the API gives them out."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from pydantic import SecretStr

from infra.report_file import main
from infra.settings import Settings
from read_api.reports.catalogue import REPORTS
from tests.builders import ann
from tests.delivery.history import History, cell_of, facts_of
from tests.read_api.conftest import deliver
from tests.servers import Database
from tests.shop import Shop

NOTHING = {"from": "", "to": "", "as_of": "", "as_known_at": "", "account": "", "format": "csv"}


@pytest.fixture(scope="module")
def settings(database: Database) -> Iterator[Settings]:
    """Ann paid, withdrew and has her money back."""
    shop = Shop(cell_of("acme"))
    opened = shop.opens_and_pays(ann)
    shop.withdraws(opened.order_id)
    shop.repays()
    log = History(database.dsn)
    log.append(facts_of(shop.cell))
    asyncio.run(deliver(database, log))
    yield Settings(postgres_dsn=SecretStr(database.dsn))
    log.conn.close()


def run(settings: Settings, name: str, out: Path | None = None, **asked: str) -> int:
    wanted = NOTHING | asked
    return asyncio.run(main(settings, name, wanted, tenant="acme", out=str(out or "")))


def test_a_report_goes_to_standard_output(
    settings: Settings, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(settings, "trial-balance") == 0
    text = capfdbinary.readouterr().out.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0][:2] == ["科目 Account", "科目名称 Account name"]
    assert rows[-1][0] == "合计 Total"
    assert {row[0] for row in rows[1:-1]} == {"'1120", "'1122", "'2010", "'2210", "'5010"}
    assert run(settings, "journal", format="jsonl", account="5010") == 0
    lines = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert sum(it["debit_fen"] - it["credit_fen"] for it in lines) == 0
    assert {it["account"] for it in lines} == {"5010"}


def test_a_file_is_there_when_it_is_whole(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "books.xlsx"
    assert run(settings, "general-ledger", path, format="xlsx") == 0
    assert load_workbook(path).worksheets[0].freeze_panes == "A2"
    assert [it.name for it in tmp_path.iterdir()] == ["books.xlsx"]
    assert run(settings, "journal", tmp_path / "a.beancount", format="beancount") == 0
    assert "payment.captured.v1" in (tmp_path / "a.beancount").read_text()


def test_another_tenant_sees_nothing(
    settings: Settings, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    asked = NOTHING | {"format": "jsonl"}
    assert asyncio.run(main(settings, "journal", asked, tenant="other", out="")) == 0
    assert capfdbinary.readouterr().out == b""


@pytest.mark.parametrize(
    ("name", "asked", "said"),
    [
        ("gossip", {}, "there is no report 'gossip'"),
        ("journal", {"from": "yesterday"}, "from:"),
        ("journal", {"from": "2026-06-02", "to": "2026-06-01"}, "from: the period is empty"),
        ("journal", {"format": "pdf"}, "format:"),
        ("trial-balance", {"format": "beancount"}, "format: only the whole journal"),
    ],
)
def test_what_cannot_be_written_is_said_in_one_line(
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    name: str,
    asked: dict[str, str],
    said: str,
) -> None:
    assert run(settings, name, tmp_path / "out", **asked) == 1
    assert capsys.readouterr().err.startswith(said)
    assert list(tmp_path.iterdir()) == []
    assert run(settings, "journal", tmp_path / "no" / "such" / "folder") == 1
    assert "No such file" in capsys.readouterr().err


def test_the_list_names_every_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Settings(), "list") == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in told] == list(REPORTS)
