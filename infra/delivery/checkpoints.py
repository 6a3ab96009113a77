"""Leases and checkpoints: who consumes, and how far. The rows of `read.leases` and `read.checkpoints`.

The lease keeps a second process from doing the same work; the compare-and-set on lease and checkpoint,
in the transaction of the rows, keeps it from doing harm.
"""

from collections.abc import Collection, Iterable
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from infra.delivery.messages import Place
from infra.delivery.metrics import HALTED, PARKED, POSITION

SILENCE_SECONDS: Final = 3  # a lease not renewed for so long may be taken over

TAKE: Final = """
insert into read.leases as lease (consumer, cell, holder, renewed_at)
values (%s, %s, %s, clock_timestamp())
on conflict (consumer, cell) do update set holder = excluded.holder, renewed_at = excluded.renewed_at
where lease.holder = excluded.holder
   or lease.renewed_at < clock_timestamp() - make_interval(secs => %s)
returning true"""
HOLD: Final = "select from read.leases where consumer = %s and cell = %s and holder = %s for update"
RENEW: Final = """
update read.leases set renewed_at = clock_timestamp() where consumer = %s and cell = %s and holder = %s"""
YIELD: Final = "delete from read.leases where consumer = %s and cell = %s and holder = %s"

OPEN: Final = """
insert into read.checkpoints (handler, cell) select unnest(%s::text[]), %s on conflict do nothing"""
RESUME: Final = """
update read.checkpoints set halted = null, halted_at = null
where handler = any(%s) and cell = %s and halted is not null"""
LOAD: Final = """
select handler, position, encode(hash, 'hex'), epoch, at, parked, halted
from read.checkpoints where handler = any(%s) and cell = %s order by handler"""
LOCK: Final = LOAD + " for update"
ADVANCE: Final = """
update read.checkpoints set position = %s, hash = decode(%s, 'hex'), epoch = %s, at = %s, stream_epoch = %s
where handler = any(%s) and cell = %s"""
HALT: Final = """
update read.checkpoints set halted = %s, halted_at = clock_timestamp() where handler = %s and cell = %s"""
HALTED_NOW: Final = """
select handler, cell, halted from read.checkpoints where halted is not null order by halted_at"""
COUNT_PARKED: Final = """
update read.checkpoints set parked =
  (select count(*) from read.parked p where p.handler = %(handler)s and p.cell = %(cell)s)
where handler = %(handler)s and cell = %(cell)s returning parked"""


REMADE: Final = """
update read.checkpoints set remade_position = position, remade_times = remade_times + 1
where handler = %s and cell = any(%s)"""


class Superseded(Exception):
    """Another process holds the lease now."""


class Moved(Exception):
    """Checkpoints are not where this process left them: somebody replayed, rebuilt or restored."""


class Checkpoint(NamedTuple):
    """How far one handler is in one cell."""

    handler: str
    place: Place
    parked: int
    halted: str | None


class Checkpoints:
    """The rows of one consumer and cell, over a connection that may be in a transaction."""

    def __init__(self, conn: AsyncConnection[Any], consumer: str, cell: str, holder: UUID) -> None:
        self.conn = conn
        self.cell = cell
        self._lease = (consumer, cell, holder)

    async def take(self) -> bool:
        """True when the lease is ours: free, ours already, or its holder has fallen silent."""
        cursor = await self.conn.execute(TAKE, (*self._lease, SILENCE_SECONDS))
        return await cursor.fetchone() is not None

    async def renew(self) -> None:
        """Say that we live. Raises: Superseded."""
        if (await self.conn.execute(RENEW, self._lease)).rowcount == 0:
            raise Superseded

    async def give_up(self) -> None:
        """Let the next process begin at once."""
        await self.conn.execute(YIELD, self._lease)

    async def open(self, handlers: Collection[str]) -> dict[str, Checkpoint]:
        """Make missing rows, and let halted handlers try again: their code may be mended."""
        await self.conn.execute(OPEN, (list(handlers), self.cell))
        await self.conn.execute(RESUME, (list(handlers), self.cell))
        return await self.load(handlers)

    async def load(self, handlers: Collection[str]) -> dict[str, Checkpoint]:
        """Where everybody is."""
        cursor = await self.conn.execute(LOAD, (list(handlers), self.cell))
        return {row[0]: checkpoint(row) for row in await cursor.fetchall()}

    async def guard(self, expected: Iterable[Checkpoint]) -> None:
        """Lock lease and checkpoints until the end of the transaction. Raises: Superseded, Moved."""
        wanted = {checkpoint.handler: checkpoint for checkpoint in expected}
        lease = await self.conn.execute(HOLD, self._lease)
        cursor = await self.conn.execute(LOCK, (list(wanted), self.cell))
        if await lease.fetchone() is None:
            raise Superseded
        if {row[0]: checkpoint(row) for row in await cursor.fetchall()} != wanted:
            raise Moved

    async def advance(self, handlers: Collection[str], place: Place, stream_epoch: int) -> None:
        """All of `handlers` have everything up to `place`."""
        if handlers:
            values = (place.position, place.hash, place.epoch, place.at, stream_epoch)
            await self.conn.execute(ADVANCE, (*values, list(handlers), self.cell))
            for handler in handlers:
                POSITION.labels(self.cell, handler).set(place.position)

    async def halt(self, handler: str, why: str) -> None:
        """The handler stands still until somebody mends it."""
        await self.conn.execute(HALT, (why, handler, self.cell))
        HALTED.labels(self.cell, handler).set(1)

    async def count_parked(self, handler: str) -> int:
        """Write down how many events wait in `read.parked`."""
        return await count_parked(self.conn, handler, self.cell)


async def count_parked(conn: AsyncConnection[Any], handler: str, cell: str) -> int:
    row = await (await conn.execute(COUNT_PARKED, {"handler": handler, "cell": cell})).fetchone()
    parked: int = row[0] if row else 0
    PARKED.labels(cell, handler).set(parked)
    return parked


async def note_remade(conn: AsyncConnection[Any], handler: str, cells: Collection[str]) -> None:
    """Rows at or before the checkpoints are others than they were: whoever watches must look at all of them."""
    await conn.execute(REMADE, (handler, list(cells)))


async def halted(conn: AsyncConnection[Any]) -> list[tuple[str, str, str]]:
    """Who stands still, in which cell, and why; the longest first."""
    return [(row[0], row[1], row[2]) for row in await (await conn.execute(HALTED_NOW)).fetchall()]


def checkpoint(row: tuple[Any, ...]) -> Checkpoint:
    handler, position, hash, epoch, at, parked, halted = row
    return Checkpoint(handler, Place(position, hash, epoch, at), parked, halted)
