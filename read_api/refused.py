"""GET /v1/dashboard/refusals: what people are refused, how often, and why."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, LiteralString

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from read_api.access import ALL
from read_api.asked import Range
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/dashboard/refusals", tags=["dashboard"])

READING = Reading(needs=frozenset({ALL}))  # counted by command, not by position
MINUTES_MAX: Final = timedelta(days=3)

LINES: Final[dict[str, LiteralString]] = {
    "code": "select null::timestamptz as minute, command, outcome as code, sum(times)::bigint as times",
    "minute": "select minute, command, outcome as code, sum(times)::bigint as times",
}
WHERE: LiteralString = """ from read.refusals_v1
where tenant = %(tenant)s and minute >= %(since)s and minute < %(until)s
  and (%(command)s::text is null or command = %(command)s)"""
REFUSED: LiteralString = " and outcome <> 'accepted' group by 1, 2, 3 order by 1, 4 desc, 2, 3"
DECIDED: LiteralString = "select coalesce(sum(times), 0)::bigint as decided"


class Line(BaseModel):
    """One reason for one command; `minute` is set when asked for by minute."""

    minute: datetime | None
    command: str
    code: str
    times: int


class Refusals(BaseModel):
    """Lines, how many commands were refused, and how many were decided at all."""

    since: datetime
    until: datetime
    lines: list[Line]
    refused: int
    decided: int


class Asking(Range):
    """What is shown, and how it is put together."""

    by: Literal["code", "minute"] = "code"
    command: Annotated[str, Field(pattern=r"^[a-z_]{1,60}$")] | None = None


@router.get("")
async def list_refusals(
    request: Request,
    snapshot: Annotated[Snapshot, Depends(READING)],
    asked: Annotated[Asking, Query()],
) -> Refusals:
    """Refusals over the minutes that begin in the range, the most frequent first."""
    since, until = asked.bounds(
        request.app.state.clock.now(), MINUTES_MAX if asked.by == "minute" else None
    )
    values = {"tenant": snapshot.tenant, "since": since, "until": until, "command": asked.command}
    lines = [
        Line(**row) for row in await snapshot.rows(LINES[asked.by] + WHERE + REFUSED, **values)
    ]
    (row,) = await snapshot.rows(DECIDED + WHERE, **values)
    return Refusals(
        since=since,
        until=until,
        lines=lines,
        refused=sum(line.times for line in lines),
        decided=row["decided"],
    )
