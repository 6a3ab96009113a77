"""Is the log of a cell what was once written? Reads all of it, recomputes every hash, and names the first bad place.

Events and commands are read side by side in order, so memory stays constant and each event is met together
with the command that caused it. One read-only snapshot is used throughout: a live engine is neither
disturbed nor mistaken for damage.
"""

import struct
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, LiteralString, NamedTuple, TypeAlias

import msgspec
import psycopg
from psycopg import sql

from commands.engine.cache import Codec
from commands.engine.chain import GENESIS, command_digest, command_hash, event_hash
from domain.decider import Decider
from infra.cell.damage import Bad, Damaged, compare, refuse_lookalikes
from infra.cell.watch import Nobody, Watch

PAGE = 5000  # rows held in memory, of each table

Row: TypeAlias = Sequence[Any]

_EVENTS: LiteralString = """
select position, tenant, command_id, recorded_at, hash, epoch, category, stream_id, version, type, data
from {}.events order by position"""
_COMMANDS: LiteralString = """
select seq, command_id, tenant, principal, name, idempotency_key, body, body_mac, facts, outcome, reply,
       seen_position, first_position, last_position, code_rev, correlation_id, causation_id, at, hash
from {}.commands order by seq"""
_OWNER: LiteralString = """
select head_position, head_hash, command_seq, command_hash, epoch, last_at from {}.owner"""

# A stream's events, in order of version, must count up from 1, follow each other in the log, and stay with
# one tenant and category. Sorted by the database, so that no count of streams fills this process.
_STREAMS: LiteralString = """
select position, stream_id, version, before + 1, tenant, of, category, kind, earlier from (
  select position, stream_id, version, tenant, category,
         lag(version, 1, 0) over stream as before, lag(position, 1, 0::bigint) over stream as earlier,
         lag(tenant, 1, tenant) over stream as of, lag(category, 1, category) over stream as kind
  from {}.events window stream as (partition by stream_id order by version)) s
where version <> before + 1 or position <= earlier or tenant <> of or category <> kind
order by position limit 1"""
_TWICE: LiteralString = """
select command_id, max(seq), min(seq) from {}.commands group by command_id having count(*) > 1 limit 1"""


class Report(NamedTuple):
    """What was read until the first bad place, or until the end."""

    cell: str
    events: int
    commands: int
    seconds: float
    bad: Bad | None

    def __str__(self) -> str:
        speed = f"{self.seconds:.1f} s, {self.events / max(self.seconds, 1e-9):,.0f} events/s"
        read = f"{self.events:,} events and {self.commands:,} commands ({speed})"
        if self.bad is None:
            return f"{self.cell} is intact: {read}"
        return f"{self.cell} is DAMAGED at {self.bad}; read until then: {read}"


def verify(
    dsn: str,
    cell: str,
    deciders: Sequence[Decider[Any, Any]] | None,
    *,
    progress: Callable[[int], None] = lambda events: None,
) -> Report:
    """Check the whole log, in one snapshot that disturbs nobody."""
    with psycopg.connect(dsn, application_name="tuan-verify") as connection:
        connection.execute("set timezone to utc")
        connection.execute("set jit to off")
        connection.execute("set work_mem to '64MB'")
        connection.commit()
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        return verify_in(connection, cell, deciders, progress=progress)


def verify_in(
    connection: psycopg.Connection[Any],
    cell: str,
    deciders: Sequence[Decider[Any, Any]] | None,
    *,
    progress: Callable[[int], None] = lambda events: None,
    watch: Watch | None = None,
) -> Report:
    """Check the whole log as this session sees it.

    `deciders` None: events are not decoded (a cell of somebody else's types).
    """
    started = time.monotonic()
    bad: Bad | None = None
    watch = watch or Nobody()
    walk = Walk(connection, cell, deciders, progress, watch)
    try:
        watch.begin(connection)
        walk.along_the_log()
        watch.end()
        walk.along_the_streams()
    except Damaged as damaged:
        bad = damaged.bad
    return Report(cell, walk.position, walk.seq, time.monotonic() - started, bad)


