"""What the engine needs from the database: `infra.cell.store` provides it with async psycopg."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from commands.engine.batch import Batch
from commands.ports import Submission


class StoreGone(Exception):
    """The session ended; whether the last commit took place is unknown. Become owner again and look."""


class Fenced(Exception):
    """Another engine owns the cell: nothing of this commit was written, and nothing ever will be."""


class BatchRefused(Exception):
    """The database refused this batch for what is in it. Nothing was written; the session is spent."""


class KeysKnown(Exception):
    """A key of this batch has its answer already: look them up first. Nothing was written; the session goes on."""


class StoreFull(StoreGone):
    """The database cannot write now (disk, memory, connections). Nothing was written."""


class Head(NamedTuple):
    """Where the log ends. Every commit must find it as this engine last saw it."""

    epoch: int
    position: int
    hash: bytes
    seq: int
    command_hash: bytes
    last_at: datetime


class Answered(NamedTuple):
    """A command that is already on record."""

    command_id: UUID
    body_mac: bytes
    outcome: str
    reply: bytes
    position: int  # of its last event, or the head it saw


class StoredStream(NamedTuple):
    """What is stored of one aggregate: a snapshot or none, and every event after it."""

    stream_id: UUID
    tenant: str
    category: str
    snapshot: bytes | None
    snapshot_version: int
    events: list[bytes]


class DueTimer(NamedTuple):
    of_id: UUID
    name: str
    tenant: str
    body: bytes
    cause_id: UUID


class CellStore(Protocol):
    """One session on one cell. After any error but `Fenced` and `KeysKnown` the session is not used again.

    Every method may raise StoreGone; one that names more says so.
    """

    async def connect(self) -> None:
        """Open a new session, leaving the old one."""

    async def take(self, mine: int, address: str) -> Head | None:
        """Become the owner, or None while another one lives. `mine`: an epoch held by this process."""

    async def owner_address(self) -> str:
        """Base URL of the owner as last recorded."""

    async def heartbeat(self) -> None:
        """Say that the owner, made by `take`, lives. Raises: Fenced."""

    async def release(self, head: Head) -> None:
        """Stop owning, so that a standby need not wait."""

    async def prefetch(
        self, keys: Sequence[UUID], streams: Sequence[UUID]
    ) -> tuple[dict[UUID, Answered], list[StoredStream]]:
        """Answers on record by key digest, and the stored streams among `streams`. Raises: BatchRefused."""

    async def answered(self, command_ids: Sequence[UUID]) -> dict[UUID, Answered]:
        """Which of these commands are on record."""

    async def commit(self, head: Head, batch: Batch) -> None:
        """Write the batch in one round trip. Raises: Fenced, BatchRefused, KeysKnown."""

    async def due_timers(self, at: datetime, limit: int) -> list[DueTimer]: ...

    async def next_timer(self) -> datetime | None: ...

    async def waiting(self, limit: int) -> list[Submission]:
        """The oldest unanswered commands of the inbox; `intake.UNREADABLE` where this code knows no such."""
