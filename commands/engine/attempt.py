"""One command being decided: the `Tx` that its use case sees, and what it leaves behind."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from commands.engine.cache import UNREADABLE, Cache, Entry
from commands.ports import Submission
from commands.use_case import Command
from domain.decider import Decider
from domain.ids import uuid_of

S = TypeVar("S")
E = TypeVar("E")

_VERSION_8 = 0x8 << 76
_VARIANT = 0x2 << 62
_CLEAR = ~((0xF << 76) | (0x3 << 62))


class Unread(Exception):
    """The use case asked for a stream that is not in memory: fetch it and decide again."""

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.id = id


def derive(command_id: UUID, name: str) -> UUID:
    """An id that this command always mints for `name`.

    Keeps the command's time prefix, so that indexes of minted ids grow at one end.
    """
    digest = blake2b(command_id.bytes + name.encode(), digest_size=10).digest()
    number = int.from_bytes(command_id.bytes[:6] + digest)
    return uuid_of((number & _CLEAR | _VERSION_8 | _VARIANT).to_bytes(16))


class Append(NamedTuple):
    """What a command adds to one stream."""

    id: UUID
    decider: Decider[Any, Any]
    entry: Entry
    events: Sequence[Any]


class Attempt:
    """Implements `commands.use_case.Tx`. Nothing it holds reaches the cache before `handle` returns."""

    __slots__ = (
        *("_cache", "_created", "appends", "at", "command_id", "principal", "tenant", "timers"),
    )

    def __init__(self, submission: Submission, at: datetime, cache: Cache) -> None:
        self._cache = cache
        self.tenant = submission.tenant
        self.principal = submission.principal
        self.command_id = submission.command_id
        self.at = at
        self._created: dict[int, Entry] = {}
        self.appends: dict[int, Append] = {}
        self.timers: dict[tuple[UUID, type[Command]], tuple[datetime, Command] | None] = {}

    def id(self, name: str = "") -> UUID:
        return derive(self.command_id, name)

    def read(self, decider: Decider[S, E], id: UUID) -> S:
        entry = self._cache.get(id)
        if entry is None:
            raise Unread(id)
        if entry.version == UNREADABLE:
            raise RuntimeError(f"stream {id} cannot be read under this code")
        if entry.version == 0 or entry.tenant != self.tenant or entry.decider is not decider:
            return decider.state()
        state: S = entry.state
        return state

    def create(self, decider: Decider[S, E], id: UUID) -> S:
        if id in self._cache:
            return self.read(decider, id)
        entry = self._created[id.int] = Entry(decider, decider.state())
        state: S = entry.state
        return state

    def append(self, decider: Decider[S, E], id: UUID, events: Sequence[E]) -> None:
        if not events:
            return
        key = id.int
        if key in self.appends:
            raise RuntimeError(f"two appends to one {decider.category} in one command")
        entry = self._created.get(key) or self._cache.get(id)
        if entry is None:
            raise Unread(id)
        if entry.version and (entry.tenant != self.tenant or entry.decider is not decider):
            raise RuntimeError(f"stream {id} is not a {decider.category} of this tenant")
        self.appends[key] = Append(id, decider, entry, events)

    def set_timer(self, due_at: datetime, command: Command, *, of: UUID) -> None:
        self.timers[of, type(command)] = (due_at, command)

    def drop_timer(self, command: type[Command], *, of: UUID) -> None:
        self.timers[of, command] = None
