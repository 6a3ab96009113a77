"""What happens to an event that a projection cannot take.

It is found by bisecting its batch, and set aside together with every later event of its stream, in the
transaction of the checkpoint, so everything else flows on. A projection whose rows are not keyed by stream
and whose effects do not commute may not leave anything out: it halts right before the event instead.
Nothing is ever parked because of the connection, the disk or a timeout: those pass by themselves.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from infra.delivery.checkpoints import count_parked, note_remade
from infra.delivery.connect import UNREACHABLE
from infra.delivery.handlers import Handler, Item
from infra.delivery.messages import Message, Undecodable, recorded
from projections.recorded import Recorded

STREAMS_MAX: Final = (
    100  # parked streams of one projection; beyond it the projection itself is broken
)
DATA_ERRORS: Final = (
    "21",
    "22",
    "23",
    "54",
    "P0",
)  # SQLSTATE classes that an event's own data can cause

PARKED_AMONG: Final = """
select distinct stream_id from read.parked where handler = %s and cell = %s and stream_id = any(%s)"""
STREAMS: Final = (
    "select count(distinct stream_id) from read.parked where handler = %s and cell = %s"
)
PARK: Final = """
insert into read.parked (handler, cell, epoch, stream_id, position, tenant, type, raw, at, error)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""


class Failure(NamedTuple):
    """The event that cannot be applied; everything before it in its list is."""

    at: int
    error: str


class TooManyParked(Exception):
    """So many streams fail that the projection must be at fault, not its events."""


def is_poison(error: Exception) -> bool:
    """True when the event or the projection's code is to blame, so trying again cannot help."""
    if isinstance(error, psycopg.Error) and error.sqlstate is not None:
        return error.sqlstate.startswith(DATA_ERRORS)
    return not isinstance(error, (*UNREACHABLE, MemoryError))


def passes(error: Exception) -> bool:
    """True when the same batch may well succeed on another connection, or a little later."""
    if isinstance(error, psycopg.errors.PipelineAborted):
        return False  # something before it failed; without the pipeline we shall see what
    return isinstance(error, (*UNREACHABLE, MemoryError)) and not is_poison(error)


async def parked_among(
    conn: AsyncConnection[Any], handler: str, cell: str, streams: set[UUID]
) -> set[UUID]:
    """Which of `streams` have parked events."""
    cursor = await conn.execute(PARKED_AMONG, (handler, cell, list(streams)))
    return {row[0] for row in await cursor.fetchall()}


async def apply_around_failures(
    conn: AsyncConnection[Any], handler: Handler, cell: str, items: Sequence[Item]
) -> Item | None:
    """Apply what can be applied and park the rest; or return the item a non-parking handler stops at.

    Raises: TooManyParked, and every error that passes by itself.
    """
    parked = await parked_among(conn, handler.name, cell, {item.message.stream for item in items})
    rest = list(items)
    while rest:
        flowing = [item for item in rest if item.message.stream not in parked]
        failure = await apply_until_failure(conn, handler, flowing)
        until = flowing[failure.at].message.position if failure else None
        for item in rest:
            if item.message.stream in parked and (until is None or item.message.position < until):
                await park(conn, handler.name, cell, item.message, None)
        if failure is None:
            break
        culprit = flowing[failure.at]
        if not handler.parks:
            return culprit._replace(error=failure.error)
        await park(conn, handler.name, cell, culprit.message, failure.error)
        parked.add(culprit.message.stream)
        rest = [item for item in rest if item.message.position > culprit.message.position]
    await check_count(conn, handler.name, cell)
    return None


async def apply_until_failure(
    conn: AsyncConnection[Any], handler: Handler, items: Sequence[Item]
) -> Failure | None:
    """Apply `items` in order up to the first that cannot be, found by halving."""
    unreadable = next((i for i, item in enumerate(items) if item.recorded is None), None)
    events = [item.recorded for item in items[:unreadable] if item.recorded is not None]
    failure = await bisect(conn, handler, events, 0)
    if failure is None and unreadable is not None:
        return Failure(unreadable, items[unreadable].error)
    return failure


