"""Compares what customers were told with what stands in Postgres. Written against the tables, not the engine."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import msgspec
import psycopg

from infra.cell.verify import verify
from tests.engine.heavy import DECIDERS
from tests.engine.wire import Ask, Said

COMMANDS: LiteralString = """
select c.seq, c.command_id, tenant, principal, name, idempotency_key, body, outcome, reply, seen_position,
       first_position, last_position, causation_id,
       (select count(*) from cell_0.idempotency i where i.command_seq = c.seq) as keys
from cell_0.commands c order by seq"""
EVENTS: LiteralString = """
select position, epoch, stream_id, version, data, command_id from cell_0.events order by position"""
HEAD: LiteralString = "select epoch, head_position, command_seq from cell_0.owner"

decode = msgspec.json.decode


class Recorded(NamedTuple):
    seq: int
    id: UUID
    tenant: str
    principal: str
    name: str
    key: str | None
    body: dict[str, Any]
    outcome: str
    reply: bytes
    seen: int
    first: int | None
    last: int | None
    cause: UUID | None
    keys: int


class Event(NamedTuple):
    position: int
    epoch: int
    stream: UUID
    version: int
    data: dict[str, Any]
    command: UUID


class Books:
    """All commands and events of a cell, read once."""

    def __init__(self, dsn: str) -> None:
        with psycopg.connect(dsn) as session:
            session.execute("set transaction isolation level repeatable read")
            rows = session.execute(COMMANDS).fetchall()
            self.commands = [Recorded._make((*r[:6], decode(r[6]), *r[7:])) for r in rows]
            found = session.execute(EVENTS).fetchall()
            self.events = [Event._make((*e[:4], decode(e[4]), e[5])) for e in found]
            ((self.epoch, self.head, self.seq),) = session.execute(HEAD).fetchall()
        self.of: dict[UUID, list[Event]] = defaultdict(list)
        for event in self.events:
            self.of[event.command].append(event)

    def check(self, settled: Mapping[Ask, Said]) -> None:
        """Every promise of the write path about these answers and this log."""
        self._numbers_are_dense()
        self._commands_are_whole()
        self._keys_are_unique()
        self._totals_add_up()
        self._timers_rang_once()
        self._answers_stand(settled)

    def _numbers_are_dense(self) -> None:
        assert [e.position for e in self.events] == list(range(1, self.head + 1))
        assert [c.seq for c in self.commands] == list(range(1, self.seq + 1))
        versions: dict[UUID, int] = defaultdict(int)
        for event in self.events:
            versions[event.stream] += 1
            assert event.version == versions[event.stream], event
        epochs = [event.epoch for event in self.events]
        assert epochs == sorted(epochs)
        assert not epochs or epochs[-1] <= self.epoch

    def _commands_are_whole(self) -> None:
        """All events of a command are there, next to each other, or none is."""
        seen = 0
        for command in self.commands:
            positions = [event.position for event in self.of.get(command.id, ())]
            assert len(positions) == facts_of(command), command
            assert positions == list(range(seen + 1, seen + 1 + len(positions))), command
            assert (command.first, command.last) == (
                (positions[0], positions[-1]) if positions else (None, None)
            )
            assert command.seen == seen
            seen += len(positions)
        assert seen == self.head

    def _keys_are_unique(self) -> None:
        keys = Counter((c.tenant, c.principal, c.name, c.key) for c in self.commands if c.key)
        twice = [key for key, count in keys.items() if count > 1]
        assert not twice, f"decided twice: {twice}"
        assert len({c.id for c in self.commands}) == len(self.commands)
        for command in self.commands:
            assert command.keys == (command.key is not None), command

    def _totals_add_up(self) -> None:
        """Each answer told the total right after its own bump, and no limit was passed."""
        totals: dict[UUID, int] = defaultdict(int)
        for command in self.commands:
            for event in self.of.get(command.id, ()):
                totals[event.stream] += event.data.get("by", 0)
            if command.name not in ("bump", "burst"):
                continue
            total, by = totals[UUID(command.body["counter"])], command.body.get("by", 1)
            limit = command.body.get("limit", total)
            if command.outcome == "accepted":
                assert decode(command.reply)["total"] == total <= limit, command
            elif command.outcome == "limit_reached":
                assert total + by > limit, command

    def _timers_rang_once(self) -> None:
        rings = Counter(c.cause for c in self.commands if c.name == "ring")
        for command in self.commands:
            if command.name == "open" and command.body.get("late_seconds"):
                assert rings[command.id] == 1, f"{rings[command.id]} rings for {command}"

    def _answers_stand(self, settled: Mapping[Ask, Said]) -> None:
        recorded = {(c.tenant, c.principal, c.name, c.key): c for c in self.commands}
        for ask, said in settled.items():
            command = recorded.get((ask.tenant, ask.principal, ask.name, ask.key))
            assert command is not None, f"{ask} was told {said}, and nothing is recorded"
            assert decode(ask.body) == command.body
            assert (said.command_id, said.outcome, said.reply) == (
                *(command.id, command.outcome),
                command.reply.decode(),
            )
            cell, epoch, position = said.token.split(".")
            assert (cell, int(position)) == ("cell_0", command.last or command.seen), said
            assert 1 <= int(epoch) <= self.epoch


def facts_of(command: Recorded) -> int:
    """How many events this command is to have."""
    if command.outcome != "accepted":
        return 0
    counts: dict[str, int] = {
        "bump": 1 + len(command.body.get("also", ())),
        "open": 3,
        "ring": 1,
        "refund": 1,
        "burst": command.body.get("times", 0),
        "alarms": 0,
    }
    return counts[command.name]


def audit(dsn: str, settled: Mapping[Ask, Said]) -> Books:
    """The books agree with what customers were told, and both hash chains hold."""
    books = Books(dsn)
    books.check(settled)
    report = verify(dsn, "cell_0", DECIDERS)
    assert report.bad is None, str(report)
    assert (report.events, report.commands) == (books.head, books.seq)
    return books


def no_timer_waits(dsn: str) -> bool:
    return not rows(dsn, "select 1 from cell_0.timers limit 1")


def rows(dsn: str, query: LiteralString, *values: object) -> Sequence[tuple[Any, ...]]:
    with psycopg.connect(dsn, autocommit=True) as session:
        cursor = session.execute(query, values or None)
        return cursor.fetchall() if cursor.description else ()
