"""A whole cell in one dict: runs use cases in microseconds, so that stories and simulations need no database.

    cell = Cell()
    reply = cell.ask(JoinGroup(group_id=g, province="44"), by=bob)
    cell.wait(minutes=15)          # fires the timers that fall due, in their order
    cell.state(GROUP, g); cell.facts(GROUP, g); cell.log

It keeps the engine's promises: one command is all or nothing, states change only when `handle` returns,
one append a stream and command, and the clock never runs backwards. A paranoid cell also checks that no
decision changes what it reads, that every state survives its snapshot, and that a fired timer is settled.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from commands.engine.attempt import derive
from commands.registry import USE_CASES
from commands.use_case import Command, Reply, UseCase
from domain.decider import Decider
from domain.errors import Rejected
from tests.builders import NOON

S = TypeVar("S")
E = TypeVar("E")

BY_COMMAND: dict[type[Command], UseCase] = {one.command: one for one in USE_CASES.values()}


class Recorded(NamedTuple):
    """One event of the log, with the command behind it."""

    category: str
    stream: UUID
    version: int
    event: Any
    command: Command


class Attempt:
    """Implements `commands.use_case.Tx` for one command."""

    def __init__(self, cell: "Cell", command_id: UUID, principal: str) -> None:
        self.tenant = cell.tenant
        self.principal = principal
        self.command_id = command_id
        self.at = cell.at
        self.cell = cell
        self.seen: dict[UUID, Any] = {}
        self.images: dict[UUID, bytes] = {}
        self.appended: dict[UUID, tuple[Decider[Any, Any], Sequence[Any]]] = {}
        self.timers: dict[tuple[UUID, type[Command]], tuple[datetime, Command] | None] = {}

    def id(self, name: str = "") -> UUID:
        return derive(self.command_id, name)

    def read(self, decider: Decider[S, E], id: UUID) -> S:
        assert id not in self.appended, f"{decider.category} read after its append"
        stream = self.cell.streams.get(id)
        state: S = decider.empty() if stream is None or stream[0] is not decider else stream[1]
        self.seen[id] = state
        if self.cell.paranoid:
            self.images[id] = msgspec.msgpack.encode(state)
        return state

    def create(self, decider: Decider[S, E], id: UUID) -> S:
        return self.read(decider, id)

    def append(self, decider: Decider[S, E], id: UUID, events: Sequence[E]) -> None:
        if not events:
            return
        assert id in self.seen, f"{decider.category} appended unread"
        assert id not in self.appended, f"two appends to one {decider.category}"
        self.appended[id] = (decider, events)

    def set_timer(self, due_at: datetime, command: Command, *, of: UUID) -> None:
        self.timers[of, type(command)] = (due_at, command)

    def drop_timer(self, command: type[Command], *, of: UUID) -> None:
        self.timers[of, command] = None


class Cell:
    """Streams, timers and one clock. Command ids count up, so a story always mints the same ids."""

    def __init__(
        self, at: datetime = NOON, *, tenant: str = "acme", paranoid: bool = False
    ) -> None:
        self.at = at
        self.tenant = tenant
        self.paranoid = paranoid
        self.asked = 0
        self.streams: dict[UUID, tuple[Decider[Any, Any], Any, list[Any]]] = {}
        self.timers: dict[tuple[UUID, type[Command]], tuple[datetime, Command]] = {}
        self.log: list[Recorded] = []

    def ask(self, command: Command, *, by: object = "service") -> Any:
        """Run one command for the principal `by`. Raises: Rejected, and then nothing has changed."""
        self.asked += 1
        attempt = Attempt(self, UUID(int=self.asked), str(by))
        use_case = BY_COMMAND[type(command)]
        if self.paranoid:
            self.check_streams(use_case, command, attempt)
        reply: Reply = use_case.handle(command, attempt)
        assert type(reply) is use_case.reply
        for id, image in attempt.images.items():
            assert msgspec.msgpack.encode(attempt.seen[id]) == image, "a decision changed its input"
        self.commit(attempt, command)
        return reply

    def check_streams(self, use_case: UseCase, command: Command, attempt: Attempt) -> None:
        """What a use case says that it will read exists in the shape that it says."""
        with suppress(Rejected):
            for stream in use_case.streams(command, attempt):
                known = self.streams.get(stream.id)
                assert known is None or known[0] is stream.decider, stream

    def commit(self, attempt: Attempt, command: Command) -> None:
        for id, (decider, events) in attempt.appended.items():
            stream = self.streams.get(id)
            assert stream is None or stream[0] is decider, f"{id} is no {decider.category}"
            if stream is None:
                stream = self.streams[id] = (decider, attempt.seen[id], [])
            for event in events:
                decider.evolve(stream[1], event)
                stream[2].append(event)
                self.log.append(Recorded(decider.category, id, len(stream[2]), event, command))
            if self.paranoid:
                stored = msgspec.msgpack.encode(stream[1])
                assert msgspec.msgpack.decode(stored, type=decider.state) == stream[1]
        for key, timer in attempt.timers.items():
            if timer is None:
                self.timers.pop(key, None)
            else:
                self.timers[key] = timer

    def wait(self, *, minutes: float = 0, until: datetime | None = None) -> None:
        """Let time pass and fire what falls due on the way, the earliest first."""
        goal = until if until is not None else self.at + timedelta(minutes=minutes)
        while due := [(due_at, key) for key, (due_at, _) in self.timers.items() if due_at <= goal]:
            due_at, key = min(due, key=lambda one: (one[0], one[1][0], one[1][1].__name__))
            self.at = max(self.at, due_at)
            self.fire(key)
        self.at = max(self.at, goal)

    def fire(self, key: tuple[UUID, type[Command]]) -> None:
        """Issue one timer now, due or not: early and late firing must be harmless."""
        due_at, command = self.timers[key]
        self.ask(command, by="timer")
        timer = self.timers.get(key)
        settled = timer is None or timer[0] > self.at or timer[0] != due_at
        assert settled or due_at > self.at, f"{command} fired and is due again at {due_at}"

    def state(self, decider: Decider[S, E], id: UUID) -> S:
        """What the stream says now."""
        stream = self.streams.get(id)
        state: S = decider.empty() if stream is None else stream[1]
        return state

    def facts(self, id: UUID) -> list[Any]:
        """Every event of one stream."""
        stream = self.streams.get(id)
        return [] if stream is None else list(stream[2])

    def happened(self, *kinds: type[Any]) -> list[Any]:
        """Every event of these classes, in the order of the log."""
        return [one.event for one in self.log if isinstance(one.event, kinds)]
