"""The consumer: carries the log of a cell into its handlers, up to 1,000 events in one transaction.

It takes what NATS brought, fills every hole from the log, and writes rows and checkpoints together. All
handlers normally move together, at the front; one that is behind (new, rebuilt, mended) is brought up to it
from the log, slice by slice, while the others go on. One that cannot go on stands still and says why.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import uuid4

from psycopg import AsyncConnection

from infra.crash import go_on
from infra.delivery.alarms import raise_alarm
from infra.delivery.checkpoints import Checkpoint, Checkpoints, Moved, Superseded
from infra.delivery.connect import UNREACHABLE, connect
from infra.delivery.handlers import Handler, Item, Sorter
from infra.delivery.intake import Intake
from infra.delivery.log import BATCH, Diverged, Log
from infra.delivery.messages import START, Message, Place
from infra.delivery.metrics import APPLIED, HALTED, REPAIRED
from infra.delivery.parking import TooManyParked, apply_around_failures, parked_among, passes
from infra.wanted import end, still_wanted

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.25  # silence of NATS after which the log itself is read
RENEW_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 0.25


class NeedsCare(Exception):
    """The batch holds something that cannot simply be applied."""


class Consumer:
    """Runs `handlers` on the log of `cell`. `name` is the group: one process at a time runs it.

    `disorder` seeds what is done to messages on purpose; `reached` is told of each named point.
    """

    def __init__(
        self,
        name: str,
        handlers: Sequence[Handler],
        *,
        cell: str,
        dsn: str,
        nats_servers: Sequence[str],
        disorder: int | None = None,
        reached: Callable[[str], None] = go_on,
    ) -> None:
        self.name = name
        self.cell = cell
        self.intake = Intake(cell, nats_servers, f"tuan-{name}", disorder)
        self.checkpoints: dict[str, Checkpoint] = {}
        self.ready = False  # connected: at work, or standing by
        self._handlers = {handler.name: handler for handler in handlers}
        self._sorter = Sorter(handlers)
        self._dsn = dsn
        self._reached = reached
        self._holder = uuid4()
        self._renewed = 0.0
        self._more = (
            False  # the log had a full batch, so it is asked again without waiting for NATS
        )

    async def run(self) -> None:
        """Serve for ever, beginning again whenever Postgres is lost. Cancel it to stop."""
        while True:
            try:
                async with await connect(self._dsn, f"tuan-{self.name}") as conn:
                    await self._serve(conn)
            except Superseded:
                log.warning("%s: another process runs %s now", self.cell, self.name)
            except UNREACHABLE as error:
                still_wanted()
                log.warning("%s: %s begins again: %s", self.cell, self.name, error)
            self.ready = False
            await asyncio.sleep(RETRY_SECONDS)

    async def _serve(self, conn: AsyncConnection[Any]) -> None:
        store = Checkpoints(conn, self.name, self.cell, self._holder)
        self.ready = True
        while not await store.take():
            await asyncio.sleep(RENEW_SECONDS)
        self.checkpoints = await store.open(self._handlers)
        for name in self._handlers:
            HALTED.labels(self.cell, name).set(0)
        self.intake.forget(self.front)
        listening = asyncio.create_task(self.intake.run())
        try:
            while not listening.done():
                await self._step(conn, store)
            listening.result()
        finally:
            await end(listening)
            if not conn.closed and not conn.broken:
                await store.give_up()

    # --- who is where --------------------------------------------------------------------------

    @property
    def front(self) -> Place:
        """The furthest place of a handler that is not standing still."""
        places = (checkpoint.place for checkpoint in self._alive())
        return max(places, key=lambda place: place.position, default=START)

    def _alive(self) -> list[Checkpoint]:
        return [checkpoint for checkpoint in self.checkpoints.values() if checkpoint.halted is None]

    async def _step(self, conn: AsyncConnection[Any], store: Checkpoints) -> None:
        """Bring the front on by a batch, then everybody behind it by a slice."""
        await self._keep_lease(store)
        alive = self._alive()
        if not alive:
            await asyncio.sleep(POLL_SECONDS)
            return
        front = self.front
        at_front = [it for it in alive if it.place == front]
        behind = [it for it in alive if it.place != front]
        events = Log(conn, self.cell)
        try:
            if self.intake.front != front:
                await self.intake.pass_front(front)
            await self._advance(store, at_front, await self._next(events, hurry=bool(behind)))
            for checkpoint in behind:
                await self._advance(store, [checkpoint], await events.after(checkpoint.place))
        except Moved:
            log.info("%s: checkpoints moved; reading them again", self.cell)
            await self._reload(store)
        except Diverged as diverged:
            await self._halt_at(conn, store, diverged)

    async def _next(self, events: Log, *, hurry: bool) -> list[Message]:
        """What follows the front: from memory, else from the log."""
        if not hurry and not self._more:
            await self.intake.wait(POLL_SECONDS)
        batch = self.intake.take(BATCH)
        if batch:
            return batch
        missing = self.intake.missing()
        batch = await events.after(self.intake.front, min(missing, BATCH) if missing > 0 else BATCH)
        self._more = len(batch) == BATCH
        REPAIRED.labels(self.cell).inc(len(batch))
        return batch

    async def _keep_lease(self, store: Checkpoints) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._renewed > RENEW_SECONDS:
            await store.renew()
            await self._reload(store)
            self._renewed = now

    async def _reload(self, store: Checkpoints) -> None:
        before = self.front
        self.checkpoints = await store.load(self._handlers)
        if self.front != before:
            self.intake.forget(self.front)

    # --- applying a batch ----------------------------------------------------------------------

    async def _advance(
        self, store: Checkpoints, who: Sequence[Checkpoint], batch: Sequence[Message]
    ) -> None:
        if not batch:
            return
        self._reached("received")
        items = self._sorter.sort(batch)
        place = batch[-1].place
        try:
            # Pipelined: only what is read waits for the server, everything else rides along.
            async with store.conn.pipeline(), store.conn.transaction():
                await store.guard(who)
                for checkpoint in who:
                    await self._project(store.conn, checkpoint, items[checkpoint.handler])
                self._reached("applied")
                await store.advance([checkpoint.handler for checkpoint in who], place, self._epoch)
            self._reached("advanced")
        except (Superseded, Moved):
            raise
        except Exception as error:
            if passes(error):
                raise
            if not isinstance(error, NeedsCare):
                log.warning("%s: a batch to %d failed: %r", self.cell, place.position, error)
            await self._advance_with_care(store, who, batch, items)
        else:
            for checkpoint in who:
                self.checkpoints[checkpoint.handler] = checkpoint._replace(place=place)
                APPLIED.labels(self.cell, checkpoint.handler).inc(len(items[checkpoint.handler]))

    @property
    def _epoch(self) -> int:
        return self.intake.stream_epoch

    async def _project(
        self, conn: AsyncConnection[Any], checkpoint: Checkpoint, items: Sequence[Item]
    ) -> None:
        if not items:
            return
        if any(item.recorded is None for item in items):
            raise NeedsCare
        if checkpoint.parked:
            streams = {item.message.stream for item in items}
            if await parked_among(conn, checkpoint.handler, self.cell, streams):
                raise NeedsCare
        handler = self._handlers[checkpoint.handler]
        await handler.project([item.recorded for item in items if item.recorded is not None], conn)

    async def _advance_with_care(
        self,
        store: Checkpoints,
        who: Sequence[Checkpoint],
        batch: Sequence[Message],
        items: dict[str, list[Item]],
    ) -> None:
        """One transaction again, with a savepoint around each handler: it parks, goes on, or halts alone."""
        async with store.conn.transaction():
            await store.guard(who)
            for checkpoint in who:
                halt = await self._project_with_care(
                    store.conn, checkpoint, items[checkpoint.handler]
                )
                if halt is None:
                    await store.advance([checkpoint.handler], batch[-1].place, self._epoch)
                    continue
                position, why = halt
                before = next(
                    (it.place for it in reversed(batch) if it.position < position), checkpoint.place
                )
                await store.advance([checkpoint.handler], before, self._epoch)
                await store.halt(checkpoint.handler, why)
                await raise_alarm(
                    store.conn, self.cell, "projection_halted", f"{checkpoint.handler}: {why}"
                )
        self.checkpoints = await store.load(self._handlers)

    async def _project_with_care(
        self, conn: AsyncConnection[Any], checkpoint: Checkpoint, items: Sequence[Item]
    ) -> tuple[int, str] | None:
        """None when the handler has everything or parked it; else the position it halts at, and why."""
        handler = self._handlers[checkpoint.handler]
        if not items:
            return None
        try:
            async with conn.transaction():
                culprit = await apply_around_failures(conn, handler, self.cell, items)
        except Exception as error:
            if passes(error):
                raise
            # Not one event but the projection is at fault; nothing of the batch was kept.
            why = (
                str(error)
                if isinstance(error, TooManyParked)
                else f"{type(error).__name__}: {error}"
            )
            return checkpoint.place.position + 1, why
        if culprit is None:
            return None
        return culprit.message.position, f"position {culprit.message.position}: {culprit.error}"

    async def _halt_at(
        self, conn: AsyncConnection[Any], store: Checkpoints, diverged: Diverged
    ) -> None:
        """The log is not the one these handlers followed: they must be rebuilt, not continued."""
        for checkpoint in self.checkpoints.values():
            if checkpoint.place == diverged.place and checkpoint.halted is None:
                await store.halt(checkpoint.handler, f"diverged: {diverged}")
                detail = f"{checkpoint.handler} must be rebuilt: {diverged}"
                await raise_alarm(conn, self.cell, "read_model_diverged", detail)
        await self._reload(store)
