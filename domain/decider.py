"""The one shape every aggregate has: a category, an empty state and a way to evolve it."""

from collections.abc import Callable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

S = TypeVar("S")
E = TypeVar("E")


class Decider(NamedTuple, Generic[S, E]):
    """`evolve` may update the state it is handed: only `fold` and the engine's cache ever hold it.

    `state` is a msgspec Struct that survives `msgspec.msgpack` both ways: that is its snapshot.
    `events` is the union of event classes of the category.
    """

    category: str
    state: type[S]
    events: Any
    evolve: Callable[[S, E], S]

    def empty(self) -> S:
        return self.state()

    def fold(self, history: Iterable[E]) -> S:
        state = self.empty()
        for event in history:
            state = self.evolve(state, event)
        return state
