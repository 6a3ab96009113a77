"""What follows the log, inside the transaction that moves its checkpoint: projections, and lists of work to do."""

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any, Final, NamedTuple, get_args

from domain.events import EVENTS
from infra.delivery.messages import Message, Undecodable, recorded
from projections.recorded import Projection, Recorded, Tx

KNOWN: Final = frozenset(event.__struct_config__.tag for event in EVENTS)


class Handler(NamedTuple):
    """One follower with its own checkpoint. `project` gets each event of `types` exactly once, in log order.

    `parks` says that a stream may be left out for a while and follow later.
    """

    name: str
    types: frozenset[str]
    project: Callable[[Sequence[Recorded], Tx], Awaitable[None]]
    parks: bool = False


class Item(NamedTuple):
    """One message that a handler wants. `error` says why it could not be decoded."""

    message: Message
    recorded: Recorded | None
    error: str = ""


def projecting(projection: Projection) -> Handler:
    """The handler that keeps the tables of `projection`."""
    types = tags(projection.interest)
    return Handler(projection.name, types, project=projection.project, parks=projection.parks)


def tags(interest: Any) -> frozenset[str]:
    """The stored names of the events in a union (or of a single event)."""
    return frozenset(event.__struct_config__.tag for event in get_args(interest) or (interest,))


def wants(handler: Handler, type: str) -> bool:
    """True for its events, and for unknown ones about the same nouns.

    An event of tomorrow (`order.placed.v2`) must not be passed over by the code of today as if it did
    not matter: it is delivered, cannot be decoded, and is parked until the code knows it.
    """
    if type in KNOWN:
        return type in handler.types
    return type.partition(".")[0] in {tag.partition(".")[0] for tag in handler.types}


class Sorter:
    """Gives each handler its events of a batch, every event decoded at most once."""

    def __init__(self, handlers: Sequence[Handler]) -> None:
        self._handlers = handlers
        self._wanting = cache(self._look_up)

    def _look_up(self, type: str) -> tuple[str, ...]:
        return tuple(handler.name for handler in self._handlers if wants(handler, type))

    def sort(self, batch: Sequence[Message]) -> dict[str, list[Item]]:
        """Handler name -> its items in log order; every handler is named."""
        items: dict[str, list[Item]] = {handler.name: [] for handler in self._handlers}
        for message in batch:
            wanting = self._wanting(message.type)
            if not wanting:
                continue
            try:
                item = Item(message, recorded(message))
            except Undecodable as error:
                item = Item(message, None, str(error))
            for name in wanting:
                items[name].append(item)
        return items
