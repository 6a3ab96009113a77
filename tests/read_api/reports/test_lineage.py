"""From a line of a bill to who asked for it, and back again, in one answer whichever end it is asked from."""

from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest

from domain.events.bill import BillFetched, BillRestated
from domain.events.payout import PayoutInitiated
from domain.events.recon import LinesMatched
from tests.architecture.catalogue import golden
from tests.delivery.history import Fact, History
from tests.read_api.conftest import Readers, tell
from tests.read_api.reports.telling import BOSS, Posting, explained, rows
from tests.servers import Database

LINEAGE = "/v1/lineage"
COMMANDS = """
insert into cell_0.commands select e.position, e.command_id, e.tenant, 'person ' || e.position, 'do_something', null,
  '{}', '\\x00', '{}', 'accepted', '{}', e.position - 1, e.position, e.position, 'abc123', e.command_id, null,
  e.recorded_at, '\\x00'
from cell_0.events e where not exists (select from cell_0.commands c where c.seq = e.position)"""


@pytest.fixture(scope="module")
def recorded(history: History, books: list[Posting]) -> list[Posting]:
    """Every event has a command of its own, by a person of its own."""
    history.conn.execute(COMMANDS)
    return books


async def lineage(readers: Readers, kind: str, id: object) -> Any:
    return await readers.json(f"{LINEAGE}/{kind}/{id}", BOSS)


def hangs_together(told: dict[str, Any]) -> None:
    """Everything in it leads to everything it names."""
    positions = {it["position"]: it for it in told["events"]}
    commands = {it["command_id"]: it for it in told["commands"]}
    for entry in told["entries"]:
        command = commands[positions[entry["position"]]["command_id"]]
        assert command["first_position"] <= entry["position"] <= command["last_position"]
        assert command["principal"] == f"person {entry['position']}"
        (rule,) = (it for it in told["rules"] if entry["entry_id"] in it["entries"])
        assert (rule["rule"], rule["version"]) == (entry["rule"], entry["rule_version"])
    for event in told["events"]:
        assert event["event_id"].endswith(f".{event['position']}")
        assert len(event["hash"]) == 64


async def test_an_entry_leads_to_its_event_its_command_and_back(
    readers: Readers, recorded: list[Posting]
) -> None:
    for row in (await rows(readers, "journal"))[::9]:
        told = await lineage(readers, "entry", row["entry_id"])
        hangs_together(told)
        assert row["entry_id"] in {it["entry_id"] for it in told["entries"]}
        (event,) = (it for it in told["events"] if it["position"] == row["position"])
        assert event["type"] == row["event"]
        by_event = await lineage(readers, "event", row["position"])
        hangs_together(by_event)
        expected = {(it.position, it.nth) for it in recorded if it.position == row["position"]}
        assert {(it["position"], it["nth"]) for it in by_event["entries"]} == expected
        by_command = await lineage(readers, "command", event["command_id"])
        assert by_command["entries"] == by_event["entries"]
        assert by_command["commands"] == by_event["commands"]


async def test_an_order_and_a_refund_have_their_whole_story(
    readers: Readers, recorded: list[Posting], history: History
) -> None:
    refund = next(it.entry for it in recorded if it.entry.rule == "R1" and it.entry.refund_id)
    assert refund.order_id is not None
    for kind, id in (("order", refund.order_id), ("refund", refund.refund_id)):
        told = await lineage(readers, kind, id)
        hangs_together(told)
        mine = [it for it in recorded if id in (it.entry.order_id, it.entry.refund_id)]
        assert {it["position"] for it in told["entries"]} == {it.position for it in mine}
        stream = history.rows("select position from cell_0.events where stream_id = %s", id)
        assert {position for (position,) in stream} <= {it["position"] for it in told["events"]}
        assert told["more"] is False


