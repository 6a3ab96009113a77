"""What the next batch is made of: due timers, waiting callers, stored commands."""

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from commands.engine.parts import Parts
from commands.engine.ports import DueTimer
from commands.engine.queue import FairQueue, Item
from commands.ports import Answer, Submission
from commands.use_case import Command

IDLE_POLL_SECONDS = 0.05  # how late an idle engine may notice a timer or a stored command
INBOX_PATIENCE_SECONDS = (
    1.0  # stored commands wait this long for a batch with room, then just go along
)
UNREADABLE = Command()  # stands for a stored command that this code cannot decode
TIMER_PRINCIPAL = "timer"

log = logging.getLogger(__name__)


class Collected(NamedTuple):
    """Items to decide; `broken` are those whose stored command this code cannot read."""

    items: list[Item]
    broken: frozenset[UUID]


class Intake:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._queue = FairQueue(parts.limits.queue_commands)
        self._next_timer: datetime | None = None
        self._inbox_at = 0.0

    @property
    def waiting(self) -> int:
        return self._queue.size

    def put(self, submission: Submission) -> asyncio.Future[Answer]:
        """Queue a caller's command. Raises: Overloaded."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        lane = self._parts.use_cases[submission.name].lane
        self._queue.put(lane, Item(submission, self._digest(submission), answer))
        return answer

    def wake(self) -> None:
        self._queue.arrived.set()

    def drain(self) -> Iterable[Item]:
        return self._queue.drain()

    async def reload_timers(self) -> None:
        self._next_timer = await self._parts.store.next_timer()

    def note_timers(self, due: Iterable[datetime]) -> None:
        """Timers that just became durable."""
        for at in due:
            if self._next_timer is None or at < self._next_timer:
                self._next_timer = at

    async def collect(self, now: datetime) -> Collected:
        """Due timers first, then callers, then the inbox if there is room. Waits a moment if there is nothing.

        `now` is the cell clock when it was called; a timer that falls due meanwhile comes with the next batch.
        """
        due = self._next_timer is not None and self._next_timer <= now
        if not due and self._queue.size == 0:
            try:
                async with asyncio.timeout(IDLE_POLL_SECONDS):
                    await self._queue.arrived.wait()
            except TimeoutError:
                self._queue.arrived.clear()
        fired = [self._fire(timer) for timer in await self._due(now)] if due else []
        stored = [
            Item(one, self._digest(one), None, from_inbox=True) for one in await self._stored()
        ]
        # Callers leave the queue last: nothing can fail any more before they are in somebody's hand.
        items = [*fired, *self._queue.take(self._parts.limits.batch_commands), *stored]
        unreadable = (i.submission for i in items if i.submission.command is UNREADABLE)
        return Collected(items, frozenset(one.command_id for one in unreadable))

    async def _stored(self) -> list[Submission]:
        limits, now = self._parts.limits, asyncio.get_running_loop().time()
        room = self._queue.size < limits.batch_commands
        if now < self._inbox_at or not (room or now > self._inbox_at + INBOX_PATIENCE_SECONDS):
            return []
        self._inbox_at = now + IDLE_POLL_SECONDS
        return await self._parts.store.waiting(limits.inbox_per_batch)

    def _digest(self, submission: Submission) -> UUID | None:
        key = submission.idempotency_key
        if key is None:
            return None
        return self._parts.key_digest(submission.tenant, submission.principal, submission.name, key)

    async def _due(self, now: datetime) -> list[DueTimer]:
        timers = await self._parts.store.due_timers(now, self._parts.limits.timers_per_batch)
        if not timers:
            await self.reload_timers()
        return timers

    def _fire(self, timer: DueTimer) -> Item:
        command = UNREADABLE
        try:
            kind = self._parts.use_cases[timer.name].command
            command = msgspec.json.decode(timer.body, type=kind)
        except (KeyError, msgspec.DecodeError):
            log.exception("timer %s of %s cannot be read", timer.name, timer.of_id)
        submission = Submission(
            command_id=self._parts.new_id(),
            tenant=timer.tenant,
            principal=TIMER_PRINCIPAL,
            name=timer.name,
            idempotency_key=None,
            command=command,
            body=timer.body,
            body_mac=b"",
            correlation_id=timer.cause_id,
            causation_id=timer.cause_id,
        )
        return Item(submission, None, None, timer=(timer.of_id, timer.name))
