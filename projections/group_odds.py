"""How did groups end that missed so many members with so much time left? Counted for every group that was decided.

A group is looked at as it stood when each of `LEFT` was left to it, and counted once for each, under the members it
missed then. From these counts come the odds that an open group fails, and its money has to go back; a group that
failed because its last member withdrew left no money behind and is not counted.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, LiteralString, TypeAlias, assert_never
from uuid import UUID

import msgspec

from domain.events.group import (
    GroupFailed,
    GroupOpened,
    GroupStarted,
    GroupSucceeded,
    SeatFilled,
    SeatReleased,
)
from projections.recorded import Projection, Recorded, Tx, load, save

NAME: Final = "group_odds_v1"
LEFT: Final = (0, 10, 30, 60, 180, 360, 720, 1440, 2880)  # minutes before the deadline
EVER: Final = -1  # in place of minutes: every group once, whatever it missed

TABLE: LiteralString = """
create table group_courses_v1 (
  group_id   uuid          primary key,
  tenant     text          not null,
  seats      integer       not null,
  started_at timestamptz,                          -- its leader has paid
  closes_at  timestamptz,
  filled_at  timestamptz[] not null,               -- a seat was paid
  left_at    timestamptz[] not null,               -- a paid member withdrew
  position   bigint        not null
) with (fillfactor = 50);
create table group_odds_v1 (
  tenant       text    not null,
  missing      integer not null,                   -- members
  left_minutes integer not null,                   -- to the deadline; -1: every group once, missing 0
  succeeded    bigint  not null,
  failed       bigint  not null,
  position     bigint  not null,
  primary key (tenant, missing, left_minutes)
) with (fillfactor = 50);
select read.tenants_apart('group_courses_v1'), read.tenants_apart('group_odds_v1')"""

LOAD: LiteralString = "select * from group_courses_v1 where group_id = any(%s)"
SAVE: LiteralString = """
insert into group_courses_v1
select * from json_populate_recordset(null::group_courses_v1, %s::json)
on conflict (group_id) do update set
  started_at = excluded.started_at, closes_at = excluded.closes_at, filled_at = excluded.filled_at,
  left_at = excluded.left_at, position = excluded.position"""
ADD: LiteralString = """
insert into group_odds_v1 as old
select * from json_populate_recordset(null::group_odds_v1, %s::json)
on conflict (tenant, missing, left_minutes) do update set
  succeeded = old.succeeded + excluded.succeeded, failed = old.failed + excluded.failed,
  position = greatest(old.position, excluded.position)"""

Interest: TypeAlias = (
    GroupOpened | GroupStarted | SeatFilled | SeatReleased | GroupSucceeded | GroupFailed
)


class Course(msgspec.Struct):
    """The columns, in order."""

    group_id: UUID
    tenant: str
    seats: int
    started_at: datetime | None = None
    closes_at: datetime | None = None
    filled_at: list[datetime] = []
    left_at: list[datetime] = []
    position: int = 0


class Odds(msgspec.Struct):
    """The columns, in order."""

    tenant: str
    missing: int
    left_minutes: int
    succeeded: int = 0
    failed: int = 0
    position: int = 0


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Follow each group's course; when it is decided, count how it stood on its way."""
    fresh = {one.stream for one in batch if isinstance(one.event, GroupOpened)}
    courses = await load(tx, LOAD, Course, {one.stream for one in batch} - fresh)
    odds: dict[tuple[str, int, int], Odds] = {}
    for one in batch:
        if isinstance(one.event, GroupOpened):
            courses[one.stream] = Course(one.stream, one.tenant, one.event.terms.seats)
        course = courses[one.stream]
        course.position = one.position
        if not isinstance(one.event, GroupSucceeded | GroupFailed):
            follow(course, one.event)
            continue
        if isinstance(one.event, GroupFailed) and one.event.why == "withdrawn":
            continue
        for missing, left in stood(course, one.event.at):
            key = one.tenant, missing, left
            row = odds.setdefault(key, Odds(*key))
            row.position = one.position
            row.succeeded += isinstance(one.event, GroupSucceeded)
            row.failed += isinstance(one.event, GroupFailed)
    await save(tx, SAVE, courses.values())
    await save(tx, ADD, odds.values())


def follow(course: Course, event: GroupOpened | GroupStarted | SeatFilled | SeatReleased) -> None:
    match event:
        case GroupOpened():
            pass  # made by `project`
        case GroupStarted():
            course.started_at, course.closes_at = event.at, event.closes_at
        case SeatFilled():
            course.filled_at.append(event.at)
        case SeatReleased():
            if event.why == "withdrawn":  # only a paid member withdraws
                course.left_at.append(event.at)
        case _:
            assert_never(event)


def stood(course: Course, decided_at: datetime) -> Iterator[tuple[int, int]]:
    """Members missing, and minutes left, at each look at the group between its start and its end."""
    yield 0, EVER
    if course.started_at is None or course.closes_at is None:
        return
    for minutes in LEFT:
        at = course.closes_at - timedelta(minutes=minutes)
        if course.started_at <= at <= decided_at:
            filled = sum(it <= at for it in course.filled_at)
            yield course.seats - filled + sum(it <= at for it in course.left_at), minutes


PROJECTION = Projection(
    NAME, ("group_courses_v1", "group_odds_v1"), TABLE, Interest, project, parks=True
)
