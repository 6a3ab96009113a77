"""GET /v1/streams/{id}: one stream as it happened, for engineers: state before and after each event, and the command.

How a state follows from events is a rule, and no rule runs here: whoever wires this API brings the reader.
"""

from datetime import datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from domain.problem import NOT_FOUND
from read_api.access import ADMIN
from read_api.asked import Instant, Strict
from read_api.problems import Refused
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/streams", tags=["system"])

READING = Reading(needs=frozenset({ADMIN}))


class StreamReader(Protocol):
    """Reads the log of the write side, as it stands."""

    async def read(
        self,
        cell: str,
        tenant: str,
        id: UUID,
        *,
        until: int,
        at: datetime | None,
        after: int,
        limit: int,
    ) -> list[dict[str, Any]]:
        """Events of a stream with version above `after`, as it was at position `until` and at time `at`.

        The fields of `Event` for each.

        Empty when the tenant has no such stream.
        """


class Event(BaseModel):
    """One event. `changed`: path -> before and after; `trouble`: why there is no state. Sealed fields stay sealed."""

    position: int
    epoch: int
    at: datetime
    category: str
    version: int
    type: str
    event: Any
    before: dict[str, Any] | None
    state: dict[str, Any] | None
    changed: dict[str, tuple[Any, Any]]
    trouble: str
    command: dict[str, Any] | None
    hash: Annotated[str, Field(description="Chains it to every event of the cell before it.")]


class Stream(BaseModel):
    """A part of a stream; ask again with `after` = the last version while `more`."""

    stream_id: UUID
    events: list[Event]
    more: bool


class Asking(Strict):
    """Which part."""

    after: Annotated[int, Field(ge=0, description="Versions up to this one are left out.")] = 0
    until: Annotated[int, Field(ge=0, description="The log as it was at this position.")] = 2**62
    at: Annotated[Instant | None, Field(description="The log as it was at this time.")] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


@router.get("/{stream_id}")
async def get_stream(
    stream_id: UUID,
    request: Request,
    snapshot: Annotated[Snapshot, Depends(READING)],
    asked: Annotated[Asking, Query()],
) -> Stream:
    """Events in order, each with the state around it and the command that caused it."""
    reader: StreamReader = request.app.state.streams
    found = await reader.read(
        snapshot.token.cell,
        snapshot.tenant,
        stream_id,
        until=asked.until,
        at=asked.at,
        after=asked.after,
        limit=asked.limit + 1,
    )
    if not found and asked.after == 0:
        raise Refused(NOT_FOUND)
    events = [Event(**one) for one in found[: asked.limit]]
    return Stream(stream_id=stream_id, events=events, more=len(found) > asked.limit)
