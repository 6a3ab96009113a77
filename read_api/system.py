"""GET /v1/system: is the platform well? Owners, followers, what is left to do, and what went wrong."""

from datetime import datetime
from typing import Annotated, LiteralString

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from projections import refusals
from read_api.access import ADMIN
from read_api.asked import Strict
from read_api.freshness import LAG, Model, model_of
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/system", tags=["system"])

READING = Reading(needs=frozenset({ADMIN}))

OWNER: LiteralString = "select * from read.owner_of(%(cell)s)"
TODO: LiteralString = """
select process, count(*) as points, min(since) as oldest, max(tries) as most_tries,
  count(*) filter (where due_at <= %(now)s) as due, count(parked_at) as set_aside,
  (array_agg(why order by tries desc) filter (where why is not null))[1] as why
from read.todo where tenant = %(tenant)s group by process order by process"""
PARKED: LiteralString = """
select handler, count(distinct stream_id) as streams, count(*) as events, min(parked_at) as oldest,
  (array_agg(error order by position) filter (where error is not null))[1] as error
from read.parked where tenant = %(tenant)s group by handler order by handler"""
ALARMS: LiteralString = """
select kind, detail, at from read.alarms where cell = %(cell)s order by alarm_id desc limit 50"""
STREAMS: LiteralString = """
select stream_epoch, after_position, reason, at from read.streams
where cell = %(cell)s order by stream_epoch desc limit 10"""


class Owner(BaseModel):
    """The engine that owns the cell, and the end of its logs."""

    epoch: int
    head_position: int
    command_seq: int
    address: str
    silent_seconds: float
    last_at: datetime | None


class Todo(BaseModel):
    """What a process still has to see done for this tenant. Points that stay for long are stuck."""

    process: str
    points: int
    due: int
    set_aside: int
    oldest: datetime
    most_tries: int
    why: str | None


class Parked(BaseModel):
    """Events of this tenant that a read model could not take."""

    handler: str
    streams: int
    events: int
    oldest: datetime
    error: str | None


class Alarm(BaseModel):
    kind: str
    detail: str
    at: datetime


class Life(BaseModel):
    """One life of the cell's JetStream stream."""

    stream_epoch: int
    after_position: int
    reason: str
    at: datetime


class System(BaseModel):
    """The caller's cell."""

    cell: str
    at: datetime
    owner: Owner | None
    models: list[Model]
    todo: list[Todo]
    parked: list[Parked]
    alarms: list[Alarm]
    streams: list[Life]


@router.get("")
async def system(
    request: Request, snapshot: Annotated[Snapshot, Depends(READING)], _: Annotated[Strict, Query()]
) -> System:
    """Owner and epoch, lag of every follower, stuck processes, parked events, alarms."""
    cell, now = snapshot.token.cell, request.app.state.clock.now()
    lag = await snapshot.rows(LAG, cell=cell, refusals=refusals.NAME)
    (owner,) = await snapshot.rows(OWNER, cell=cell)
    todo = await snapshot.rows(TODO, tenant=snapshot.tenant, now=now)
    return System(
        cell=cell,
        at=now,
        owner=Owner(**owner) if owner["epoch"] is not None else None,
        models=[model_of(row, now) for row in lag],
        todo=[Todo(**row) for row in todo],
        parked=[Parked(**row) for row in await snapshot.rows(PARKED, tenant=snapshot.tenant)],
        alarms=[Alarm(**row) for row in await snapshot.rows(ALARMS, cell=cell)],
        streams=[Life(**row) for row in await snapshot.rows(STREAMS, cell=cell)],
    )
