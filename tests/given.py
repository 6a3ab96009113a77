"""given(history).when(decision).then(events): the whole test language for deciders.

Equality is exact: a missing, extra or reordered event fails. Each decision is asked twice, and the second
time it must add nothing: idempotence by construction, made unavoidable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain.decider import Decider
from domain.errors import Rejected


class Given:
    """A history, and the decision that is asked about it."""

    def __init__(self, decider: Decider[Any, Any], history: tuple[Any, ...], counts: bool) -> None:
        self._decider, self._history, self._counts = decider, history, counts
        self._act: Callable[[], tuple[Any, ...]] = lambda: ()

    def when(self, decide: Callable[..., tuple[Any, ...]], **facts: Any) -> Given:
        self._act = lambda: decide(self._decider.fold(self._history), **facts)
        return self

    def then(self, *events: Any) -> None:
        """Exactly these events; and the same request again changes nothing."""
        assert self._act() == events
        self._history += events
        if self._counts:
            return
        try:
            again = self._act()
        except Rejected:
            return
        assert again == (), "not idempotent"

    def then_nothing(self) -> None:
        """The request is already met, or does not apply."""
        assert self._act() == ()

    def rejected(self, why: type[Rejected], **facts: int | str) -> None:
        """Refused for exactly this reason; `facts` are compared when given."""
        with pytest.raises(Rejected) as refusal:
            self._act()
        assert type(refusal.value) is why
        if facts:
            assert refusal.value.facts == facts


def given_for(decider: Decider[Any, Any], *, counts: bool = False) -> Callable[..., Given]:
    """The language for one aggregate. `counts` is for those that keep counters and no memory of who asked."""
    return lambda *history: Given(decider, history, counts)
