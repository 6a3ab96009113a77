"""Entries of the ledger as the API shows them. Amounts are fen."""

from collections.abc import Iterable
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from read_api.pages import Page


class LineView(BaseModel):
    """One side of a move."""

    account: str
    sub_key: str
    debit_fen: int
    credit_fen: int


class EntryView(BaseModel):
    """What one event means in the books, or its `nth` part. `reference` is the other side's number; `bill_id` and
    `bill_line` prove it; `corrects` names the entry that it puts right.
    """

    entry_id: UUID
    position: int
    nth: int
    event: str
    rule: str
    order_id: UUID | None
    refund_id: UUID | None
    merchant_id: UUID | None
    reference: str
    value_date: date
    recorded_at: datetime
    rule_version: int
    corrects: UUID | None
    bill_id: UUID | None
    bill_line: int | None
    lines: list[LineView]


class Entries(Page[EntryView]):
    """Entries, the latest first."""

    degraded: bool


def entries(rows: Iterable[dict[str, Any]]) -> list[EntryView]:
    """Entries of lines that come entry by entry."""
    found = []
    for _, of_one in groupby(rows, key=lambda row: (row["position"], row["nth"])):
        lines = list(of_one)
        found.append(EntryView(**lines[0], lines=[LineView(**line) for line in lines]))
    return found
