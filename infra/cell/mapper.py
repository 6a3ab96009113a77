"""Our events in the words of the eventsourcing library, whose notification log reads our log with it.

The stored name of an event is its tag, never a Python path, and its bytes are the JSON that the engine writes.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Union, get_args
from uuid import UUID

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    Mapper,
    MapperDeserialisationError,
    StoredEvent,
    Transcoder,
)

from domain.decider import Decider


class LoggedEvent(NamedTuple):
    """One of our facts with its place in its stream: what the library calls a domain event."""

    originator_id: UUID
    originator_version: int
    event: Any


class EventTranscoder(Transcoder):
    """JSON exactly as the engine writes it, read by today's types."""

    def __init__(self, deciders: Sequence[Decider[Any, Any]]) -> None:
        events = tuple(event for decider in deciders for event in event_types(decider))
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Union[events])  # noqa: UP007  built at run time

    def encode(self, obj: Any) -> bytes:
        return self._encoder.encode(obj)

    def decode(self, data: bytes) -> Any:
        return self._decoder.decode(data)


class EventMapper(Mapper[UUID]):
    """The library's mapper over our tagged structs, without topics, class versions or base classes."""

    def __init__(self, deciders: Sequence[Decider[Any, Any]]) -> None:
        super().__init__(EventTranscoder(deciders))

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        assert isinstance(domain_event, LoggedEvent)
        id, version, event = domain_event
        return StoredEvent(id, version, tag_of(type(event)), self.transcoder.encode(event))

    def to_domain_event(self, stored_event: StoredEvent) -> LoggedEvent:
        """Raises: MapperDeserialisationError."""
        id, version = stored_event.originator_id, stored_event.originator_version
        try:
            event = self.transcoder.decode(stored_event.state)
            found = tag_of(type(event))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            why = f"{stored_event.topic}, version {version} of {id}: {error}"
            raise MapperDeserialisationError(why) from error
        if found != stored_event.topic:
            why = f"{stored_event.topic}, version {version} of {id}: holds {found}"
            raise MapperDeserialisationError(why)
        return LoggedEvent(id if isinstance(id, UUID) else UUID(id), version, event)


def event_types(decider: Decider[Any, Any]) -> tuple[type[msgspec.Struct], ...]:
    """The members of its union of events, or its only event."""
    return get_args(decider.events) or (decider.events,)


def categories(deciders: Sequence[Decider[Any, Any]]) -> dict[str, str]:
    """To which aggregate each stored name belongs."""
    return {tag_of(event): of.category for of in deciders for event in event_types(of)}


def tag_of(event: type[msgspec.Struct]) -> str:
    """The name under which the event is stored."""
    return str(event.__struct_config__.tag)
