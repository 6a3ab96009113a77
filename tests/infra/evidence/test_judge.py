"""`tuan verify` as people run it: a line for each check, read models against a replay, and anchors from elsewhere."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from infra.clock import create_clock
from infra.evidence import judge
from infra.evidence.checkpoint import Signer
from infra.services import anchor as anchor_service
from infra.services.verify import main
from infra.settings import Settings, SettingsError
from projections import order_status
from tests.infra.evidence.settled import keep_the_bill
from tests.infra.evidence.test_tampering import story
from tests.recorded_cell import RecordedCell, read_models
from tests.servers import Database

ORDERS = order_status.PROJECTION.tables[0]


@pytest.fixture(scope="module")
def settings(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A cell with every read model, and one anchor."""
    cell, home = RecordedCell(), tmp_path_factory.mktemp("data")
    story(cell)
    asyncio.run(cell.write(database.dsn))
    asyncio.run(keep_the_bill(database.dsn_as("tuan_projector")))
    asyncio.run(read_models(database.dsn_as("tuan_projector")))
    create_clock(home / "clock", start=cell.at + timedelta(minutes=2), rate=0)
    settings = Settings(
        data_dir=home,
        clock_file=home / "clock",
        postgres_dsn=SecretStr(database.dsn),
        anchor_key=SecretStr("07" * 32),
    )
    anchor_service.main(settings)
    return settings


@pytest.fixture
def owner(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.dsn, autocommit=True) as session:
        session.execute("set session_replication_role to replica")
        yield session


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_an_honest_cell_is_intact_in_every_way(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(settings) == 0
    logs, bills, ledger, settlement, days, models = lines(capsys)
    assert logs.startswith("cell_0 is intact: ")
    assert logs.endswith("; 6 anchors agree, the latest day 2026-06-03")  # stored, and written out
    assert ledger.startswith("ledger: zero for 1 tenants; ")
    assert bills == "bills: 1 files are what was fetched, 1 times as the log says"
    assert settlement.startswith("settlement: 1 statements are the sums of their lines, 1 payouts")
    assert days.startswith("closed days: 1 are what they were closed with; ")
    assert days.endswith("0 late facts count to later dates, 0 wait for one")
    assert models.startswith("read models: ")
    assert "hold what a replay of the log makes of it" in models


@pytest.mark.parametrize(
    ("change", "back", "place"),
    [
        (f"update read.{ORDERS} set quantity = quantity + 7 where ctid = '(0,1)'",
         f"update read.{ORDERS} set quantity = quantity - 7 where quantity > 7", "quantity is 8, expected 1"),
        ("update read.refusals_v1 set times = times + 100 where command = 'register_sku'",
         "update read.refusals_v1 set times = times - 100 where times > 100", "times is 101, expected 1"),
    ],
)  # fmt: skip
def test_a_row_of_a_read_model_that_no_event_explains_is_named(
    settings: Settings, owner: psycopg.Connection, capsys: pytest.CaptureFixture[str],
    change: str, back: str, place: str,
) -> None:  # fmt: skip
    assert owner.execute(change.encode()).rowcount == 1
    try:
        assert main(settings, only=["read-models"]) == 1
        (line,) = lines(capsys)
        assert place in line
    finally:
        owner.execute(back.encode())
    assert main(settings, only=["read-models"]) == 0


def test_anchors_that_were_kept_elsewhere_are_compared_too(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anchor_service.main(settings, head=True)
    note = tmp_path / "head.txt"
    note.write_text(capsys.readouterr().out)
    assert main(settings, anchor=[note], only=["logs"]) == 0
    assert "7 anchors agree" in lines(capsys)[0]
    other = Settings(**{**settings.model_dump(), "anchor_key": SecretStr("08" * 32)})
    assert main(other, only=["logs"]) == 1
    assert "not signed by a key that is known here" in lines(capsys)[0]
    nobody = Settings(**{**settings.model_dump(), "anchor_key": None})
    with pytest.raises(SettingsError, match="anchors cannot be checked"):
        main(nobody, only=["logs"])
    with pytest.raises(SettingsError, match="is no anchor"):
        main(settings, anchor=[tmp_path / "nothing.txt"])


def test_earlier_keys_are_believed_when_they_are_named(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    verifier = Signer(bytes.fromhex("07" * 32)).verifier("cell_0")
    other = Settings(
        **{
            **settings.model_dump(),
            "anchor_key": SecretStr("08" * 32),
            "anchor_verifiers": verifier,
        }
    )
    assert main(other, only=["logs"]) == 0
    assert "agree" in lines(capsys)[0]
    wrong = Settings(**{**settings.model_dump(), "anchor_verifiers": "tuan/cell_0+0+AAAA"})
    with pytest.raises(SettingsError, match="is no verifier key"):
        main(wrong, only=["logs"])


def test_only_known_checks_are_run(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(
        SettingsError, match="there is no check 'everything'; there are logs, bills"
    ):
        main(settings, only=["everything"])
    assert main(settings, only=["ledger"]) == 0
    assert len(lines(capsys)) == 1
    assert list(judge.CHECKS) == [
        "logs", "bills", "ledger", "settlement", "closed-days", "read-models"
    ]  # fmt: skip
