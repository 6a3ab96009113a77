"""From the log of commands to the projection of refusals: what was decided, and what was not granted.

Refusals are no events, so they never travel over NATS; the log of commands is dense by `seq` and read as it
grows. Several processes may do this: each step locks the checkpoint and goes on from what it finds there.
"""

import asyncio
import logging
from typing import Any, Final

from psycopg import AsyncConnection, sql

from infra.delivery.alarms import raise_alarm
from infra.delivery.connect import UNREACHABLE, connect
from infra.delivery.log import Diverged
from infra.delivery.messages import Place
from infra.delivery.metrics import APPLIED, POSITION
from infra.delivery.parking import passes
from infra.wanted import still_wanted
from projections import refusals
from projections.refusals import Decision

log = logging.getLogger(__name__)

BATCH: Final = 5000  # commands counted in one transaction
POLL_SECONDS: Final = 0.25
HALTED_SECONDS: Final = 5.0  # before a halted projection is looked at again

OPEN: Final = "insert into read.checkpoints (handler, cell) values (%s, %s) on conflict do nothing"
RESUME: Final = "update read.checkpoints set halted = null where handler = %s and cell = %s"
LOCK: Final = """
select position, encode(hash, 'hex'), halted from read.checkpoints
where handler = %s and cell = %s for update"""
AFTER: Final = """
select seq, at, tenant, name, outcome, encode(hash, 'hex')
from {cell}.commands where seq >= %s order by seq limit %s"""
ADVANCE: Final = """
update read.checkpoints set position = %s, hash = decode(%s, 'hex'), at = %s where handler = %s and cell = %s"""
FROM_THE_START: Final = """
update read.checkpoints set position = 0, hash = decode(repeat('00', 32), 'hex'), halted = null
where handler = %s"""
HALT: Final = """
update read.checkpoints set halted = %s, halted_at = clock_timestamp() where handler = %s and cell = %s"""


class Decisions:
    """Keeps `refusals` up to date for one cell. `run()` never returns; cancel it."""

    def __init__(self, cell: str, dsn: str) -> None:
        self.cell = cell
        self._dsn = dsn
        self._key = (refusals.NAME, cell)
        self._after = sql.SQL(AFTER).format(cell=sql.Identifier(cell))

    async def run(self) -> None:
        """Count for ever, beginning again whenever Postgres is lost."""
        while True:
            try:
                async with await connect(self._dsn, "tuan-decisions") as conn:
                    await conn.execute(OPEN, self._key)
                    await conn.execute(RESUME, self._key)
                    while True:
                        await self._step_or_halt(conn)
            except UNREACHABLE as error:
                still_wanted()
                log.warning("%s: decisions begin again: %s", self.cell, error)
            await asyncio.sleep(POLL_SECONDS)

    async def _step_or_halt(self, conn: AsyncConnection[Any]) -> None:
        try:
            counted = await self.step(conn)
        except Exception as error:
            if passes(error):
                raise
            why = f"{type(error).__name__}: {error}"
            await conn.execute(HALT, (why, *self._key))
            await raise_alarm(conn, self.cell, "projection_halted", f"{refusals.NAME}: {why}")
            counted = None
        if counted is None:
            await asyncio.sleep(HALTED_SECONDS)
        elif counted < BATCH:
            await asyncio.sleep(POLL_SECONDS)

    async def step(self, conn: AsyncConnection[Any]) -> int | None:
        """Count what was decided since the checkpoint; None while the projection stands still.

        Raises: Diverged when the log of commands is not the one that was counted so far.
        """
        async with conn.transaction():
            row = await (await conn.execute(LOCK, self._key)).fetchone()
            if row is None or row[2] is not None:
                return None
            seq, hash, _ = row
            rows = await (await conn.execute(self._after, (seq, BATCH + 1), binary=True)).fetchall()
            if seq > 0:
                if not rows or rows[0][0] != seq or rows[0][5] != hash:
                    raise Diverged(Place(seq, hash), rows[0][5] if rows else None)
                del rows[0]
            if rows:
                await refusals.project([Decision(*row[:5]) for row in rows], conn)
                last = rows[-1]
                await conn.execute(ADVANCE, (last[0], last[5], last[1], *self._key))
                POSITION.labels(self.cell, refusals.NAME).set(last[0])
                APPLIED.labels(self.cell, refusals.NAME).inc(len(rows))
        return len(rows)


async def count_again(conn: AsyncConnection[Any]) -> None:
    """Forget every count and begin anew: what `rebuild` is to the other projections."""
    async with conn.transaction():
        await conn.execute(FROM_THE_START, (refusals.NAME,))  # locks: nobody counts meanwhile
        for table in refusals.TABLES:
            # Not truncate: whoever reads meanwhile goes on seeing the old counts, and waits for nothing.
            await conn.execute(sql.SQL("delete from {}").format(sql.Identifier("read", table)))
