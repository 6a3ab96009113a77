"""An honest chain over dishonest books: whoever writes the log himself is still found to have added up wrongly."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from commands.record_late_fact import RecordLateFact
from commands.registry import DECIDERS
from domain.events.payment import PaymentCaptured
from domain.fees import channel_fee
from domain.ledger_entry import SHANGHAI
from infra.evidence.checks import Check, Scene
from infra.evidence.checks_bills import check_bills
from infra.evidence.checks_days import check_closed_days
from infra.evidence.checks_log import check_logs
from infra.evidence.checks_settlement import check_settlement
from infra.settings import Settings
from projections import ledger
from tests.builders import ann, bob
from tests.infra.evidence.settled import BILL_DATE, reconciled, settled
from tests.recon_desk import DAY
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


def test_a_closed_day_ends_with_the_balance_that_its_bill_says(fresh_database: Database) -> None:
    edit = put("balance", {"fen": 139_15})
    found = judged(fresh_database, check_closed_days, lambda cell: forged(cell, "day.closed.v1", edit), keeps_books=True)  # fmt: skip
    assert "1121 wechatpay available up to position 7: balance is 0, expected 13915" in str(found)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("net", {"fen": 1}, "position {}: balance is 1282, expected 1, of a late fact"),
        ("position", 1, "position 1: balance is nothing, expected 1282, of a late fact"),
    ],
)
def test_a_late_fact_is_what_was_booked_to_the_closed_date(
    fresh_database: Database, name: str, value: Any, says: str
) -> None:
    at: list[int] = []

    def late_and_forged(cell: RecordedCell) -> None:
        at.append(comes_late(cell))
        forged(cell, "day.late_fact.v1", put(name, value))

    found = judged(fresh_database, check_closed_days, late_and_forged, keeps_books=True)
    assert says.format(*at) in str(found)


def test_late_facts_are_counted_and_those_that_wait_too(fresh_database: Database) -> None:
    judged(fresh_database, check_closed_days, comes_late, keeps_books=True)
    scene = Scene(Settings(postgres_dsn=SecretStr(fresh_database.dsn)), DECIDERS)
    said = check_closed_days(scene).said
    assert said.endswith("1 late facts count to later dates, 1 wait for one"), said


def comes_late(cell: RecordedCell) -> int:
    """Two payments of the closed date are heard of after it; one is told to count to the next. Its place in the log."""
    shop = Shop(cell)
    paid_at = datetime.combine(BILL_DATE, time(12), SHANGHAI)
    for who in (ann, bob):
        bought = shop.buys_alone(who)
        shop.pays(bought.order_id, paid_at=paid_at)
    captures = [
        (n, it.event)
        for n, it in enumerate(cell.log, 1)
        if isinstance(it.event, PaymentCaptured) and it.event.paid_at == paid_at
    ]
    position, first = captures[0]
    net = first.amount - channel_fee("wechatpay", first.amount)
    cell.ask(RecordLateFact(**DAY | {"bill_date": BILL_DATE}, booked=BILL_DATE + timedelta(days=1), kind="pay", number=first.payment_id.hex, channel_number=first.transaction_id, net_fen=net.fen, position=position))  # fmt: skip
    return position


def judged(
    database: Database,
    check: Check,
    how: Callable[[RecordedCell], object],
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
