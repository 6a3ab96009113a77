"""Reading the log of a cell where it is kept, and noticing when it is not the log we knew."""

from typing import Any, Final

import msgspec
from psycopg import AsyncConnection, sql

from infra.delivery.messages import GENESIS, Message, Place

BATCH: Final = 1000  # events read, published, folded or written together

AFTER: Final = """
select position, epoch, tenant, category, stream_id, version, type, data, command_id, recorded_at,
       encode(hash, 'hex')
from {cell}.events where position >= %s order by position limit %s"""

HEAD: Final = """
select position, encode(hash, 'hex'), epoch, recorded_at
from {cell}.events order by position desc limit 1"""

AT: Final = """
select position, encode(hash, 'hex'), epoch, recorded_at from {cell}.events where position = %s"""


class Diverged(Exception):
    """The log no longer holds the event at `place`: positions were lost, or rewritten, behind our back."""

    def __init__(self, place: Place, found: str | None) -> None:
        now = f"holds {found[:16]}… there" if found else "does not reach that far"
        super().__init__(f"position {place.position} was {place.hash[:16]}…, but the log {now}")
        self.place = place


class Log:
    """The events of one cell, over a connection that is in no transaction or in its caller's."""

    def __init__(self, conn: AsyncConnection[Any], cell: str) -> None:
        self.conn = conn
        self.cell = cell
        self._after = sql.SQL(AFTER).format(cell=sql.Identifier(cell))
        self._head = sql.SQL(HEAD).format(cell=sql.Identifier(cell))
        self._at = sql.SQL(AT).format(cell=sql.Identifier(cell))

    async def after(self, place: Place, limit: int = BATCH) -> list[Message]:
        """The events that follow `place`, in order and without a hole.

        The event at `place` itself is read along and compared. Raises: Diverged.
        """
        cursor = await self.conn.execute(self._after, (place.position, limit + 1), binary=True)
        rows = await cursor.fetchall()
        if place.position > 0:
            if not rows or rows[0][0] != place.position:
                raise Diverged(place, None)
            if rows[0][10] != place.hash:
                raise Diverged(place, rows[0][10])
            del rows[0]
        messages, prev = [], place.hash
        for (
            position,
            epoch,
            tenant,
            category,
            stream,
            version,
            type,
            data,
            command,
            at,
            hash,
        ) in rows[:limit]:
            messages.append(
                Message(position, epoch, prev, hash, tenant, category, stream, version, type, command, at,
                        msgspec.Raw(data))
            )  # fmt: skip
            prev = hash
        return messages

    async def head(self) -> Place:
        """The last event there is."""
        row = await (await self.conn.execute(self._head)).fetchone()
        return Place(*row) if row else Place()

    async def at(self, position: int) -> Place | None:
        """The place at `position`, or None when the log does not reach that far."""
        if position == 0:
            return Place(0, GENESIS)
        row = await (await self.conn.execute(self._at, (position,))).fetchone()
        return Place(*row) if row else None
