"""A signed anchor for every business day: where both logs stood when it ended. Made once, whoever comes first.

The cell's clock never runs backwards, so the end of a day is a place in the logs that anybody finds again. It
is written into the cell, and as a small file that is meant to leave this house: what is anchored outside
cannot be cut off, or written again, without anybody noticing.
"""

import os
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from domain.ledger_entry import SHANGHAI, day
from infra.evidence.checkpoint import Checkpoint, Signer
from infra.evidence.tree import LogName, Tree

GRACE: Final = timedelta(
    minutes=1
)  # after midnight, when nothing newer is in the log to prove it over

FIRST: LiteralString = "select min(at) from {}.commands where seq = 1"
LATEST: LiteralString = "select max(day) from {}.anchors"
CLOCK: LiteralString = "select last_at, head_position, command_seq from {}.owner"
EVENT: LiteralString = "select hash, epoch, recorded_at from {}.events where position = %s"
COMMAND: LiteralString = "select hash, at from {}.commands where seq = %s"
KEEP: LiteralString = """
insert into {}.anchors (day, at, epoch, position, head_hash, root, command_seq, command_hash, command_root, note)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing"""
STORED: LiteralString = """
select day, at, epoch, position, head_hash, root, command_seq, command_hash, command_root, note
from {}.anchors order by day"""
NOTHING: Final = b"\0" * 32  # the hash before the first entry


class Anchors:
    """The anchors of one cell, over a session of tuan_auditor that commits each statement."""

    def __init__(self, session: psycopg.Connection[Any], cell: str) -> None:
        self._session = session
        self._cell = cell
        self.trees: dict[LogName, Tree] = {
            "events": Tree(session, cell, "events"),
            "commands": Tree(session, cell, "commands"),
        }

    def make_due(self, signer: Signer, now: datetime) -> Iterator[Checkpoint]:
        """An anchor for each day that has ended and has none, oldest first."""
        for each in self.due(now):
            checkpoint = self.at_end_of(each, now)
            self._keep(checkpoint, signer.sign(checkpoint))
            yield checkpoint

    def due(self, now: datetime) -> Iterator[date]:
        """Days that have ended, from the first on that has no anchor."""
        latest = self.latest()
        if latest is None:
            ((first,),) = self._select(FIRST)
            if first is None:
                return
            latest = day(first) - timedelta(days=1)
        ((last_at, _, _),) = self._select(CLOCK)
        over = max(last_at, now - GRACE)
        while (latest := latest + timedelta(days=1)) < day(over):
            yield latest

    def grow(self) -> None:
        """Keep what the logs have completed of their trees, so that roots and proofs stay cheap."""
        ((_, position, seq),) = self._select(CLOCK)
        for _ in self.trees["events"].grow(position):
            pass
        for _ in self.trees["commands"].grow(seq):
            pass

    def at_end_of(self, each: date, now: datetime) -> Checkpoint:
        """Where the logs stood when the day ended."""
        midnight = datetime.combine(each + timedelta(days=1), time(), SHANGHAI)
        ((_, position, seq),) = self._select(CLOCK)
        return self._checkpoint(
            each, now, self._last(EVENT, position, midnight), self._last(COMMAND, seq, midnight)
        )

    def within(self, each: date) -> tuple[tuple[int, int], tuple[int, int]]:
        """First and last position, and first and last command, of a business day; first > last when there is none."""
        start = datetime.combine(each, time(), SHANGHAI)
        end = start + timedelta(days=1)
        ((_, position, seq),) = self._select(CLOCK)
        events = self._last(EVENT, position, start) + 1, self._last(EVENT, position, end)
        return events, (self._last(COMMAND, seq, start) + 1, self._last(COMMAND, seq, end))

    def at_head(self, now: datetime) -> Checkpoint:
        """Where the logs stand now."""
        ((_, position, seq),) = self._select(CLOCK)
        return self._checkpoint(None, now, position, seq)

    def latest(self) -> date | None:
        """The last day that has an anchor."""
        ((latest,),) = self._select(LATEST)
        found: date | None = latest
        return found

    def stored(self) -> list[tuple[Checkpoint, str]]:
        """Every anchor with its note, oldest first."""
        return [(Checkpoint(self._cell, *row[:-1]), row[-1]) for row in self._select(STORED)]

    # --- how -----------------------------------------------------------------------------------

    def _checkpoint(self, each: date | None, now: datetime, position: int, seq: int) -> Checkpoint:
        head, epoch = (self._one(EVENT, position) if position else (NOTHING, 0))[:2]
        command_head = self._one(COMMAND, seq)[0] if seq else NOTHING
        return Checkpoint(
            cell=self._cell,
            day=each,
            at=now,
            epoch=epoch,
            position=position,
            head_hash=head,
            root=self.trees["events"].root(position),
            command_seq=seq,
            command_hash=command_head,
            command_root=self.trees["commands"].root(seq),
        )

    def _last(self, query: LiteralString, head: int, before: datetime) -> int:
        """The number of the last entry before an instant: times only ever grow along a log."""
        low, high = 0, head  # entries up to `low` are before it, those after `high` are not
        while low < high:
            middle = (low + high + 1) // 2
            if self._one(query, middle)[-1] < before:
                low = middle
            else:
                high = middle - 1
        return low

    def _keep(self, it: Checkpoint, note: str) -> None:
        values = (
            it.day, it.at, it.epoch, it.position, it.head_hash, it.root, it.command_seq,
            it.command_hash, it.command_root, note,
        )  # fmt: skip
        self._session.execute(sql.SQL(KEEP).format(sql.Identifier(self._cell)), values)

    def _one(self, query: LiteralString, number: int) -> Any:
        (row,) = self._select(query, number)
        return row

    def _select(self, query: LiteralString, *values: object) -> list[Any]:
        statement = sql.SQL(query).format(sql.Identifier(self._cell))
        return self._session.execute(statement, values, binary=True).fetchall()


def write_out(directory: Path, anchors: list[tuple[Checkpoint, str]]) -> list[Path]:
    """The notes that are not there yet, a file each; returns those it wrote. What is there stays as it is."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for checkpoint, note in anchors:
        path = directory / f"{checkpoint.cell}-{checkpoint.day}.txt"
        if path.exists():
            continue
        fresh = path.with_suffix(f".{os.getpid()}")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
        written.append(path)
    return written
