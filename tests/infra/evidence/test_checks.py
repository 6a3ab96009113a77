"""An honest chain over dishonest books: whoever writes the log himself is still found to have added up wrongly."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from commands.registry import DECIDERS
from infra.evidence.checks import Check, Scene
from infra.evidence.checks_bills import check_bills
from infra.evidence.checks_days import check_closed_days
from infra.evidence.checks_log import check_logs
from infra.evidence.checks_settlement import check_settlement
from infra.settings import Settings
from projections import ledger
from tests.infra.evidence.settled import reconciled, settled
from tests.recorded_cell import RecordedCell, read_models
from tests.servers import Database
from tests.shop import Shop

Says = dict[str, Any]


def forged(cell: RecordedCell, tag: str, edit: Callable[[Says], None]) -> None:
    """The engine itself writes something else than was decided."""
    for _, _, _, _, _, rows in cell.asked_for:
        for at, (category, stream, version, type, data) in enumerate(rows):
            if type == tag:
                says = json.loads(data)
                edit(says)
                rows[at] = category, stream, version, type, json.dumps(says).encode()


def put(name: str, value: Any) -> Callable[[Says], None]:
    def edit(says: Says) -> None:
        assert says[name] != value
        says[name] = value

    return edit


def again(cell: RecordedCell, tag: str) -> None:
    """The last event of this kind stands once more at the end of its stream."""
    found = [row for *_, rows in cell.asked_for for row in rows if row[3] == tag]
    category, stream, _, type, data = found[-1]
    last = max(row[2] for *_, rows in cell.asked_for for row in rows if row[1] == stream)
    cell.asked_for[-1][-1].append((category, stream, last + 1, type, data))


@pytest.mark.parametrize(
    ("check", "tag", "edit", "says"),
    [
        (check_settlement, "statement.closed.v1", put("root", "00"), "root is 00, expected"),
        (check_settlement, "statement.closed.v1", put("lines", 7), "lines is 7, expected 1"),
        (check_settlement, "statement.closed.v1", put("carried_out", {"fen": 5}), "net + carried_in is 1161, exp"),
        (check_settlement, "statement.line_added.v1", put("net", {"fen": 1}), "root is"),
        (check_settlement, "payout.initiated.v1", put("amount", {"fen": 1162}), "amount is 1162, expected 1161"),
        (check_settlement, "payout.confirmed.v1", put("amount", {"fen": 1}), "amount is 1, expected 1161"),
        (check_closed_days, "day.closed.v1", put("root", "00"), "root is 00, expected"),
        (check_closed_days, "day.closed.v1", put("fees", {"fen": 1}), "fees is"),
        (check_closed_days, "recon.lines_matched.v1", put("chunk", 9), "root is"),
        (check_bills, "bill.fetched.v1", put("sha256", "f" * 64), "the file is missing, expected that of"),
    ],
)  # fmt: skip
def test_what_does_not_add_up_is_named(
    fresh_database: Database, check: Check, tag: str, edit: Callable[[Says], None], says: str
) -> None:
    found = judged(fresh_database, check, lambda cell: forged(cell, tag, edit))
    assert says in str(found)


@pytest.mark.parametrize(
    ("check", "tag", "says"),
    [
        (check_settlement, "payout.initiated.v1", "its statement is paid already, or open"),
        (check_closed_days, "recon.lines_matched.v1", "the date is closed before it, expected open"),
    ],
)  # fmt: skip
def test_what_happened_once_may_not_happen_again(
    fresh_database: Database, check: Check, tag: str, says: str
) -> None:
    assert says in str(judged(fresh_database, check, lambda cell: again(cell, tag)))


def test_books_of_a_closed_day_are_compared(fresh_database: Database) -> None:
    found = judged(
        fresh_database,
        check_closed_days,
        lambda cell: forged(cell, "day.closed.v1", put("ledger_position", 10**6)),
        keeps_books=True,
    )
    assert "1120 wechatpay 2026-05-20 up to position 1000000: balance is -13916, expected 0" in str(
        found
    )


def judged(
    database: Database,
    check: Check,
    how: Callable[[RecordedCell], None],
    *,
    keeps_books: bool = False,
) -> object:
    """What the check finds bad in a log whose chains are honest."""
    cell = RecordedCell()
    shop = Shop(cell)
    reconciled(cell)
    settled(cell, shop)
    how(cell)
    asyncio.run(cell.write(database.dsn))
    if keeps_books:
        asyncio.run(read_models(database.dsn_as("tuan_projector"), ledger.PROJECTION))
    scene = Scene(Settings(postgres_dsn=SecretStr(database.dsn)), DECIDERS)
    assert check_logs(scene).bad is None
    return check(scene).bad
