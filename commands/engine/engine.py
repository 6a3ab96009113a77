"""The one writer of a cell: become owner, then batch after batch until someone else owns it.

    collect -> decide, fetching what is not in memory -> commit -> answer -> next

While a batch commits, HTTP goes on: the answers of the last batch are written and the next one gathers.
Nothing is speculative: apart from the batch in hand, no state in memory is ahead of the database. Nothing is
answered before it is durable.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from commands.engine.intake import Intake
from commands.engine.outcome import Misused, Outcome, Poisoned, answer, fail
from commands.engine.parts import Parts
from commands.engine.ports import BatchRefused, Fenced, Head, KeysKnown, StoreFull, StoreGone
from commands.engine.queue import Item
from commands.ports import Answer, NotOwner, Overloaded, Submission

HEARTBEAT_SECONDS = 1.0
STANDBY_POLL_SECONDS = 0.3
UNKNOWN_AFTER_SECONDS = 20.0  # a caller waits so long for a store that is gone
TRY_LATER_SECONDS = 2
LOSSES_MAX = 3  # sessions lost over one batch before its commands are tried one by one

log = logging.getLogger(__name__)


class Engine:
    """Implements `commands.ports.Submitter`. `address` is the base URL other processes forward to."""

    def __init__(self, cell: str, address: str, parts: Parts) -> None:
        self.cell = cell
        self.address = address
        self.head: Head | None = None  # set while this process owns the cell
        self.decided = 0  # commands answered since the process started
        self._parts = parts
        self._intake = Intake(parts)
        self._epoch = -1  # the last epoch this process held
        self._owner_address = ""
        self._lost_at: float | None = None  # since when the store has been out of reach
        self._stopping = asyncio.Event()

    async def submit(self, submission: Submission) -> Answer:
        if self._stopping.is_set() or (self.head is None and self._lost_at is None):
            raise NotOwner(self._owner_address)
        if self.head is None and self._out_of_reach() > UNKNOWN_AFTER_SECONDS / 2:
            raise Overloaded(TRY_LATER_SECONDS)
        return await self._intake.put(submission)

    def stop(self) -> None:
        """Finish what is queued, take no more, give the cell up, and return from `run`."""
        self._stopping.set()
        self._intake.wake()

    # --- ownership -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Own the cell whenever nobody else does, until `stop`."""
        try:
            while not self._stopping.is_set():
                try:
                    if await self._own():
                        await self._serve()
                except StoreGone as gone:
                    log.warning("cell %s: session lost: %s", self.cell, gone)
                    await self._lose_store(gone)
                except Fenced as fenced:
                    log.warning("cell %s: no longer the owner: %s", self.cell, fenced)
                    self._forget()
                    self._epoch = -1
                except Exception as bug:
                    # Memory may be wrong now; the store is not: start over from it.
                    log.exception("cell %s: the engine stumbled", self.cell)
                    await self._lose_store(StoreGone(repr(bug)))
            if self.head is not None:
                await self._parts.store.release(self.head)
        finally:
            self._stopping.set()
            self._forget()
            self._reject(self._intake.drain(), NotOwner(""))

    async def _own(self) -> bool:
        """Wait until this process owns the cell; False when it is to stop. Raises: StoreGone."""
        store = self._parts.store
        await store.connect()
        while not self._stopping.is_set():
            if await self._take():
                await self._intake.reload_timers()
                return True
            self._lost_at = None
            self._owner_address = await store.owner_address()
            self._reject(self._intake.drain(), NotOwner(self._owner_address))
            await self._pause(STANDBY_POLL_SECONDS)
        return False

    async def _take(self) -> bool:
        head = await self._parts.store.take(self._epoch, self.address)
        if head is None:
            return False
        self._forget()
        self._epoch, self.head, self._owner_address = head.epoch, head, ""
        log.info("cell %s: owner in epoch %d at %d", self.cell, head.epoch, head.position)
        return True

    async def _own_again(self) -> None:
        """A session is never used after an error: take a new one in a new epoch. Raises: Fenced, StoreGone."""
        await self._parts.store.connect()
        if not await self._take():
            raise Fenced("another engine took over meanwhile")

    def _forget(self) -> None:
        self.head = None
        self._parts.writer.forget_everything()

    async def _lose_store(self, gone: StoreGone) -> None:
        """Keep the queue for a while: the store may be back in a moment, and this process still be the owner.

        A full disk is not back in a moment.
        """
        self._forget()
        self._note_loss()
        if isinstance(gone, StoreFull) or self._out_of_reach() > UNKNOWN_AFTER_SECONDS:
            self._reject(self._intake.drain(), Overloaded(TRY_LATER_SECONDS))
        await self._pause(STANDBY_POLL_SECONDS)

    def _note_loss(self) -> None:
        if self._lost_at is None:
            self._lost_at = asyncio.get_running_loop().time()

    def _out_of_reach(self) -> float:
        """Seconds since the store was last known to work."""
        return 0.0 if self._lost_at is None else asyncio.get_running_loop().time() - self._lost_at

    def _reject(self, items: Iterable[Item], why: Exception) -> None:
        for item in items:
            fail(item, why)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    # --- the loop ------------------------------------------------------------------------------

    async def _serve(self) -> None:
        beat, beaten = self.head, asyncio.get_running_loop().time()
        while not (self._stopping.is_set() and self._intake.waiting == 0):
            items, broken = await self._intake.collect(self._cell_now())
            if items:
                self._parts.reached("collected")
            try:
                await self._process(items, broken)
            except BaseException as why:  # whatever it is, nobody is left waiting
                elsewhere, later = NotOwner(self._owner_address), Overloaded(TRY_LATER_SECONDS)
                self._reject(items, elsewhere if isinstance(why, Fenced) else later)
                raise
            now = asyncio.get_running_loop().time()
            if self.head is not beat:  # a commit says that the owner lives
                beat, beaten = self.head, now
            elif self.head is not None and now - beaten > HEARTBEAT_SECONDS:
                await self._parts.store.heartbeat()
                beaten, self._lost_at = now, None

    def _cell_now(self) -> datetime:
        """Never backwards: the later of the wall clock and the last recorded time."""
        assert self.head is not None
        return max(self.head.last_at, self._parts.clock.now())

    async def _process(self, items: Sequence[Item], broken: frozenset[UUID] = frozenset()) -> None:
        """Decide and commit `items`, in as many batches as their size asks for. Raises: Fenced, StoreGone."""
        writer, losses = self._parts.writer, 0
        while items:
            try:
                count = await self._commit(items, broken)
                items, losses = items[count:], 0
            except Poisoned as poisoned:
                writer.undo()
                broken |= {poisoned.command_id}
            except KeysKnown:
                writer.undo()
            except BatchRefused as refused:
                await self._bisect(items, broken, refused)
                return
            except StoreFull as full:
                log.error("cell %s cannot write: %s", self.cell, full)
                raise
            except (StoreGone, Fenced) as lost:
                losses += 1
                items = await self._resolve(items, lost)
                if self._out_of_reach() > UNKNOWN_AFTER_SECONDS:
                    self._reject(items, Overloaded(TRY_LATER_SECONDS))
                    return
                if losses == LOSSES_MAX and items:  # it is rather something in there
                    await self._bisect(items, broken, lost)
                    return

    async def _commit(self, items: Sequence[Item], broken: frozenset[UUID]) -> int:
        """One batch from the first of `items`; returns how many it took. Nothing is told before it is durable."""
        assert self.head is not None
        parts, epoch, at = self._parts, self.head.epoch, self._cell_now()
        try:
            batch, outcomes, count = await parts.writer.decide(items, self.head, at, broken=broken)
        except (StoreGone, Fenced, BatchRefused, Poisoned):
            raise
        except Exception as bug:
            log.exception("cell %s: a batch of %d cannot be decided", self.cell, len(items))
            raise BatchRefused(repr(bug)) from bug
        if batch.seq > self.head.seq or batch.inbox:
            parts.reached("decided")
            self.head = await parts.writer.commit(self.head, batch)
            self._lost_at = None
            parts.reached("committed")
            self._intake.note_timers(timer[0] for timer in batch.timers.values() if timer)
            parts.committed(self.head)
            await asyncio.sleep(0)  # what has come meanwhile queues up before answers make new work
        self.decided += count
        for outcome in outcomes:
            self._tell(epoch, outcome)
        parts.reached("answered")
        return count

    def _tell(self, epoch: int, outcome: Outcome | Misused) -> None:
        if isinstance(outcome, Misused):
            fail(outcome.item, outcome.why)
            return
        waiting = outcome.item.answer
        if waiting is not None and not waiting.done():
            waiting.set_result(answer(self.cell, epoch, outcome))

    # --- when a commit does not come back ------------------------------------------------------

    async def _bisect(
        self, items: Sequence[Item], broken: frozenset[UUID], why: BatchRefused | StoreGone | Fenced
    ) -> None:
        """Find the command the database refuses; it is recorded as an error, its neighbours proceed."""
        items = await self._resolve(items, why)
        if len(items) > 1:
            half = len(items) // 2
            await self._process(items[:half], broken)
            await self._process(items[half:], broken)
        elif items and self._is_hopeless(items[0], broken, why):
            fail(items[0], why if isinstance(why, BatchRefused) else Overloaded(TRY_LATER_SECONDS))
        elif items:
            await self._process(items, broken | {items[0].submission.command_id})

    def _is_hopeless(self, item: Item, broken: frozenset[UUID], why: Exception) -> bool:
        """True when not even an error can be recorded for it, or it may be innocent: nothing has changed."""
        submission = item.submission
        log.error("%s %s cannot be stored: %s", submission.name, submission.command_id, why)
        innocent = item.answer is not None and not isinstance(why, BatchRefused)
        return innocent or submission.command_id in broken

    async def _resolve(self, items: Sequence[Item], lost: Exception) -> list[Item]:
        """Nobody is answered on a guess: look the commands up under a new epoch; returns those to decide again.

        Raises: Fenced when another engine took over, StoreGone when this one is to stop or cannot write.
        """
        log.warning("cell %s: %d commands in doubt: %s", self.cell, len(items), lost)
        self._forget()
        self._note_loss()
        before = self._epoch
        while self.head is None:
            try:
                await self._own_again()
            except Fenced:  # their epoch shuts ours out: what is not on record now never will be
                self._owner_address = await self._parts.store.owner_address()
                self._reject(await self._answer_recorded(items), NotOwner(self._owner_address))
                raise
            except StoreFull:
                raise
            except StoreGone:
                if self._out_of_reach() > UNKNOWN_AFTER_SECONDS:
                    self._reject((*items, *self._intake.drain()), Overloaded(TRY_LATER_SECONDS))
                if self._stopping.is_set():
                    raise
                await self._pause(STANDBY_POLL_SECONDS)
        self._parts.reached("resolved")
        await self._intake.reload_timers()
        if self._epoch != before + 1:  # somebody else owned meanwhile, and saw to timers and inbox
            items = [item for item in items if item.answer is not None]
        return await self._answer_recorded(items)

    async def _answer_recorded(self, items: Sequence[Item]) -> list[Item]:
        """Tell those whose command did commit; return the others, but for callers who went away."""
        recorded = await self._parts.store.answered([i.submission.command_id for i in items])
        missing: list[Item] = []
        for item in items:
            seen = recorded.get(item.submission.command_id)
            if seen is not None:
                said = (seen.outcome, seen.reply, seen.position, seen.command_id)
                self._tell(self._epoch, Outcome(item, *said, False))
            elif item.answer is None or not item.answer.done():
                missing.append(item)
        return missing
