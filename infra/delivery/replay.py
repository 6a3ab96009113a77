"""Read models made again from the log, and digests that tell whether two tables hold the same rows.

Everything here acts as `tuan_projector`, which owns the tables.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import AsyncConnection, sql

from infra.delivery.checkpoints import count_parked, note_remade
from infra.delivery.handlers import Handler, Sorter, projecting
from infra.delivery.log import BATCH, Log
from infra.delivery.messages import START, Place
from infra.delivery.parking import apply_around_failures
from projections.recorded import Projection

DDL_LOCK: Final = "select pg_advisory_xact_lock(hashtextextended('tuan read models', 0))"
DIGEST: Final = """
select count(*), coalesce(sum(('x' || left(hash, 16))::bit(64)::bigint::numeric), 0),
       coalesce(sum(('x' || right(hash, 16))::bit(64)::bigint::numeric), 0)
from (select md5(row::text) as hash from {table} as row) as hashes"""

IN_USE: Final = """
select cell, position, encode(hash, 'hex'), epoch, at from read.checkpoints where handler = %s"""
LOCK: Final = "select from read.checkpoints where handler = %s order by cell for update"
SWITCH: Final = """
update read.checkpoints set position = %s, hash = decode(%s, 'hex'), epoch = %s, at = %s,
  halted = null, halted_at = null
where handler = %s and cell = %s"""
DROP_PARKED: Final = "delete from read.parked where handler = %s"
TAKE_PARKED: Final = "update read.parked set handler = %s where handler = %s"

Progress = Callable[[str, int, int], None]
"""Told the cell, the position reached and the head, now and then."""


class Rebuilt(NamedTuple):
    """What a rebuild found. `same` compares the old tables with the new ones at one position.

    It is None when the old ones were at a position that the log does not have (any more).
    """

    places: dict[str, Place]
    same: bool | None
    parked: int


async def make_tables(
    conn: AsyncConnection[Any], tables: Sequence[LiteralString], ddl: LiteralString
) -> None:
    """Make the tables of a projection in schema `read` unless they are there."""
    async with conn.transaction():
        await conn.execute(DDL_LOCK)  # several projectors may start at once
        row = await (
            await conn.execute("select to_regclass(%s)", (f"read.{tables[0]}",))
        ).fetchone()
        if row and row[0] is None:
            await conn.execute("set local search_path = read")
            await conn.execute(ddl)


async def digest(conn: AsyncConnection[Any], schema: str, tables: Sequence[str]) -> str:
    """The same for the same rows, in whatever order they were written."""
    parts = []
    for table in tables:
        query = sql.SQL(DIGEST).format(table=sql.Identifier(schema, table))
        row = await (await conn.execute(query)).fetchone()
        assert row is not None
        parts.append(f"{table}:{row[0]}:{row[1]}:{row[2]}")
    return " ".join(parts)


def no_progress(cell: str, position: int, head: int) -> None:
    """Nobody looks."""


async def replay(
    conn: AsyncConnection[Any],
    projection: Projection,
    cell: str,
    *,
    start: Place = START,
    until: int | None = None,
    progress: Progress = no_progress,
) -> Place:
    """Apply the log after `start` to the tables in schema `rebuild`, to `until` or its end.

    What cannot be applied is parked under the name of the projection followed by `~`.
    """
    handler = beside(projection)
    sorter = Sorter([handler])
    events = Log(conn, cell)
    head = (await events.head()).position if until is None else until
    place = start
    await conn.execute("set search_path = rebuild")
    try:
        while place.position < head:
            batch = await events.after(place, min(BATCH, head - place.position))
            async with conn.transaction():
                items = sorter.sort(batch)[handler.name]
                stopped = await apply_around_failures(conn, handler, cell, items)
                if stopped is not None:
                    raise RuntimeError(
                        f"{projection.name} stops at {stopped.message.position}: {stopped.error}"
                    )
            place = batch[-1].place
            progress(cell, place.position, head)
    finally:
        if not conn.broken:
            await conn.execute("set search_path = read")
    return place


def beside(projection: Projection) -> Handler:
    """The projection under another name, so that what it parks is told from what is parked in use."""
    return projecting(projection)._replace(name=f"{projection.name}~")


async def empty_tables(conn: AsyncConnection[Any], projection: Projection) -> None:
    """Fresh tables in schema `rebuild`."""
    async with conn.transaction():
        await conn.execute("set local search_path = rebuild")
        for table in projection.tables:
            await conn.execute(sql.SQL("drop table if exists {}").format(sql.Identifier(table)))
        await conn.execute(projection.ddl)
        await conn.execute(DROP_PARKED, (beside(projection).name,))


async def rebuild(
    conn: AsyncConnection[Any],
    projection: Projection,
    cells: Sequence[str],
    progress: Progress = no_progress,
) -> Rebuilt:
    """Make the tables again beside the ones in use, and switch. The consumer goes on meanwhile.

    Only the last events, the comparison and the switch hold the checkpoints.
    """
    await empty_tables(conn, projection)
    places = {cell: START for cell in cells}
    behind = BATCH + 1
    while behind > BATCH:  # what is recorded meanwhile is caught up with, until little is left
        behind = await catch_up(conn, projection, places, progress)
    async with conn.transaction():
        await conn.execute(LOCK, (projection.name,))
        comparable = await goals(conn, projection, places)
        await catch_up(conn, projection, places, no_progress)
        same = await equal(conn, projection) if None not in comparable.values() else None
        await switch(conn, projection, places)
        if not same:
            await note_remade(conn, projection.name, cells)
        parked = sum([await count_parked(conn, projection.name, cell) for cell in cells])
    return Rebuilt(places, same, parked)


async def catch_up(
    conn: AsyncConnection[Any], projection: Projection, places: dict[str, Place], progress: Progress
) -> int:
    """Bring every cell to where the tables in use are; returns how many events that took."""
    before = sum(place.position for place in places.values())
    for cell, until in (await goals(conn, projection, places)).items():
        places[cell] = await replay(
            conn, projection, cell, start=places[cell], until=until, progress=progress
        )
    return sum(place.position for place in places.values()) - before


async def goals(
    conn: AsyncConnection[Any], projection: Projection, cells: Iterable[str]
) -> dict[str, int | None]:
    """How far the tables in use are in each cell; None where they are not on the log (any more)."""
    rows = await (await conn.execute(IN_USE, (projection.name,))).fetchall()
    in_use = {row[0]: Place(*row[1:]) for row in rows}
    reached: dict[str, int | None] = {}
    for cell in cells:
        place = in_use.get(cell, START)
        there = await Log(conn, cell).at(place.position)
        reached[cell] = place.position if there and there.hash == place.hash else None
    return reached


async def equal(conn: AsyncConnection[Any], projection: Projection) -> bool:
    """Do the tables in use hold the same rows as the new ones?"""
    in_use = await digest(conn, "read", projection.tables)
    return in_use == await digest(conn, "rebuild", projection.tables)


async def switch(
    conn: AsyncConnection[Any], projection: Projection, places: dict[str, Place]
) -> None:
    """Put the new tables in the place of the old ones, together with their checkpoints and parked events."""
    for table in projection.tables:
        await conn.execute(sql.SQL("drop table if exists read.{}").format(sql.Identifier(table)))
        await conn.execute(
            sql.SQL("alter table rebuild.{} set schema read").format(sql.Identifier(table))
        )
    await conn.execute(DROP_PARKED, (projection.name,))
    await conn.execute(TAKE_PARKED, (projection.name, beside(projection).name))
    for cell, place in places.items():
        await conn.execute(SWITCH, (*place, projection.name, cell))
