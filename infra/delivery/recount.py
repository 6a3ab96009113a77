"""Refusals counted again from the log of commands, compared with the counts in use at one instant, and switched."""

from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, IsolationLevel, sql

from infra.delivery.decisions import OPEN, Decisions, count_again
from infra.delivery.replay import Progress, digest
from projections import refusals

TRIES: Final = 20  # the counts in use may move on at the very moment we begin
HOLD: Final = "select cell from read.checkpoints where handler = %s order by cell for update"
END: Final = "select coalesce(max(seq), 0) from {cell}.commands"


async def recount(
    conn: AsyncConnection[Any], dsn: str, cells: Sequence[str], progress: Progress
) -> bool:
    """Were the counts in use right? All of it is one transaction: until it commits, readers see the old ones."""
    for cell in cells:
        await conn.execute(OPEN, (refusals.NAME, cell))
    for _ in range(TRIES - 1):
        try:
            return await attempt(conn, dsn, cells, progress)
        except psycopg.errors.SerializationFailure:
            continue
    return await attempt(conn, dsn, cells, progress)


async def attempt(
    conn: AsyncConnection[Any], dsn: str, cells: Sequence[str], progress: Progress
) -> bool:
    """One instant of the log for both counts. Raises: SerializationFailure when somebody was counting just now."""
    await conn.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    try:
        async with conn.transaction():
            await conn.execute(HOLD, (refusals.NAME,))
            await count(conn, dsn, cells)
            in_use = await digest(conn, "read", refusals.TABLES)
            await count_again(conn)
            await count(conn, dsn, cells, progress)
            return in_use == await digest(conn, "read", refusals.TABLES)
    finally:
        if not conn.broken:
            await conn.set_isolation_level(None)


async def count(
    conn: AsyncConnection[Any], dsn: str, cells: Sequence[str], progress: Progress | None = None
) -> None:
    """From the checkpoints to the end of the logs as this transaction sees them."""
    for cell in cells:
        decisions = Decisions(cell, dsn)
        query = sql.SQL(END).format(cell=sql.Identifier(cell))
        row = await (await conn.execute(query)).fetchone()
        end, done = (row[0] if row else 0), 0
        while counted := await decisions.step(conn):
            done += counted
            if progress is not None:
                progress(cell, done, end)
