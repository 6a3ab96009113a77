"""`commands.engine.ports.CellStore` on async psycopg: one session, one statement a commit."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.types.numeric import Int4, Int8

from commands.engine.batch import Batch
from commands.engine.ports import (
    Answered,
    BatchRefused,
    DueTimer,
    Fenced,
    Head,
    KeysKnown,
    StoredStream,
    StoreFull,
    StoreGone,
)
from commands.ports import Submission
from commands.use_case import UseCase
from infra.cell import arrays
from infra.cell.arrays import Ints, Texts, Uuids
from infra.cell.columns import COMMIT, columns
from infra.cell.inbox import read_submission

SILENCE_SECONDS = 3.0  # after which a standby may take over
REPLY_SECONDS = 20.0  # a statement that takes longer is a session lost
FENCED_STATE = "TU001"
PIECE = 20_000  # events read at a time where snapshots do not keep the number small
PIECE_OF_STREAM = 1_000

log = logging.getLogger(__name__)

# Everything is found by its key. A plan made while a table was small would read all of it, and then go on to
# do so as it grows, until somebody analyses the table again.
_SESSION = (
    "-c role=tuan_engine -c lock_timeout=5s -c statement_timeout=15s -c timezone=UTC "
    "-c jit=off -c plan_cache_mode=force_generic_plan "
    "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
)
_BEGIN: LiteralString = """
select pg_backend_pid(), current_setting('fsync'), current_setting('synchronous_commit')
from set_config('search_path', quote_ident(%s), false)"""
_ANSWERED: LiteralString = """
select i.key_digest, c.command_id, c.body_mac, c.outcome, c.reply, coalesce(c.last_position, c.seen_position)
from idempotency i join commands c on c.seq = i.command_seq where i.key_digest = any(%b) order by i.at"""
_SNAPSHOTS: LiteralString = """
select stream_id, tenant, category, state, version from snapshots where stream_id = any(%b) and shape = any(%b)"""
_EVENTS: LiteralString = """
select e.stream_id, e.tenant, e.category, e.data from unnest(%b::uuid[]) w(id)
left join snapshots s on s.stream_id = w.id and s.shape = any(%b)
join events e on e.stream_id = w.id and e.version > coalesce(s.version, 0)
  and e.version <= coalesce(s.version, 0) + %b order by e.stream_id, e.version"""
_MORE_EVENTS: LiteralString = """
select e.stream_id, e.data from unnest(%b::uuid[], %b::int[]) w(id, after)
join events e on e.stream_id = w.id and e.version > w.after and e.version <= w.after + %b
order by e.stream_id, e.version"""


class PostgresCellStore:
    """`shapes`: the state shapes this code can read from snapshots; others are folded from events."""

    def __init__(
        self, dsn: str, cell: str, use_cases: Mapping[str, UseCase], shapes: Sequence[str]
    ) -> None:
        self._dsn = dsn
        self._cell = cell
        self._use_cases = use_cases
        self._shapes = Texts(list(shapes))
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._epoch: int | None = None  # held by this store's engine

    async def connect(self) -> None:
        await self.close()
        try:
            connection = await psycopg.AsyncConnection.connect(
                self._dsn,
                autocommit=True,
                options=_SESSION,
                application_name=f"tuan-engine-{self._cell}",
                connect_timeout=5,
                keepalives_idle=2,
                keepalives_interval=1,
                keepalives_count=5,
                tcp_user_timeout=8000,
                prepare_threshold=0,
            )
        except (psycopg.Error, OSError) as error:
            raise StoreGone(str(error)) from error
        arrays.register(connection)
        self._connection = connection
        async with self._session():
            ((pid, *lasting),) = await (await connection.execute(_BEGIN, (self._cell,))).fetchall()
        refuse_unfit(pid, connection.info.backend_pid, *lasting)

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error, OSError):
                await connection.close()

    @asynccontextmanager
    async def _session(
        self, *, of_a_batch: bool = False
    ) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """Run statements, translating what goes wrong into what the engine can act on."""
        connection = self._connection
        if connection is None:
            raise StoreGone("not connected")
        late = asyncio.get_running_loop().call_later(REPLY_SECONDS, _cut, connection)
        try:
            yield connection
        except psycopg.Error as error:
            raise _translate(error, connection, of_a_batch) from error
        except OSError as error:
            raise StoreGone(str(error)) from error
        except (ValueError, OverflowError) as unsendable:
            if not of_a_batch:
                raise
            raise BatchRefused(str(unsendable)) from unsendable
        finally:
            late.cancel()

    # --- ownership -----------------------------------------------------------------------------

    async def take(self, mine: int, address: str) -> Head | None:
        async with self._session() as connection:
            statement = "select * from take_ownership(%s, %s, make_interval(secs => %s))"
            cursor = await connection.execute(statement, (Int8(mine), address, SILENCE_SECONDS))
            row = await cursor.fetchone()
        if row is None:
            return None
        head = Head(*row)
        self._epoch = head.epoch
        return head

    async def owner_address(self) -> str:
        async with self._session() as connection:
            row = await (await connection.execute("select address from owner")).fetchone()
        return row[0] if row else ""

    async def heartbeat(self) -> None:
        async with self._session() as connection:
            statement = "update owner set heartbeat_at = clock_timestamp() where epoch = %s"
            cursor = await connection.execute(statement, (self._epoch,), binary=True)
        if cursor.rowcount != 1:
            raise Fenced(f"epoch {self._epoch} is over")

    async def release(self, head: Head) -> None:
        with suppress(StoreGone):  # silence does the same, only later
            async with self._session() as connection:
                await connection.execute(
                    "update owner set heartbeat_at = '-infinity', address = '' where epoch = %s",
                    (Int8(head.epoch),),
                )

    # --- reading -------------------------------------------------------------------------------

    async def prefetch(
        self, keys: Sequence[UUID], streams: Sequence[UUID]
    ) -> tuple[dict[UUID, Answered], list[StoredStream]]:
        if not keys and not streams:
            return {}, []
        stored: list[StoredStream] = []
        async with self._session(of_a_batch=True) as connection, connection.pipeline():
            answers = await self._all(connection, _ANSWERED, Uuids(keys)) if keys else None
            wanted, first = Uuids(streams), Int4(PIECE_OF_STREAM)
            if streams:
                snapshots = await self._all(connection, _SNAPSHOTS, wanted, self._shapes)
                events = await self._all(connection, _EVENTS, wanted, self._shapes, first)
            rows = await answers.fetchall() if answers else []
            if streams:
                stored = _assemble(await snapshots.fetchall(), await events.fetchall())
        await self._read_on([one for one in stored if len(one.events) == PIECE_OF_STREAM])
        return {row[0]: Answered(*row[1:]) for row in rows}, stored

    async def _read_on(self, long: list[StoredStream]) -> None:
        """The rest of streams that have no snapshot for this code, which may take longer than silence may last."""
        while long:
            await self.heartbeat()
            ids = Uuids([stream.stream_id for stream in long])
            after = Ints([stream.snapshot_version + len(stream.events) for stream in long])
            piece = max(PIECE_OF_STREAM, PIECE // len(long))
            async with self._session(of_a_batch=True) as connection:
                found = await self._all(connection, _MORE_EVENTS, ids, after, Int4(piece))
                more: dict[UUID, list[bytes]] = {}
                for id, data in await found.fetchall():
                    more.setdefault(id, []).append(data)
            for stream in long:
                stream.events.extend(more.get(stream.stream_id, ()))
            long = [one for one in long if len(more.get(one.stream_id, ())) == piece]

    async def _all(
        self, connection: psycopg.AsyncConnection[Any], query: LiteralString, *values: object
    ) -> psycopg.AsyncCursor[Any]:
        return await connection.execute(query, values, prepare=True, binary=True)

    async def answered(self, command_ids: Sequence[UUID]) -> dict[UUID, Answered]:
        async with self._session() as connection:
            statement = """select command_id, body_mac, outcome, reply, coalesce(last_position, seen_position)
                           from commands where command_id = any(%b)"""
            cursor = await connection.execute(statement, (Uuids(command_ids),), binary=True)
            return {row[0]: Answered(*row) for row in await cursor.fetchall()}

    async def due_timers(self, at: datetime, limit: int) -> list[DueTimer]:
        async with self._session() as connection:
            statement = """select of_id, name, tenant, body, cause_id from timers
                           where due_at <= %s order by due_at, of_id, name limit %s"""
            cursor = await connection.execute(statement, (at, limit), binary=True)
            return [DueTimer(*row) for row in await cursor.fetchall()]

    async def next_timer(self) -> datetime | None:
        async with self._session() as connection:
            row = await (await connection.execute("select min(due_at) from timers")).fetchone()
        return row[0] if row else None

    async def waiting(self, limit: int) -> list[Submission]:
        async with self._session() as connection:
            statement = """select command_id, tenant, principal, name, idempotency_key, body, body_mac, correlation_id
                           from inbox where done_as is null order by received_at, command_id limit %s"""
            cursor = await connection.execute(statement, (limit,), binary=True)
            return [read_submission(row, self._use_cases) for row in await cursor.fetchall()]

    # --- writing -------------------------------------------------------------------------------

    async def commit(self, head: Head, batch: Batch) -> None:
        async with self._session(of_a_batch=True) as connection:
            done = await connection.execute(COMMIT, columns(head, batch), prepare=True)
            written = await done.fetchone()
        if written != (True,):
            raise KeysKnown


def refuse_unfit(pid: int, named: int, fsync: str, synchronous_commit: str) -> None:
    """Raises: StoreGone where what is committed could be lost, or sessions are not what they seem."""
    if pid != named:
        raise StoreGone("behind a pooling proxy: the engine needs a session of its own")
    if fsync != "on" or synchronous_commit in ("off", "local"):
        raise StoreGone(f"commits would not last: {fsync=}, {synchronous_commit=}")


def _assemble(snapshots: Sequence[Any], events: Sequence[Any]) -> list[StoredStream]:
    found: dict[UUID, StoredStream] = {
        id: StoredStream(id, tenant, category, state, version, [])
        for id, tenant, category, state, version in snapshots
    }
    tails: dict[UUID, list[bytes]] = {id: [] for id in found}
    for id, tenant, category, data in events:
        if id not in found:
            found[id] = StoredStream(id, tenant, category, None, 0, [])
            tails[id] = []
        tails[id].append(data)
    return [stored._replace(events=tails[id]) for id, stored in found.items()]


def _cut(connection: psycopg.AsyncConnection[Any]) -> None:
    """End a session whose answer is overdue, as if the other side had hung up.

    Cancelling would ask the server for another favour, and wait for that.
    """
    log.warning("no answer in %s s", REPLY_SECONDS)
    with (
        suppress(psycopg.Error, OSError),
        socket.socket(fileno=os.dup(connection.fileno())) as ours,
    ):
        ours.shutdown(socket.SHUT_RDWR)


def _translate(
    error: psycopg.Error, connection: psycopg.AsyncConnection[Any], of_a_batch: bool
) -> Exception:
    state = error.sqlstate or ""
    said = f"{state} {error.diag.message_primary or error}".strip()
    if state == FENCED_STATE:
        return Fenced(said)
    if connection.closed or connection.broken or not state:
        return StoreGone(said)
    if state.startswith(("53", "58")) or state == "25006":  # resources, input/output, read-only
        return StoreFull(said)
    if state.startswith(("08", "40", "55", "57")):  # connection, rollback, lock, intervention
        return StoreGone(said)
    return BatchRefused(said) if of_a_batch else StoreGone(said)
