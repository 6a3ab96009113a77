"""The to-do lists in Postgres: opened and closed by facts, claimed by workers."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from commands.processes.todo import Open, Point, Process
from infra.delivery.handlers import Handler, tags
from projections.recorded import Recorded, Tx

BACK_OFF: Final = tuple(timedelta(seconds=s) for s in (2, 5, 10, 30, 60, 300, 600))

CLOSE: LiteralString = "delete from todo where process = %s and subject = any(%s::uuid[])"
OPEN: LiteralString = """
insert into todo (process, subject, detail, tenant, due_at, since)
select %s, * from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::timestamptz[])
on conflict (process, subject) do nothing"""
CLAIM: LiteralString = """
update todo t set tries = t.tries + 1,
  due_at = %(now)s + (%(steps)s::interval[])[least(t.tries + 1, cardinality(%(steps)s::interval[]))]
from (select process, subject from todo where due_at <= %(now)s order by due_at, subject
      limit %(limit)s for update skip locked) due
where t.process = due.process and t.subject = due.subject
returning t.process, t.tenant, t.subject, t.detail, t.tries - 1"""
NOTE: LiteralString = "update todo set why = %s where process = %s and subject = %s"


def following(process: Process) -> Handler:
    """The handler that keeps the list of `process`."""

    async def project(batch: Sequence[Recorded], tx: Tx) -> None:
        await apply(process, batch, tx)

    return Handler(f"todo_{process.name}", tags(process.interest), project=project, parks=True)


async def apply(process: Process, batch: Sequence[Recorded], tx: Tx) -> None:
    """What the batch leaves open is opened, what it settles is closed; facts are taken in order."""
    opened: dict[UUID, tuple[Open, Recorded]] = {}
    closed: set[UUID] = set()
    for recorded in batch:
        for change in process.changes(recorded.event):
            if isinstance(change, Open):
                opened[change.subject] = change, recorded
            else:
                opened.pop(change.subject, None)
                closed.add(change.subject)
    if closed:
        await tx.execute(CLOSE, (process.name, list(closed)))
    if opened:
        columns = _columns(opened)
        await tx.execute(OPEN, (process.name, *columns))


def _columns(opened: Mapping[UUID, tuple[Open, Recorded]]) -> tuple[list[Any], ...]:
    points = opened.values()
    return (
        list(opened),
        [point.detail for point, _ in points],
        [recorded.tenant for _, recorded in points],
        [recorded.at + point.after for point, recorded in points],
        [recorded.at for _, recorded in points],
    )


async def claim(conn: AsyncConnection[Any], now: datetime, limit: int) -> list[Point]:
    """The points that are due. Each is due again later, unless a fact closes it first."""
    values = {"now": now, "steps": list(BACK_OFF), "limit": limit}
    cursor = await conn.execute(CLAIM, values)
    return [Point(*row) for row in await cursor.fetchall()]


async def note(conn: AsyncConnection[Any], point: Point, why: str) -> None:
    """Remember what the attempt met."""
    await conn.execute(NOTE, (why[:500], point.process, point.subject))
