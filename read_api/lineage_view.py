"""What is told of where money comes from. Everything names its neighbours, so the ways go both ways."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from read_api.ledger_entries import EntryView

Kind = Literal["entry", "event", "command", "bill_line", "order", "refund", "payout"]


class EventView(BaseModel):
    """One event of the log. `event_id` is its place: cell, epoch, position. `hash` chains it to all before it."""

    event_id: str
    position: int
    stream_id: UUID
    category: str
    version: int
    type: str
    recorded_at: datetime
    command_id: UUID
    hash: str


class CommandView(BaseModel):
    """Who asked for it, and when; by which code it was decided; what it recorded."""

    command_id: UUID
    seq: int
    name: str
    principal: str
    outcome: str
    at: datetime
    first_position: int | None
    last_position: int | None
    code_rev: str
    correlation_id: UUID
    causation_id: UUID | None
    hash: str


class FileView(BaseModel):
    """A file that a bill came in, and the event that says so. The last one is in force."""

    bill_id: UUID
    position: int
    event: str
    channel: str
    mchid: str
    kind: str
    bill_date: str
    sha256: str


class BillLineView(BaseModel):
    """A line of a bill, and the entries that it proves."""

    bill_id: UUID
    line: int
    entries: list[UUID]


class Rule(BaseModel):
    """A row of the table of postings, in one version."""

    rule: str
    version: int
    entries: list[UUID]


class Lineage(BaseModel):
    """Bill line ↔ entry ↔ event ↔ command ↔ principal, and the rule of each entry.

    An entry names its event by `position` and its bill line; an event names its command; a command its principal.
    `more`: there is more of it than one answer holds.
    """

    kind: Kind
    id: str
    entries: list[EntryView]
    events: list[EventView]
    commands: list[CommandView]
    bill_lines: list[BillLineView]
    bill_files: list[FileView]
    rules: list[Rule]
    more: bool
    degraded: bool


def event_view(cell: str, row: dict[str, Any]) -> EventView:
    place = row["place"]
    return EventView(**row, position=place, event_id=f"{cell}.{row['epoch']}.{place}")


def bill_lines(entries: Sequence[EntryView]) -> list[BillLineView]:
    found: dict[tuple[UUID, int], list[UUID]] = {}
    for it in entries:
        if it.bill_id is not None and it.bill_line is not None:
            found.setdefault((it.bill_id, it.bill_line), []).append(it.entry_id)
    return [
        BillLineView(bill_id=bill, line=line, entries=ids) for (bill, line), ids in found.items()
    ]


def rules(entries: Sequence[EntryView]) -> list[Rule]:
    found: dict[tuple[str, int], list[UUID]] = {}
    for it in entries:
        found.setdefault((it.rule, it.rule_version), []).append(it.entry_id)
    return [Rule(rule=name, version=version, entries=ids) for (name, version), ids in found.items()]