@pytest.fixture(scope="module")
def bills() -> tuple[LinesMatched, list[Fact]]:
    """A bill that was fetched and restated, with lines that prove entries."""
    matched = msgspec.json.decode(golden(LinesMatched).read_bytes(), type=LinesMatched)
    bill = uuid5(UUID(int=1), "bill of lineage")
    matched = msgspec.structs.replace(matched, bill_id=bill)
    files = [
        msgspec.structs.replace(
            msgspec.json.decode(golden(kind).read_bytes(), type=kind), bill_id=bill
        )
        for kind in (BillFetched, BillRestated)
    ]
    return (
        matched,
        [Fact("bill", bill, it) for it in files] + [Fact("bill_day", UUID(int=77), matched)],
    )


async def test_a_line_of_a_bill_leads_to_its_entry_and_its_file(
    readers: Readers,
    database: Database,
    history: History,
    recorded: list[Posting],
    bills: tuple[LinesMatched, list[Fact]],
) -> None:
    matched, facts = bills
    await tell(database, history, facts, "books")
    history.conn.execute(COMMANDS)
    line = matched.matches[0].line
    told = await lineage(readers, "bill_line", f"{matched.bill_id}:{line}")
    hangs_together(told)
    (entry,) = told["entries"]
    assert (entry["bill_id"], entry["bill_line"]) == (str(matched.bill_id), line)
    assert told["bill_lines"] == [
        {"bill_id": str(matched.bill_id), "line": line, "entries": [entry["entry_id"]]}
    ]
    assert [it["event"] for it in told["bill_files"]] == ["bill.fetched.v1", "bill.restated.v1"]
    assert [it["sha256"] for it in told["bill_files"]] == [it.event.sha256 for it in facts[:2]]
    back = await lineage(readers, "entry", entry["entry_id"])
    assert (back["bill_lines"], back["bill_files"]) == (told["bill_lines"], told["bill_files"])


async def test_a_payout_leads_to_its_entries(readers: Readers, recorded: list[Posting]) -> None:
    payout = next(it for it in recorded if it.account == "2130")
    told = await lineage(readers, "payout", payout.sub_key)
    hangs_together(told)
    assert payout.position in {it["position"] for it in told["entries"]}
    kinds = {it["event"] for it in told["entries"]}
    assert PayoutInitiated.__struct_config__.tag in kinds


async def test_a_cell_of_a_report_leads_to_who_asked_for_it(
    readers: Readers, recorded: list[Posting]
) -> None:
    row = (await rows(readers, "trial-balance"))[0]
    for entry in (await explained(readers, row, "debit_fen"))[:5]:
        hangs_together(await lineage(readers, "entry", entry["entry_id"]))


async def test_strangers_and_the_curious_learn_nothing(
    readers: Readers, recorded: list[Posting]
) -> None:
    one = recorded[0]
    (row, *_) = await rows(readers, "journal")
    known = [
        ("entry", row["entry_id"]),
        ("event", one.position),
        ("command", UUID(int=one.position)),
        ("order", next(it.entry.order_id for it in recorded if it.entry.order_id)),
    ]
    for kind, id in known:
        path = f"{LINEAGE}/{kind}/{id}"
        assert (await readers.get(path, BOSS)).status_code == 200
        assert (await readers.get(path, "other/boss/finance:read")).status_code == 404
        assert (await readers.get(path, "books/boss/read:all+admin")).status_code == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("entry/00000000-0000-0000-0000-00000000ff99", 404),
        ("event/99999999999999999999999", 404),
        ("command/00000000-0000-0000-0000-000000000000", 404),
        ("entry/12", 422),
        ("event/1-2", 422),
        ("bill_line/00000000-0000-0000-0000-000000000001", 422),
        ("planet/1", 422),
    ],
)
async def test_what_is_no_such_id(readers: Readers, path: str, status: int) -> None:
    assert (await readers.get(f"{LINEAGE}/{path}", BOSS)).status_code == status
