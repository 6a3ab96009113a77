"""The to-do lists in Postgres: opened and closed by facts, claimed by workers."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from commands.processes.todo import Done, Due, Open, Point, Process, Wait
from infra.delivery.handlers import Handler, tags
from projections.recorded import Recorded, Tx

CRASHES_MAX: Final = 5  # of a worker over one point, since it was opened or released
BACK_OFF: Final = tuple(timedelta(seconds=s) for s in (2, 5, 10, 30, 60, 300, 600))

CLOSE: LiteralString = "delete from todo where process = %s and subject = any(%s::uuid[])"
POSTPONE: LiteralString = """
insert into todo (process, subject, detail, tenant, due_at, since)
select %s, * from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::timestamptz[])
on conflict (process, subject) do update set due_at = excluded.due_at"""
ANEW: LiteralString = """
update todo set parked_at = null, crashes = 0 where process = %s and subject = any(%s::uuid[])"""
OPEN: LiteralString = """
insert into todo (process, subject, detail, tenant, due_at, since)
select %s, * from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::timestamptz[])
on conflict (process, subject) do nothing"""
TENANTS: LiteralString = "select tenant from todo_tenants where process = %s and tenant = any(%s)"
TAKES_PART: LiteralString = """
insert into todo_tenants (process, tenant) select %s, * from unnest(%s::text[]) on conflict do nothing"""
# Materialized: as a plain subquery the planner may run it once for each row, and its limit holds each time.
CLAIM: LiteralString = """
with due as materialized (
  select process, subject from todo where due_at <= %(now)s and parked_at is null
  order by due_at, subject limit %(limit)s for update skip locked)
update todo t set tries = t.tries + 1,
  due_at = %(now)s + (%(steps)s::interval[])[least(t.tries + 1, cardinality(%(steps)s::interval[]))]
from due where t.process = due.process and t.subject = due.subject
returning t.process, t.tenant, t.subject, t.detail, t.tries - 1"""
NOTE: LiteralString = """
update todo set why = %s, due_at = coalesce(%s, due_at) where process = %s and subject = %s"""
CRASHED: LiteralString = """
update todo set why = %s, crashes = crashes + 1 where process = %s and subject = %s returning crashes"""
PARK: LiteralString = """
update todo set parked_at = %s where process = %s and subject = %s and parked_at is null"""
PARKED: LiteralString = """
select process, subject, crashes, why, parked_at from read.todo where parked_at is not null order by parked_at"""
RELEASE: LiteralString = """
update read.todo set parked_at = null, crashes = 0, due_at = %s where parked_at is not null and process = %s"""


def following(process: Process) -> Handler:
    """The handler that keeps the list of `process`."""

    async def project(batch: Sequence[Recorded], tx: Tx) -> None:
        await apply(process, batch, tx)

    return Handler(f"todo_{process.name}", tags(process.interest), project=project, parks=True)


async def apply(process: Process, batch: Sequence[Recorded], tx: Tx) -> None:
    """What the batch leaves open is opened, what it settles is closed; facts are taken in order."""
    if process.since is not None:
        batch = await concerned(process, process.since, batch, tx)
    opened: dict[UUID, tuple[Open, Recorded]] = {}
    postponed: dict[UUID, tuple[Due, Recorded]] = {}
    closed: set[UUID] = set()
    anew: set[UUID] = set()
    for recorded in batch:
        for change in process.changes(recorded.event):
            match change:
                case Open(subject=subject):
                    opened[subject] = change, recorded
                case Due(subject=subject):
                    postponed[subject] = change, recorded
                    anew |= {subject} if change.anew else set()
                case Done(subject=subject):
                    opened.pop(subject, None)
                    postponed.pop(subject, None)
                    closed.add(subject)
    if closed:
        await tx.execute(CLOSE, (process.name, list(closed)))
    if opened:
        await tx.execute(OPEN, (process.name, *_columns(opened)))
    if postponed:
        await tx.execute(POSTPONE, (process.name, *_columns(postponed)))
    if anew:
        await tx.execute(ANEW, (process.name, list(anew)))


async def concerned(
    process: Process, since: type[Any], batch: Sequence[Recorded], tx: Tx
) -> list[Recorded]:
    """What of the batch comes after a tenant's first `since`; remembers the tenants that have one now."""
    tenants = list({recorded.tenant for recorded in batch})
    rows = await (await tx.execute(TENANTS, (process.name, tenants))).fetchall()
    known = {row[0] for row in rows}
    kept, fresh = [], []
    for recorded in batch:
        if recorded.tenant not in known and isinstance(recorded.event, since):
            known.add(recorded.tenant)
            fresh.append(recorded.tenant)
        if recorded.tenant in known:
            kept.append(recorded)
    if fresh:
        await tx.execute(TAKES_PART, (process.name, fresh))
    return kept


def _columns(points: Mapping[UUID, tuple[Open | Due, Recorded]]) -> tuple[list[Any], ...]:
    every = points.values()
    return (
        list(points),
        [point.detail if isinstance(point, Open) else point.subject for point, _ in every],
        [recorded.tenant for _, recorded in every],
        [
            recorded.at + point.after if isinstance(point, Open) else point.at
            for point, recorded in every
        ],
        [recorded.at for _, recorded in every],
    )


async def claim(conn: AsyncConnection[Any], now: datetime, limit: int) -> list[Point]:
    """The points that are due. Each is due again later, unless a fact closes it first."""
    values = {"now": now, "steps": list(BACK_OFF), "limit": limit}
    cursor = await conn.execute(CLAIM, values)
    return [Point(*row) for row in await cursor.fetchall()]


async def close(conn: AsyncConnection[Any], point: Point) -> None:
    """Nothing was ever owed for it."""
    await conn.execute(CLOSE, (point.process, [point.subject]))


async def note(conn: AsyncConnection[Any], point: Point, wait: Wait) -> None:
    """Remember what the attempt met, and when it wants to be made again."""
    await conn.execute(NOTE, (wait.why[:500], wait.until, point.process, point.subject))


async def crashed(conn: AsyncConnection[Any], point: Point, why: str) -> bool:
    """Count a crash of the worker over this point; True when there were too many."""
    values = (why[:500], point.process, point.subject)
    row = await (await conn.execute(CRASHED, values)).fetchone()
    return row is not None and row[0] >= CRASHES_MAX


async def park(conn: AsyncConnection[Any], point: Point, now: datetime) -> bool:
    """Set the point aside; False when it is already, or settled meanwhile."""
    return (await conn.execute(PARK, (now, point.process, point.subject))).rowcount > 0


class SetAside(NamedTuple):
    """A point whose worker crashed over it too often."""

    process: str
    subject: UUID
    crashes: int
    why: str
    since: datetime


async def set_aside(conn: AsyncConnection[Any]) -> list[SetAside]:
    """What nobody works on any more, the longest first."""
    return [SetAside(*row) for row in await (await conn.execute(PARKED)).fetchall()]


async def release(conn: AsyncConnection[Any], process: str, now: datetime) -> int:
    """Let the points of a process be worked on again; returns how many."""
    return (await conn.execute(RELEASE, (now, process))).rowcount
