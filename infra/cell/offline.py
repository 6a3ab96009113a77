"""Writing to a cell while no engine runs: behind the same fence, with the same chains, one command each time."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from eventsourcing.persistence import DataError, OperationalError

from commands.engine.batch import Batch, Encoded
from commands.engine.ports import BatchRefused, Fenced, Head, StoreFull, StoreGone
from commands.ports import Clock, Submission
from commands.use_case import Command
from infra.cell.store import PostgresCellStore
from infra.ids import minter

T = TypeVar("T")


class CellOwned(OperationalError):
    """An engine owns the cell, and only the owner writes. Reading goes on."""


class RecordEvents(Command, frozen=True):
    """The command on record for one write: so many events, for this reason."""

    events: int
    reason: str


class Offline(NamedTuple):
    """Who writes while no engine runs, and why. `categories`: stored name of an event -> its aggregate."""

    tenant: str
    principal: str
    reason: str
    clock: Clock
    categories: Mapping[str, str] = {}
    code_rev: str = "unknown"


class OfflineWriter:
    """Takes the cell at the first write and keeps it until `close`, or until an engine takes over.

    Callers may be threads and block: the store runs in a loop of its own.
    """

    def __init__(self, dsn: str, cell: str, offline: Offline) -> None:
        self.offline = offline
        self._cell = cell
        self._new_id = minter(offline.clock)
        self._one_at_a_time = threading.Lock()  # positions are dense
        self._loop: asyncio.AbstractEventLoop | None = None
        self._store = PostgresCellStore(dsn, cell, {}, ())
        self._epoch = -1  # the last this writer held
        self._head: Head | None = None  # while it owns the cell

    def write(self, prepare: Callable[[], Sequence[Encoded]]) -> list[int]:
        """Write what `prepare` returns and return the positions; all or nothing.

        `prepare` runs once the cell is owned: what it reads of the log stays true until the commit.
        Raises: CellOwned, DataError, OperationalError, and whatever `prepare` raises.
        """
        with self._one_at_a_time:
            return self._wait_for(self._write(prepare))

    def close(self) -> None:
        """Give the cell up, so that the next owner need not wait."""
        with self._one_at_a_time:
            if self._loop is not None:
                self._wait_for(self._give_up())
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._loop = None

    def _wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=serve, args=(self._loop,), daemon=True).start()
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _give_up(self) -> None:
        if self._head is not None:
            await self._store.release(self._head)
            self._head = None
        await self._store.close()

    async def _write(self, prepare: Callable[[], Sequence[Encoded]]) -> list[int]:
        head = await self._own()
        rows = prepare()
        submission = self._submission(len(rows))
        batch = Batch(head, max(head.last_at, self.offline.clock.now()), self.offline.code_rev)
        batch.add(submission, None, "accepted", b"{}", rows)
        try:
            await self._store.commit(head, batch)
        except Fenced as lost:
            self._head, self._epoch = None, -1
            raise CellOwned(str(lost)) from lost
        except (BatchRefused, StoreFull) as refused:
            self._head = None  # nothing was written, but the session is spent
            kind = DataError if isinstance(refused, BatchRefused) else OperationalError
            raise kind(str(refused)) from refused
        except StoreGone as gone:
            self._head = None
            await self._look_up(submission.command_id, gone)
        else:
            self._head = Head(
                *(head.epoch, batch.position, batch.hash, batch.seq, batch.command_hash, batch.at)
            )
        return list(range(head.position + 1, batch.position + 1))

    async def _own(self) -> Head:
        """Be the owner. Raises: CellOwned, OperationalError."""
        if self._head is None:
            try:
                await self._store.connect()
                head = await self._store.take(self._epoch, "")
                if head is None:
                    owner = await self._store.owner_address() or "another tool"
                    raise CellOwned(f"{owner} owns {self._cell}: stop it to write offline")
            except (StoreGone, StoreFull, BatchRefused) as error:
                raise OperationalError(str(error)) from error
            self._head, self._epoch = head, head.epoch
        return self._head

    async def _look_up(self, command_id: UUID, gone: StoreGone) -> None:
        """The session ended while committing: the log knows. Raises: OperationalError unless it says yes."""
        try:
            with suppress(CellOwned):
                await self._own()  # whoever owns it now: the lost session can write no more
            recorded = await self._store.answered([command_id])
        except (StoreGone, OperationalError) as again:
            self._head = None
            raise OperationalError(f"nobody knows whether it was written: {again}") from again
        if command_id not in recorded:
            raise OperationalError(f"nothing was written: {gone}") from gone

    def _submission(self, events: int) -> Submission:
        command, id = RecordEvents(events, self.offline.reason), self._new_id()
        return Submission(
            command_id=id,
            tenant=self.offline.tenant,
            principal=self.offline.principal,
            name="record_events",
            idempotency_key=None,
            command=command,
            body=msgspec.json.encode(command),
            body_mac=b"",
            correlation_id=id,
        )


def serve(loop: asyncio.AbstractEventLoop) -> None:
    """The life of a loop in a thread: until someone stops it."""
    loop.run_forever()
    loop.close()