async def bisect(
    conn: AsyncConnection[Any], handler: Handler, events: Sequence[Recorded], offset: int
) -> Failure | None:
    if not events:
        return None
    try:
        async with conn.transaction():  # a savepoint: what fails leaves nothing behind
            await handler.project(events, conn)
    except Exception as error:
        if not is_poison(error):
            raise
        if len(events) == 1:
            return Failure(offset, f"{type(error).__name__}: {error}")
    else:
        return None
    middle = len(events) // 2
    return await bisect(conn, handler, events[:middle], offset) or await bisect(
        conn, handler, events[middle:], offset + middle
    )


async def park(
    conn: AsyncConnection[Any], handler: str, cell: str, message: Message, error: str | None
) -> None:
    values = (message.tenant, message.type, bytes(message.data), message.at, error)
    place = (handler, cell, message.epoch, message.stream, message.position)
    await conn.execute(PARK, (*place, *values))


async def check_count(conn: AsyncConnection[Any], handler: str, cell: str) -> None:
    await count_parked(conn, handler, cell)
    row = await (await conn.execute(STREAMS, (handler, cell))).fetchone()
    if row and row[0] > STREAMS_MAX:
        raise TooManyParked(f"more than {STREAMS_MAX} streams cannot be applied")


# --- looking, and letting them follow --------------------------------------------------------------

LIST: Final = """
select handler, cell, stream_id, count(*), min(position), min(error), min(parked_at)
from read.parked group by handler, cell, stream_id order by min(position)"""
LOCK: Final = "select from read.checkpoints where handler = %s and cell = %s for update"
WAITING: Final = """
select position, at, tenant, stream_id, type, raw, epoch
from read.parked where handler = %s and cell = %s order by position"""
UNPARK: Final = "delete from read.parked where handler = %s and cell = %s and position = any(%s)"
STILL: Final = """
update read.parked set error = %s where handler = %s and cell = %s and position = %s"""


class ParkedStream(NamedTuple):
    """One stream that a projection left out, for people to see."""

    handler: str
    cell: str
    stream_id: UUID
    events: int
    first_position: int
    error: str
    since: Any


class Replayed(NamedTuple):
    """What a replay achieved, in events."""

    applied: int
    still_parked: int


async def list_parked(conn: AsyncConnection[Any]) -> list[ParkedStream]:
    """Every parked stream of every projection and cell, oldest first."""
    return [ParkedStream(*row) for row in await (await conn.execute(LIST)).fetchall()]


async def replay_parked(conn: AsyncConnection[Any], handler: Handler, cell: str) -> Replayed:
    """Apply what waits, in order, holding the checkpoint so that nothing overtakes; keep what still fails."""
    async with conn.transaction():
        await conn.execute(LOCK, (handler.name, cell))
        rows = await (await conn.execute(WAITING, (handler.name, cell))).fetchall()
        failed: set[UUID] = set()
        applied: list[int] = []
        for position, at, tenant, stream, kind, raw, epoch in rows:
            if stream in failed:
                continue
            message = Message(position, epoch, "", "", tenant, "", stream, 0, kind, stream, at, raw)
            try:
                item = Item(message, recorded(message))
            except Undecodable as error:
                item = Item(message, None, str(error))
            failure = await apply_until_failure(conn, handler, [item])
            if failure is None:
                applied.append(position)
            else:
                failed.add(stream)
                await conn.execute(STILL, (failure.error, handler.name, cell, position))
        await conn.execute(UNPARK, (handler.name, cell, applied))
        left = await count_parked(conn, handler.name, cell)
        if applied:
            await note_remade(conn, handler.name, [cell])
    return Replayed(len(applied), left)
