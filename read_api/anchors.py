"""GET /v1/anchors: where the log of the tenant's cell stood at the end of each business day, signed.

Whoever keeps such a note outside can tell later whether the log was cut off or written again. `tuan verify
--anchor` and the verifier in every evidence pack take it as it is.
"""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, LiteralString

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from domain.problem import NOT_FOUND
from read_api.access import AUDIT
from read_api.asked import Strict
from read_api.pages import next_key, read_key
from read_api.problems import CURSOR_INVALID, Refused
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/anchors", tags=["evidence"])

READING = Reading(needs=frozenset({AUDIT}))
LIST: Final = "anchors"
ANCHORS: LiteralString = "select * from read.anchors_of(%(cell)s, %(before)s, %(most)s)"


class Anchor(BaseModel):
    """`note` is what was signed: a checkpoint as C2SP describes it; the other fields say the same. Hashes are hex."""

    day: Annotated[date, Field(description="Asia/Shanghai; the log as it was when it ended.")]
    epoch: int
    position: Annotated[int, Field(description="Of the last event: as many events there were.")]
    head_hash: str
    root: Annotated[str, Field(description="Of the Merkle tree over the hashes of all events.")]
    command_seq: int
    command_hash: str
    command_root: str
    at: datetime
    note: str


class Anchors(BaseModel):
    """The latest first."""

    items: list[Anchor]
    next: str | None


class Asking(Strict):
    """Which page."""

    limit: Annotated[int, Field(ge=1, le=200)] = 31
    cursor: Annotated[
        str | None, Field(max_length=200, description="`next` of the page before.")
    ] = None


def anchor(row: dict[str, Any]) -> Anchor:
    shown: dict[str, Any] = {
        name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()
    }
    return Anchor(**shown)


@router.get("")
async def list_anchors(
    snapshot: Annotated[Snapshot, Depends(READING)], asked: Annotated[Asking, Query()]
) -> Anchors:
    """Every anchor of the tenant's cell, page by page."""
    key = read_key(asked.cursor, LIST, str)
    try:
        before = None if key is None else date.fromisoformat(key)
    except ValueError:
        raise Refused(CURSOR_INVALID) from None
    cell, most = snapshot.token.cell, asked.limit + 1
    rows = await snapshot.rows(ANCHORS, cell=cell, before=before, most=most)
    return Anchors(
        items=[anchor(row) for row in rows[: asked.limit]],
        next=next_key(LIST, [str(row["day"]) for row in rows], asked.limit),
    )


@router.get("/{day}")
async def get_anchor(day: date, snapshot: Annotated[Snapshot, Depends(READING)]) -> Anchor:
    """The anchor of one business day."""
    if day == date.max:
        raise Refused(NOT_FOUND)
    before = day + timedelta(days=1)
    rows = await snapshot.rows(ANCHORS, cell=snapshot.token.cell, before=before, most=1)
    if not rows or rows[0]["day"] != day:
        raise Refused(NOT_FOUND)
    return anchor(rows[0])