class Walk:
    """How far the log has been read, and the hashes it has led to."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        cell: str,
        deciders: Sequence[Decider[Any, Any]] | None,
        progress: Callable[[int], None],
        watch: Watch,
    ) -> None:
        self._connection = connection
        self._watch = watch
        self._cell = sql.Identifier(cell)
        self._decoders = None if deciders is None else decoders(deciders)
        self._progress = progress
        self.position = 0
        self.seq = 0
        self._hash = GENESIS
        self._command_hash = GENESIS
        self._epoch = 0
        self._at: datetime | None = None

    def along_the_log(self) -> None:
        """Both chains to their ends, which are where the owner says. Raises: Damaged."""
        with closing(self._rows(_EVENTS)) as events, closing(self._rows(_COMMANDS)) as commands:
            try:
                self._side_by_side(events, commands)
            except struct.error as outside:  # no engine can have hashed such a value
                place = f"events after position {self.position}, commands after seq {self.seq}"
                raise Damaged(
                    Bad(place, "a value", f"out of range ({outside})", "less")
                ) from outside
        self._ends()

    def _side_by_side(self, events: Iterator[Row], commands: Iterator[Row]) -> None:
        for row in commands:
            digest, count = self._command(row)
            for _ in range(count):
                self._event(next(events, None), row, digest)
            if self.seq % PAGE == 0:
                self._progress(self.position)
        for row in events:
            raise Damaged(Bad(f"events position {row[0]}", "its command", "missing", str(row[2])))

    def along_the_streams(self) -> None:
        """Every stream counts up from 1 in the order of the log. Raises: Damaged."""
        for row in self._select(_STREAMS):
            position, stream, version, next_version, tenant, of, category, kind, earlier = row
            place = f"events position {position} of stream {stream}"
            compare(
                place,
                ("version", "tenant", "category"),
                (version, tenant, category),
                (next_version, of, kind),
            )
            raise Damaged(Bad(place, "its place in the log", str(position), f"after {earlier}"))
        for command_id, again, first in self._select(_TWICE):
            place = f"commands seq {again}"
            raise Damaged(Bad(place, f"command {command_id}", "here too", f"only at {first}"))

    # --- one row -------------------------------------------------------------------------------

    def _command(self, row: Row) -> tuple[bytes, int]:
        """Check one command; returns its digest and how many events it caused."""
        seq, id, tenant, principal, name, key, body, mac, facts, outcome, reply = row[:11]
        seen, first, last, code_rev, correlation, causation, at, hash = row[11:]
        place = f"commands seq {seq}"
        if seq != self.seq + 1:
            raise Damaged(Bad(f"commands after seq {self.seq}", "seq", str(seq), str(self.seq + 1)))
        digest = command_digest(
            *(id, tenant, principal, name, key, body, mac, facts),
            *(correlation, causation, at, code_rev),
        )
        link = command_hash(self._command_hash, seq, digest, outcome, reply, seen, first, last)
        if link != hash or seen != self.position:
            compare(place, ("hash", "seen_position"), (hash, seen), (link, self.position))
        refuse_lookalikes(place, key, causation, first, last)
        count = 0 if first is None else last - first + 1
        if first is not None and (first != seen + 1 or count < 1 or outcome != "accepted"):
            events = f"events {first} to {last} as {outcome}"
            raise Damaged(Bad(place, "what it caused", events, f"events from {seen + 1}"))
        if self._at is not None and at < self._at:
            raise Damaged(Bad(place, "at", at.isoformat(), f"not before {self._at.isoformat()}"))
        self.seq, self._command_hash, self._at = seq, link, at
        self._watch.command(seq, link)
        return digest, count

    def _event(self, row: Row | None, command: Row, digest: bytes) -> None:
        """Check one event of `command`."""
        expected = self.position + 1
        if row is None or row[0] != expected:
            stored = "the end of the log" if row is None else str(row[0])
            place = f"events after position {self.position}"
            raise Damaged(Bad(place, "position", stored, f"{expected}, of command seq {self.seq}"))
        position, tenant, command_id, at, hash, epoch, category, stream, version, type, data = row
        link = event_hash(
            *(self._hash, position, epoch, tenant, category, stream, version, type, data), digest
        )
        should = (link, command[1], command[2], command[17])
        if (hash, command_id, tenant, at) != should:
            names = ("hash", "command_id", "tenant", "recorded_at")
            compare(f"events position {position}", names, (hash, command_id, tenant, at), should)
        if epoch != self._epoch:
            if epoch < self._epoch or position != command[12]:
                place = f"events position {position}"
                raise Damaged(Bad(place, "epoch", str(epoch), f"that of before, {self._epoch}"))
            self._epoch = epoch
        if self._decoders is not None:
            decode(self._decoders, position, category, type, data)
        self.position, self._hash = position, link
        self._watch.event(position, link)

    def _ends(self) -> None:
        """The owner's row holds the heads of both chains, so a log cut short shows."""
        for *heads, epoch, last_at in self._select(_OWNER):
            names = ("head_position", "head_hash", "command_seq", "command_hash")
            found = (self.position, self._hash, self.seq, self._command_hash)
            compare("owner", names, heads, found)
            if epoch < self._epoch:
                raise Damaged(Bad("owner", "epoch", str(epoch), f"at least {self._epoch}"))
            if self._at is not None and last_at < self._at:
                raise Damaged(Bad("owner", "last_at", str(last_at), f"at least {self._at}"))
            return
        raise Damaged(Bad("owner", "its row", "missing", f"head {self.position}"))

    # --- reading -------------------------------------------------------------------------------

    def _rows(self, query: LiteralString) -> Generator[Row, None, None]:
        """All rows in order, a page at a time."""
        name = "events" if query is _EVENTS else "commands"
        statement = sql.SQL(query).format(self._cell)
        with self._connection.cursor(name, binary=True) as cursor:
            cursor.execute(statement)
            try:
                while page := cursor.fetchmany(PAGE):
                    yield from page
            except psycopg.DataError as unreadable:  # say, a time beyond any calendar
                reached = self.position if name == "events" else self.seq
                found = f"unreadable ({unreadable})"
                bad = Bad(f"{name} after {reached}", "a row", found, "readable")
                raise Damaged(bad) from unreadable

    def _select(self, query: LiteralString) -> list[Any]:
        return self._connection.execute(sql.SQL(query).format(self._cell), binary=True).fetchall()


def decoders(deciders: Sequence[Decider[Any, Any]]) -> Mapping[str, Callable[[bytes], Any]]:
    return {decider.category: Codec(decider).decode_event for decider in deciders}


def decode(
    known: Mapping[str, Callable[[bytes], Any]],
    position: int,
    category: str,
    type: str,
    data: bytes,
) -> None:
    """Raises: Damaged unless today's code reads this event as what it says it is."""
    place = f"events position {position}"
    decoder = known.get(category)
    if decoder is None:
        raise Damaged(Bad(place, "category", category, f"one of {', '.join(known)}"))
    try:
        event = decoder(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Damaged(Bad(place, "data", f"unreadable ({error})", type)) from error
    if event.__struct_config__.tag != type:
        raise Damaged(Bad(place, "type", type, event.__struct_config__.tag))
