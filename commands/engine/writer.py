"""Decides batches and commits them. Everything here happens one batch at a time.

decide     each command in order of arrival, in memory
prefetch   what is missing for that: streams not in memory, and with them answers already given
commit     one round trip behind the fence; tells which keys have an answer already, and then writes nothing
undo       whatever the batch touched is forgotten, and read again when next needed
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from commands.engine.attempt import Attempt, Unread
from commands.engine.batch import Batch, Encoded
from commands.engine.cache import NOTHING, UNREADABLE, WEIGH_EVERY, Cache, Codec, Entry, restore
from commands.engine.outcome import (
    FAILED,
    Decided,
    EventTooLarge,
    Misused,
    Outcome,
    Poisoned,
    refusal,
)
from commands.engine.ports import Answered, CellStore, Head, KeysKnown, StoredStream
from commands.engine.queue import Item
from commands.ports import KeyReused
from commands.use_case import UseCase
from domain.decider import Decider
from domain.errors import Rejected

EVENT_BYTES_MAX = 256 * 1024
BATCH_BYTES_MAX = 4 * 1024 * 1024
SNAPSHOT_EVERY = 500  # events of one aggregate: bounds what a cold read costs
SNAPSHOTS_PER_BATCH = 8
FOLD_EVENTS = 50_000  # between two signs of life
TIMER_RETRY = timedelta(minutes=1)  # after an error; a refusal is final
WARY_BATCHES = 64  # that look their keys up first, after a repeat: callers repeat in swarms

log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class Writer:
    """`deciders` are all aggregates that may stand in the store."""

    def __init__(
        self,
        store: CellStore,
        use_cases: Mapping[str, UseCase],
        deciders: Iterable[Decider[Any, Any]],
        cache: Cache,
        code_rev: str,
    ) -> None:
        self._store = store
        self._use_cases = use_cases
        self._names = {use_case.command: name for name, use_case in use_cases.items()}
        self._codecs = {decider.category: Codec(decider) for decider in deciders}
        self._cache = cache
        self._code_rev = code_rev
        self._touched: dict[int, UUID] = {}
        self._wary = 0  # batches that still look their keys up before they decide

    # --- decide --------------------------------------------------------------------------------

    async def decide(
        self,
        items: Sequence[Item],
        head: Head,
        at: datetime,
        *,
        broken: frozenset[UUID] = frozenset(),
    ) -> tuple[Batch, list[Outcome | Misused], int]:
        """Decide `items` in order; returns the batch, an outcome per item, and how many were decided.

        Commands in `broken` failed before and are recorded as errors. Stops early when the batch is full.
        """
        self._touched.clear()
        batch = Batch(head, at, self._code_rev)
        known: dict[UUID, Answered] = {}
        fetched = self._wary > 0
        if fetched:
            self._wary -= 1
            known |= await self._prefetch(items, at, broken, set())
        outcomes: list[Outcome | Misused] = []
        index = 0
        while index < len(items) and batch.bytes < BATCH_BYTES_MAX:
            item = items[index]
            try:
                outcomes.append(self._answer(item, batch, known, broken))
            except Unread as unread:
                rest, wanted = items[index:], {unread.id}
                if fetched:
                    await self._fetch(self._probe(rest, at) | wanted)
                else:
                    known |= await self._prefetch(rest, at, broken, wanted)
                fetched = True
                continue
            index += 1
        self._snapshot(batch)
        return batch, outcomes, index

    async def _prefetch(
        self, items: Sequence[Item], at: datetime, broken: frozenset[UUID], wanted: set[UUID]
    ) -> dict[UUID, Answered]:
        """The streams that these name, and those `wanted`; returns the answers that their keys have."""
        keys = list({item.key_digest for item in items if item.key_digest is not None})
        for item in items:
            if item.submission.command_id not in broken:
                self._want(item, at, wanted)
        known, stored = await self._store.prefetch(keys, list(wanted))
        if known:
            self._wary = WARY_BATCHES
        await self._remember(wanted, stored)
        return known

    def _want(self, item: Item, at: datetime, wanted: set[UUID]) -> None:
        """Which streams the use case names that are not in memory."""
        submission = item.submission
        streams = self._use_cases[submission.name].streams
        try:
            for stream in streams(submission.command, Attempt(submission, at, self._cache)):
                if stream.id not in self._cache:
                    wanted.add(stream.id)
        except Unread:
            return  # it is wanted already
        except Exception as later:  # noqa: BLE001  (met again, and handled, when it is decided)
            log.debug("streams of %s: %r", submission.name, later)

    async def _fetch(self, wanted: set[UUID]) -> None:
        _, stored = await self._store.prefetch((), list(wanted))
        await self._remember(wanted, stored)

    async def _remember(self, wanted: set[UUID], stored: Sequence[StoredStream]) -> None:
        folded = 0
        for stream in stored:
            wanted.discard(stream.stream_id)
            try:
                entry = restore(stream, self._codecs)
            except Exception:  # its own commands fail loudly; other aggregates are not its hostages
                log.exception("stream %s cannot be read", stream.stream_id)
                entry = Entry(NOTHING, None, version=UNREADABLE)
            self._cache.put(stream.stream_id, entry)
            folded += len(stream.events)
            if folded > FOLD_EVENTS:  # a standby must not take this for death
                folded = 0
                await self._store.heartbeat()
        for absent in wanted:
            self._cache.put(absent, Entry(NOTHING, None))

    def _probe(self, items: Sequence[Item], at: datetime) -> set[UUID]:
        """Which streams these commands would ask for next; found by trying, as nothing is kept."""
        missing: set[UUID] = set()
        for item in items:
            try:
                use_case = self._use_cases[item.submission.name]
                use_case.handle(item.submission.command, Attempt(item.submission, at, self._cache))
            except Unread as unread:
                missing.add(unread.id)
            except Exception as later:  # noqa: BLE001  (met again, and handled, when it is decided)
                log.debug("probe of %s: %r", item.submission.name, later)
        return missing

    def _answer(
        self, item: Item, batch: Batch, known: dict[UUID, Answered], broken: frozenset[UUID]
    ) -> Outcome | Misused:
        submission, digest = item.submission, item.key_digest
        if digest is not None and (seen := known.get(digest)) is not None:
            if item.from_inbox:
                batch.inbox.append((submission.command_id, seen.command_id))
            if seen.body_mac != submission.body_mac:
                return Misused(item, KeyReused())
            return Outcome(item, seen.outcome, seen.reply, seen.position, seen.command_id, True)
        if submission.command_id in broken:
            outcome, reply, encoded = FAILED
        else:
            outcome, reply, encoded = self._decide(item, batch)
        position = batch.add(submission, digest, outcome, reply, encoded)
        if item.timer is not None:
            self._settle_timer(item, outcome, batch)
        if item.from_inbox:
            batch.inbox.append((submission.command_id, submission.command_id))
        if digest is not None:
            known[digest] = Answered(
                submission.command_id, submission.body_mac, outcome, reply, position
            )
        return Outcome(item, outcome, reply, position, submission.command_id, False)

    def _settle_timer(self, item: Item, outcome: str, batch: Batch) -> None:
        """The row that fired goes, unless its command set it again; after an error it comes back later."""
        assert item.timer is not None
        submission = item.submission
        if outcome == "error":
            cause = submission.causation_id or submission.command_id
            due = batch.at + TIMER_RETRY
            batch.timers[item.timer] = (due, submission.tenant, submission.body, cause)
        else:
            batch.timers.setdefault(item.timer, None)

    def _decide(self, item: Item, batch: Batch) -> Decided:
        submission = item.submission
        attempt = Attempt(submission, batch.at, self._cache)
        try:
            result = self._use_cases[submission.name].handle(submission.command, attempt)
            reply, encoded = _encode(result), self._encode(attempt)
        except Unread:
            raise
        except Rejected as why:
            return why.code, refusal(why), []
        except Exception:
            log.exception("%s %s failed", submission.name, submission.command_id)
            return FAILED
        try:
            self._apply(attempt)
        except Exception as broken:
            log.exception("%s %s cannot be applied", submission.name, submission.command_id)
            raise Poisoned(submission.command_id) from broken
        for (of, command), timer in attempt.timers.items():
            batch.timers[of, self._names[command]] = timer and (
                timer[0],
                submission.tenant,
                _encode(timer[1]),
                submission.command_id,
            )
        return "accepted", reply, encoded

    def _encode(self, attempt: Attempt) -> list[Encoded]:
        encoded: list[Encoded] = []
        for id, decider, entry, events in attempt.appends.values():
            version = entry.version
            for event in events:
                version += 1
                data = _encode(event)
                if len(data) > EVENT_BYTES_MAX:
                    raise EventTooLarge(bytes=len(data), limit=EVENT_BYTES_MAX)
                encoded.append((decider.category, id, version, event.__struct_config__.tag, data))
        return encoded

    def _apply(self, attempt: Attempt) -> None:
        """Let the states follow the events."""
        for id, decider, entry, events in attempt.appends.values():
            if entry.version == 0:
                entry = Entry(decider, decider.state(), tenant=attempt.tenant)
                self._cache.put(id, entry)
            self._touched[id.int] = id
            before, evolve = entry.version, decider.evolve
            for event in events:
                entry.state = evolve(entry.state, event)
            entry.version += len(events)
            if before // WEIGH_EVERY != entry.version // WEIGH_EVERY:
                self._cache.weigh(id)

    def _snapshot(self, batch: Batch) -> None:
        for id in self._touched.values():
            entry = self._cache.get(id)
            if entry is None or entry.version - entry.snapshot_version < SNAPSHOT_EVERY:
                continue
            if len(batch.snapshots) == SNAPSHOTS_PER_BATCH:
                return
            codec = self._codecs[entry.decider.category]
            state = msgspec.msgpack.encode(entry.state)
            batch.snapshots.append(
                (id, entry.tenant, codec.decider.category, entry.version, codec.shape, state)
            )

    # --- commit and undo -----------------------------------------------------------------------

    async def commit(self, head: Head, batch: Batch) -> Head:
        """Make the batch durable; returns the new head. Raises what `CellStore.commit` raises."""
        try:
            await self._store.commit(head, batch)
        except KeysKnown:
            self._wary = WARY_BATCHES
            raise
        for id, _, _, version, _, _ in batch.snapshots:
            if (entry := self._cache.get(id)) is not None:
                entry.snapshot_version = version
        self._cache.shrink()
        return Head(head.epoch, batch.position, batch.hash, batch.seq, batch.command_hash, batch.at)

    def undo(self) -> None:
        """Forget what the batch in hand touched: the database has none of it."""
        self._cache.forget(self._touched.values())
        self._touched.clear()

    def forget_everything(self) -> None:
        """After a change of ownership nothing in memory is known to be true."""
        self._cache.clear()
        self._touched.clear()
