"""Decided commands, laid out as the columns of one commit."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from commands.engine.chain import command_digest, command_hash, event_hash
from commands.ports import Submission

if TYPE_CHECKING:
    from commands.engine.ports import Head

NO_FACTS = b"{}"  # no decision asks the outside world anything yet

Encoded = tuple[str, UUID, int, str, bytes]  # category, stream, version, type, data


class Batch:
    """Grows command by command from `head`; positions, sequence numbers and hashes run on with it.

    Rows are tuples in the order of `write_batch` of the migrations; the store turns them into columns.
    """

    def __init__(self, head: "Head", at: datetime, code_rev: str) -> None:
        self.at = at
        self.epoch = head.epoch
        self.code_rev = code_rev
        self.position = head.position
        self.hash = head.hash
        self.seq = head.seq
        self.command_hash = head.command_hash
        self.bytes = 0
        self.events: list[tuple[Any, ...]] = []
        self.commands: list[tuple[Any, ...]] = []
        self.timers: dict[tuple[UUID, str], tuple[datetime, str, bytes, UUID] | None] = {}
        self.inbox: list[tuple[UUID, UUID]] = []
        self.snapshots: list[tuple[UUID, str, str, int, str, bytes]] = []

    def add(
        self,
        submission: Submission,
        key_digest: UUID | None,
        outcome: str,
        reply: bytes,
        encoded: Iterable[Encoded],
    ) -> int:
        """Record one command with its events; returns the position of its last event, or the head it saw."""
        command_id, tenant, principal, name, key, _, body, mac, correlation, cause = submission
        digest = command_digest(
            *(command_id, tenant, principal, name, key, body, mac, NO_FACTS),
            *(correlation, cause, self.at, self.code_rev),
        )
        seen = position = self.position
        hash, rows = self.hash, self.events
        for category, stream, version, type, data in encoded:
            position += 1
            hash = event_hash(
                *(hash, position, self.epoch, tenant, category, stream, version, type, data),
                digest,
            )
            rows.append((tenant, category, stream, version, type, data, command_id, hash))
            self.bytes += len(data)
        self.position, self.hash = position, hash
        first, last = (seen + 1, position) if position > seen else (None, None)
        self.seq += 1
        self.bytes += len(body) + len(reply)
        self.command_hash = command_hash(
            self.command_hash, self.seq, digest, outcome, reply, seen, first, last
        )
        self.commands.append(
            (
                *(command_id, tenant, principal, name, key, key_digest, body, mac, NO_FACTS),
                *(outcome, reply, seen, first, last, correlation, cause, self.command_hash),
            )
        )
        return position
