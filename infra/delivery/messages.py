"""One event on the wire, and its place in the log of its cell."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from domain.events import Event
from projections.recorded import Recorded

GENESIS: Final = "00" * 32  # the hash before the first event
UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")


class Place(NamedTuple):
    """A point in the log: everything up to `position`, whose event has this `hash` (hexadecimal)."""

    position: int = 0
    hash: str = GENESIS
    epoch: int = 0
    at: datetime | None = None


START: Final = Place()


class Message(msgspec.Struct, frozen=True):
    """One recorded event as it travels. `data` is the event's JSON, untouched; hashes are hexadecimal."""

    position: int
    epoch: int
    prev: str
    hash: str
    tenant: str
    category: str
    stream: UUID
    version: int
    type: str
    command: UUID
    at: datetime
    data: msgspec.Raw

    @property
    def place(self) -> Place:
        return Place(self.position, self.hash, self.epoch, self.at)


class Undecodable(Exception):
    """The event's bytes are not what its type promises, or its type is not known here."""


encode: Final = msgspec.json.Encoder().encode
decode: Final = msgspec.json.Decoder(Message).decode
_decode_event: Final = msgspec.json.Decoder(Event).decode


def recorded(message: Message) -> Recorded:
    """The event itself. Raises: Undecodable."""
    try:
        event = _decode_event(message.data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Undecodable(f"{message.type} at {message.position}: {error}") from error
    if event.__struct_config__.tag != message.type:
        raise Undecodable(f"{message.type} at {message.position} holds another event")
    return Recorded(message.position, message.at, message.tenant, message.stream, event)


@lru_cache(maxsize=4096)
def subject(cell: str, tenant: str, category: str, type: str) -> str:
    """`tuan.<cell>.<tenant>.<category>.<fact>`, the fact being the tag without its noun and version."""
    parts = type.split(".")
    fact = parts[1] if len(parts) > 2 else parts[-1]
    return f"tuan.{cell}.{token(tenant)}.{token(category)}.{token(fact)}"


def token(text: str) -> str:
    """As one token of a NATS subject, whatever a broken row may hold."""
    return UNSAFE.sub("_", text) or "_"


def chained(after: Place, messages: Iterable[Message]) -> Iterator[Message]:
    """As many as follow `after` without a hole, each naming the hash of the one before."""
    position, hash = after.position, after.hash
    for message in messages:
        position += 1
        if message.position != position or message.prev != hash:
            return
        hash = message.hash
        yield message
