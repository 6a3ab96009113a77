"""One stream as it happened: each event, what it changed in the state, and the command behind it.

`tuan stream ID [--at POSITION|TIME] [--last N] [--json]`, where ID names a stream (an order, a group, a pool, ...) or a
command, which is shown with all its events.
"""

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import msgspec
import psycopg
from psycopg import sql

from commands.engine.cache import Codec
from domain.decider import Decider
from infra.cell.stream_page import StreamPage
from infra.cell.told import Asked, Told, differences, flat, plain
from infra.settings import Settings

PAGE = 500  # events read at once
FOREVER = datetime.max.replace(tzinfo=UTC)

_EVENT: LiteralString = """
e.position, e.epoch, e.recorded_at, e.tenant, e.category, e.stream_id, e.version, e.type, e.data,
encode(e.hash, 'hex')"""
_ASKED: LiteralString = """
c.seq, c.command_id, c.name, c.tenant, c.principal, c.idempotency_key, c.outcome, c.at, c.body, c.reply,
c.facts, c.seen_position, c.first_position, c.last_position, c.code_rev, c.correlation_id, c.causation_id,
encode(c.hash, 'hex')"""
_STREAM: LiteralString = (
    "select" + _EVENT + "," + _ASKED + " from {0}.events e"
    " left join {0}.commands c on c.command_id = e.command_id"
    " where e.stream_id = %s and e.position <= %s and e.recorded_at <= %s order by e.version"
)
_BEGINNING: LiteralString = """
select position, recorded_at from {0}.events where stream_id = %s order by version limit 1"""
_COMMAND: LiteralString = "select" + _ASKED + " from {0}.commands c where c.command_id = %s"
_CAUSED: LiteralString = (
    "select" + _EVENT + " from {0}.events e where e.position between %s and %s order by e.position"
)


class NotThere(Exception):
    """There is nothing to show. The message is the one line that the user needs."""


class Moment(NamedTuple):
    """A point in the history of a cell."""

    position: int = 2**63 - 1
    at: datetime = FOREVER


HEAD = Moment()


def main(
    settings: Settings,
    id: str,
    deciders: Sequence[Decider[Any, Any]],
    *,
    at: str = "",
    last: int | None = None,
    as_json: bool = False,
) -> int:
    """`tuan stream`: prints what is known of the id, or only its last events.

    The exit code is 1 when there is nothing to show.
    """
    tell = tell_json if as_json else StreamPage().tell
    try:
        wanted, until = uuid_of(id), moment_of(at)
        with psycopg.connect(settings.dsn("tuan_engine")) as session:
            session.read_only = True
            story = Story(session, settings.cell, deciders).of(wanted, until)
            for one in story if last is None else deque(story, last):
                tell(one)
    except NotThere as why:
        sys.stderr.write(f"{why}\n")
        return 1
    return 0


def tell_json(one: Asked | Told) -> None:
    value = {"command": one._asdict()} if isinstance(one, Asked) else one
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def uuid_of(text: str) -> UUID:
    """Raises: NotThere."""
    try:
        return UUID(text)
    except ValueError:
        raise NotThere(f"{text!r} is no id: streams and commands have UUIDs") from None


def moment_of(text: str) -> Moment:
    """A position or a time; a time without an offset is UTC. Raises: NotThere."""
    if not text:
        return Moment()
    if text.isdecimal():
        return Moment(position=int(text))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        example = "a position like 1234 or a time like 2026-06-01T12:00:00Z"
        raise NotThere(f"--at takes {example}, not {text!r}") from None
    return Moment(at=at if at.tzinfo else at.replace(tzinfo=UTC))


class Story:
    """What the log of a cell says about one id."""

    def __init__(
        self, session: psycopg.Connection[Any], cell: str, deciders: Sequence[Decider[Any, Any]]
    ) -> None:
        self._session = session
        self._cell = cell
        self._codecs = {decider.category: Codec(decider) for decider in deciders}

    def of(self, id: UUID, until: Moment = HEAD) -> Iterator[Asked | Told]:
        """The events of a stream up to a moment, or a command and all its events. Raises: NotThere."""
        beginning = self._select(_BEGINNING, id)
        if not beginning:
            yield from self._command(id)
            return
        ((position, at),) = beginning
        if position > until.position or at > until.at:
            raise NotThere(f"stream {id} begins later, at position {position}, {at.isoformat()}")
        yield from self._stream(id, until)

    def _stream(self, id: UUID, until: Moment) -> Iterator[Told]:
        history: History | None = None
        with self._session.cursor("stream", binary=True) as cursor:
            cursor.execute(self._query(_STREAM), (id, until.position, until.at))
            while page := cursor.fetchmany(PAGE):
                for row in page:
                    told = told_of(row)
                    history = history or History(self._codecs.get(told.category))
                    history.follow(told, row[8])
                    yield told

    def _command(self, id: UUID) -> Iterator[Asked | Told]:
        found = self._select(_COMMAND, id)
        if not found:
            raise NotThere(f"{self._cell} knows no stream and no command {id}")
        asked = Asked.of(found[0])
        yield asked
        for row in self._select(_CAUSED, asked.first_position, asked.last_position):
            yield told_of(row)

    def _select(self, query: LiteralString, *values: object) -> list[Any]:
        return self._session.execute(self._query(query), values, binary=True).fetchall()

    def _query(self, query: LiteralString) -> sql.Composed:
        return sql.SQL(query).format(sql.Identifier(self._cell))


class History:
    """The state of one stream, event by event. `codec` None: no aggregate of ours, so no state."""

    def __init__(self, codec: Codec | None) -> None:
        self._codec = codec
        self._trouble = "" if codec else "no aggregate of this code"
        self._state = codec.decider.empty() if codec else None
        self._before = flat(as_plain(self._state)) if codec else {}

    def follow(self, told: Told, data: bytes) -> None:
        """Fill in the state after this event. From the first that cannot be applied on there is none."""
        if self._codec is not None and not self._trouble:
            try:
                event = self._codec.decode_event(data)
                self._state = self._codec.decider.evolve(self._state, event)
            except Exception as why:  # noqa: BLE001  what was recorded must be readable all the same
                self._trouble = f"this code cannot apply version {told.version}: {why!r}"
        told.trouble = self._trouble
        if not self._trouble:
            told.state = as_plain(self._state)
            after = flat(told.state)
            told.changed = differences(self._before, after)
            self._before = after


def as_plain(state: Any) -> dict[str, Any]:
    """A state as plain values that later events do not change."""
    return dict(msgspec.to_builtins(state, order="deterministic"))


def told_of(row: Sequence[Any]) -> Told:
    """An event's columns, and its command's when they were read along."""
    event = plain(row[8])
    if isinstance(event, dict):
        event.pop("type", None)
    position, epoch, at, tenant, category, stream, version, type = row[:8]
    told = Told(position, epoch, at, tenant, category, stream, version, type, event, hash=row[9])
    if len(row) > 10 and row[10] is not None:
        told.command = Asked.of(row[10:])._asdict()
    return told
