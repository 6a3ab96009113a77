"""A bill as finance sees it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel


class BillFault(BaseModel):
    """One place where a file is not what a bill has to be. Line 1 is the heading; 0 is the whole file."""

    line: int
    column: str
    what: str


class BillFile(BaseModel):
    """One file that the channel gave for this bill, and what came of it: `accepted` or `rejected`."""

    came_as: str
    sha256: str
    channel_hash: str
    size: int
    at: datetime
    lines: int | None = None
    error_count: int | None = None
    errors: list[BillFault] = []


class BillView(BaseModel):
    """One bill. `sha256` names the file in force, whose lines and sums (in fen) are told; "" while there is none.

    `state`: `in_force`; `rejected`: what came cannot be read; `absent`: the channel says that there is none.
    """

    bill_id: UUID
    channel: str
    mchid: str
    kind: str
    account: str
    bill_date: date
    state: str
    sha256: str
    lines: int
    duplicates: int
    sums: dict[str, Any] | None
    files: list[BillFile]
    changed_at: datetime
    position: int
    degraded: bool
