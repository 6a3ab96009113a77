"""The eventsourcing library's `ApplicationRecorder` over the log of a cell: its tools read and write our tables.

Reading is always possible. Writing is for when no engine runs, say to bring in the history of another
system: the recorder then owns the cell like an engine, and writes what an engine would have written.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString, Self
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    ApplicationRecorder,
    DatabaseError,
    DataError,
    IntegrityError,
    Notification,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    StoredEvent,
    Subscription,
)
from psycopg import sql

from commands.engine.batch import Encoded
from commands.engine.writer import EVENT_BYTES_MAX
from infra.cell.offline import Offline, OfflineWriter
from infra.cell.polling import PollingSubscription
from infra.dsn import acting_as

FOREIGN = "foreign"  # the category of streams whose events are no aggregate's of ours

_STREAM: LiteralString = """
select version, type, data from {}.events where stream_id = %s and version > %s and version <= %s
order by version {} limit %s"""
_LOG: LiteralString = """
select position, stream_id, version, type, data from {}.events
where position >= %s and position <= %s and (%s::text[] = '{{}}' or type = any(%s))
order by position limit %s"""
_HEAD: LiteralString = "select max(position) from {}.events"
_ENDS: LiteralString = """
select id, e.version, e.tenant, e.category from unnest(%s::uuid[]) as wanted(id), lateral (
  select version, tenant, category from {}.events where stream_id = id order by version desc limit 1) e"""
_ANY_VERSION = 2**31 - 1
_ANY_POSITION = 2**63 - 1


class CellRecorder(ApplicationRecorder):
    """`initial_version` is what the library's application calls a stream's first event; we store 1.

    Without `offline` it only ever reads. Close it, so that the next owner need not wait. Threads may share
    it.
    """

    def __init__(
        self, dsn: str, cell: str, offline: Offline | None = None, *, initial_version: int = 1
    ) -> None:
        self._dsn = dsn
        self._cell = sql.Identifier(cell)
        self._skew = initial_version - 1
        self._writer = OfflineWriter(dsn, cell, offline) if offline else None
        self._opening = threading.Lock()
        self._reader: psycopg.Connection[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the cell up if it was taken, and end all sessions."""
        if self._writer is not None:
            self._writer.close()
        with self._opening:
            if self._reader is not None:
                self._reader.close()

    # --- reading -------------------------------------------------------------------------------

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        after = 0 if gt is None else gt - self._skew
        last = _ANY_VERSION if lte is None else lte - self._skew
        order = sql.SQL("desc" if desc else "asc")
        query = sql.SQL(_STREAM).format(self._cell, order)
        return [
            StoredEvent(originator_id, version + self._skew, type, data)
            for version, type, data in self._select(
                query, (stream_id(originator_id), after, last, limit)
            )
        ]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        first = 1 if start is None else start + (not inclusive_of_start)
        last = _ANY_POSITION if stop is None else stop
        values = (first, last, list(topics), list(topics), limit)
        return [
            Notification(stream, version + self._skew, type, data, position)
            for position, stream, version, type, data in self._select(
                sql.SQL(_LOG).format(self._cell), values
            )
        ]

    def max_notification_id(self) -> int | None:
        ((head,),) = self._select(sql.SQL(_HEAD).format(self._cell))
        return None if head is None else int(head)

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        return PollingSubscription(self, gt, topics)

    def _select(self, query: sql.Composed, values: Sequence[object] = ()) -> list[Any]:
        with in_the_librarys_words():
            with self._opening:
                if self._reader is None or self._reader.closed:
                    self._reader = psycopg.connect(
                        acting_as(self._dsn, "tuan_engine"), autocommit=True
                    )
                reader = self._reader
            return reader.execute(query, values, binary=True).fetchall()

    # --- writing -------------------------------------------------------------------------------

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """All or none, behind the fence; returns their positions.

        Raises: CellOwned beside a live engine, IntegrityError when a stream does not end where the first of
        its events follows, DataError when an event cannot be stored, OperationalError.
        """
        writer = self._writer
        if writer is None:
            raise NotSupportedError("this recorder only reads")
        if kwargs:
            raise NotSupportedError(f"{', '.join(kwargs)} cannot be recorded with events")
        if not stored_events:
            return []
        return writer.write(lambda: self._rows(stored_events, writer.offline))

    def _rows(self, events: Sequence[StoredEvent], offline: Offline) -> list[Encoded]:
        """What to write, checked against where the streams end. Raises: IntegrityError, DataError."""
        ids = [stream_id(event.originator_id) for event in events]
        ends = self._select(sql.SQL(_ENDS).format(self._cell), (list(set(ids)),))
        versions = {id: version for id, version, _, _ in ends}
        kinds = {id: (tenant, category) for id, _, tenant, category in ends}
        rows: list[Encoded] = []
        for id, event in zip(ids, events, strict=True):
            category = offline.categories.get(event.topic, FOREIGN)
            version = versions.get(id, 0) + 1
            if event.originator_version != version + self._skew:
                given = event.originator_version
                raise IntegrityError(f"stream {id} goes on at {version + self._skew}, not {given}")
            if kinds.setdefault(id, (offline.tenant, category)) != (offline.tenant, category):
                tenant, kind = kinds[id]
                raise IntegrityError(f"stream {id} is a {kind} of tenant {tenant}")
            if len(event.state) > EVENT_BYTES_MAX:
                raise DataError(f"{event.topic} of {len(event.state)} bytes is too large")
            versions[id] = version
            rows.append((category, id, version, event.topic, event.state))
        return rows


def stream_id(originator_id: UUID | str) -> UUID:
    """Raises: ProgrammingError."""
    try:
        return originator_id if isinstance(originator_id, UUID) else UUID(originator_id)
    except ValueError:
        raise ProgrammingError(f"streams of a cell are UUIDs, not {originator_id!r}") from None


@contextmanager
def in_the_librarys_words() -> Iterator[None]:
    """The library has its own exceptions with the names of PEP 249."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise OperationalError(str(error)) from error
    except psycopg.Error as error:
        raise DatabaseError(str(error)) from error
