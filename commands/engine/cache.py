"""States of aggregates in memory, bounded by bytes, least recently used out first.

There is no undo log: a state that ran ahead of the database is forgotten and read again.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from commands.engine.ports import StoredStream
from domain.decider import Decider

ENTRY_BYTES = 600  # Python objects around a small state
GROWTH = 6  # bytes in memory per byte of msgpack, measured on a full group
UNREADABLE = -1  # version of an entry whose stored stream does not decode under this code
WEIGH_EVERY = 64  # events of one aggregate between two measurements of its size

_encode = msgspec.msgpack.Encoder().encode


class Codec:
    """How one category's events and states become bytes and come back."""

    def __init__(self, decider: Decider[Any, Any]) -> None:
        self.decider = decider
        self.decode_event = msgspec.json.Decoder(decider.events).decode
        self.decode_state = msgspec.msgpack.Decoder(decider.state).decode
        shape = repr(msgspec.inspect.type_info(decider.state))
        self.shape = sha256(shape.encode()).hexdigest()[:16]


class _Nothing(msgspec.Struct):
    """The state of a stream that does not exist."""


NOTHING: Decider[_Nothing, Any] = Decider("nothing", _Nothing, _Nothing, lambda state, _: state)


class Entry:
    """One aggregate as of its `version` events. `tenant` is "" and `version` 0 while it does not exist."""

    __slots__ = ("bytes", "decider", "snapshot_version", "state", "tenant", "version")

    def __init__(
        self, decider: Decider[Any, Any], state: Any, version: int = 0, tenant: str = ""
    ) -> None:
        self.decider = decider
        self.state = state
        self.version = version
        self.tenant = tenant
        self.snapshot_version = 0
        self.bytes = ENTRY_BYTES


def restore(stored: StoredStream, codecs: Mapping[str, Codec]) -> Entry:
    """Fold a stored stream into its state."""
    codec = codecs[stored.category]
    decider = codec.decider
    state = decider.empty() if stored.snapshot is None else codec.decode_state(stored.snapshot)
    for data in stored.events:
        state = decider.evolve(state, codec.decode_event(data))
    version = stored.snapshot_version + len(stored.events)
    entry = Entry(decider, state, version, stored.tenant)
    entry.snapshot_version = stored.snapshot_version
    entry.bytes += GROWTH * len(_encode(state))
    return entry


class Cache:
    """`bytes_max` bounds the estimate, which is refreshed as aggregates grow.

    Keyed by `UUID.int`: hashing a UUID object runs Python code, and this is the hottest dictionary there is.
    """

    def __init__(self, bytes_max: int) -> None:
        self._entries: OrderedDict[int, Entry] = OrderedDict()
        self._bytes_max = bytes_max
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, id: UUID) -> bool:
        return id.int in self._entries

    def get(self, id: UUID) -> Entry | None:
        key = id.int
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, id: UUID, entry: Entry) -> None:
        self.forget((id,))
        self._entries[id.int] = entry
        self.bytes += entry.bytes

    def weigh(self, id: UUID) -> None:
        """Measure an aggregate again after it has grown."""
        entry = self._entries[id.int]
        self.bytes -= entry.bytes
        entry.bytes = ENTRY_BYTES + GROWTH * len(_encode(entry.state))
        self.bytes += entry.bytes

    def forget(self, ids: Iterable[UUID]) -> None:
        for id in ids:
            entry = self._entries.pop(id.int, None)
            if entry is not None:
                self.bytes -= entry.bytes

    def clear(self) -> None:
        self._entries.clear()
        self.bytes = 0

    def shrink(self) -> None:
        """Drop the least recently used until the bound holds. Called between batches only."""
        while self.bytes > self._bytes_max and len(self._entries) > 1:
            _, entry = self._entries.popitem(last=False)
            self.bytes -= entry.bytes
