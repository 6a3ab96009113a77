"""The relay: publishes the log of a cell to JetStream, in order, each position at the sequence of its number.

Several may run. The fence `Nats-Expected-Last-Sequence` lets one of them append; the others wait until it
stands still. What JetStream says of itself is compared with the log at every beginning and with every
batch: when they disagree, the stream is made anew after the head of the log and the alarm is raised.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.errors import LockNotAvailable

from infra.crash import go_on
from infra.delivery.alarms import raise_alarm
from infra.delivery.connect import UNREACHABLE, connect
from infra.delivery.jetstream import BATCH_BYTES, Fenced, Found, Limits, Lost, Session, session
from infra.delivery.log import Diverged, Log
from infra.delivery.messages import Message, Place
from infra.delivery.metrics import PUBLISHED, RELAY_LAG
from infra.wanted import still_wanted

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.1  # when no ping comes
STANDBY_SECONDS: Final = 0.5  # between two looks at the relay that publishes
RETRY_SECONDS: Final = 0.25
ENVELOPE_BYTES: Final = 512  # of a message, around the event's own data

LOCK: Final = "select pg_advisory_lock(hashtextextended('tuan relay ' || %s, 0))"
UNLOCK: Final = "select pg_advisory_unlock(hashtextextended('tuan relay ' || %s, 0))"
NEW_LIFE: Final = """
insert into read.streams (cell, stream_epoch, after_position, reason)
select %s, coalesce(max(stream_epoch), 0) + 1, %s, %s from read.streams where cell = %s
returning stream_epoch"""


class Relay:
    """Publishes one cell. `run()` never returns; cancel it. `reached` is told of each named point."""

    def __init__(
        self,
        cell: str,
        dsn: str,
        nats_servers: Sequence[str],
        limits: Limits | None = None,
        reached: Callable[[str], None] = go_on,
    ) -> None:
        self.cell = cell
        self.limits = limits or Limits()
        self.published = Place()
        self.ready = False  # agreed with JetStream: publishing, or standing by
        self._dsn = dsn
        self._servers = nats_servers
        self._reached = reached
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Serve for ever, beginning again whenever Postgres, NATS or the stream is lost."""
        while True:
            try:
                async with (
                    await connect(self._dsn, "tuan-relay") as conn,
                    session(self._servers, self.cell, "tuan-relay") as nats,
                ):
                    await nats.on_commit(self._woken.set)
                    await self._serve(conn, nats)
            except (Lost, *UNREACHABLE) as error:
                still_wanted()
                self.ready = False
                log.warning("%s: relay begins again: %s", self.cell, error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _serve(self, conn: AsyncConnection[Any], nats: Session) -> None:
        events = Log(conn, self.cell)
        while True:
            self.published = await self._agree(conn, events, nats)
            self.ready = True
            try:
                await self._publish(events, nats)
            except Fenced as fenced:
                log.info("%s: another relay publishes (%s); standing by", self.cell, fenced)
                await self._stand_by(events, nats)
            except Diverged as diverged:
                log.warning("%s: %s", self.cell, diverged)

    # --- publishing ----------------------------------------------------------------------------

    async def _publish(self, events: Log, nats: Session) -> None:
        batch = await events.after(self.published)
        while True:
            if batch:
                self._reached("read")
                # The next batch is read while this one is on its way.
                ahead = asyncio.ensure_future(events.after(batch[-1].place))
                try:
                    await self._send(batch, nats)
                    batch = await ahead
                finally:
                    await settled(ahead)
                RELAY_LAG.labels(self.cell).set(len(batch))
                continue
            await self._wait()
            batch = await events.after(self.published)

    async def _send(self, batch: Sequence[Message], nats: Session) -> None:
        for part in by_bytes(batch):
            await nats.publish(part)
            self._reached("published")
            self.published = part[-1].place
            PUBLISHED.labels(self.cell).set(self.published.position)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

    async def _stand_by(self, events: Log, nats: Session) -> None:
        """Return when the relay that publishes has stood still for a while with work to do."""
        seen: Place | None = None
        while True:
            found, head = await nats.find(), await events.head()
            if found is None or (found.last == seen and head.position != found.last.position):
                return
            seen = found.last
            await asyncio.sleep(STANDBY_SECONDS)

    # --- agreeing with the log -----------------------------------------------------------------

    async def _agree(self, conn: AsyncConnection[Any], events: Log, nats: Session) -> Place:
        """Where to go on: the end of the stream if the log has that event, else of a stream made anew."""
        try:
            await conn.execute(
                LOCK, (self.cell,)
            )  # spares two relays making the stream anew in turn
        except LockNotAvailable:
            log.warning("%s: another relay holds on to the stream; going on without it", self.cell)
        try:
            found = await nats.find()
            there = await events.at(found.last.position) if found else None
            if found and there and there.hash == found.last.hash:
                return there
            return await self._begin_new_life(conn, events, nats, found)
        finally:
            await conn.execute(UNLOCK, (self.cell,))

    async def _begin_new_life(
        self, conn: AsyncConnection[Any], events: Log, nats: Session, found: Found | None
    ) -> Place:
        head = await events.head()
        kind, reason = disagreement(found, head)
        row = await (
            await conn.execute(NEW_LIFE, (self.cell, head.position, reason, self.cell))
        ).fetchone()
        assert row is not None
        stream_epoch: int = row[0]
        self._reached("life_noted")
        if stream_epoch > 1:
            await raise_alarm(
                conn, self.cell, kind, f"{reason}; stream epoch {stream_epoch} begins"
            )
        await nats.recreate(stream_epoch, head, self.limits)
        return head


def disagreement(found: Found | None, head: Place) -> tuple[str, str]:
    """The kind of alarm, and what a person should know."""
    if found is None:
        return "stream_lost", "the stream was not there"
    last = found.last
    if not last.hash:
        return "stream_unknown", f"the message at sequence {last.position} is none of ours"
    if last.position > head.position:
        first, count = head.position + 1, last.position - head.position
        return (
            "log_lost",
            f"{count} positions from {first} were published, but the log ends before them",
        )
    return (
        "log_forked",
        f"position {last.position} was published with another hash than the log has",
    )


def by_bytes(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """The same messages in as few parts as fit into a batch each."""
    start, size = 0, 0
    for index, message in enumerate(messages):
        bytes_of_one = memoryview(message.data).nbytes + ENVELOPE_BYTES
        size += bytes_of_one
        if size > BATCH_BYTES and index > start:
            yield messages[start:index]
            start, size = index, bytes_of_one
    yield messages[start:]


async def settled(task: asyncio.Future[Any]) -> None:
    """Wait until it is over: a connection can only do one thing at a time."""
    if not task.done():
        await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()
