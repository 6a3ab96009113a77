"""Named points at which a process can be told to die, so that a test finds it in the worst moment.

TUAN_CRASH_AT=<point>:<n> has it send itself SIGKILL at its n-th pass of that point; <point>:<n>:<signal>
sends another one, such as SIGSTOP. Unset, nothing ever happens.
"""

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from commands.engine.parts import POINTS as OF_ENGINES

VARIABLE: Final = "TUAN_CRASH_AT"
OF_CONSUMERS: Final = ("received", "applied", "advanced")
"""A batch is in hand; its rows are written, not committed; it is committed, and NATS not told."""
POINTS: Final[Mapping[str, Sequence[str]]] = {
    "engine": OF_ENGINES,
    "relay": ("life_noted", "read", "published"),  # a new life of the stream is noted, not yet made
    "projector": OF_CONSUMERS,
    "runner": (*OF_CONSUMERS, "claimed", "asking", "asked", "calling", "called"),
}
"""By kind of process, in the order they are passed. A runner asks the engine, and calls the channel."""


def reached_from(environment: Mapping[str, str], points: Sequence[str]) -> Callable[[str], None]:
    """What to call at each point. Raises: SettingsError when the variable makes no sense."""
    wish = environment.get(VARIABLE, "")
    if not wish:
        return go_on
    point, _, rest = wish.partition(":")
    count, _, name = rest.partition(":")
    number = getattr(signal, name or "SIGKILL", None)
    passes = int(count) if count.isdecimal() else 0
    if point not in points or not isinstance(number, signal.Signals) or passes < 1:
        from infra.settings import SettingsError  # slow to load, and only a wrong wish needs it

        raise SettingsError(f"{VARIABLE}={wish}: expected <point>:<n>, points {', '.join(points)}")
    return Countdown(point, passes, number)


class Countdown:
    """Counts passes of one point; the last one is fatal."""

    def __init__(self, point: str, passes: int, number: signal.Signals) -> None:
        self._point = point
        self._left = passes
        self._signal = number

    def __call__(self, point: str) -> None:
        if point != self._point:
            return
        self._left -= 1
        if self._left == 0:
            os.write(2, f"{self._signal.name} at {point}\n".encode())
            os.kill(os.getpid(), self._signal)


def go_on(point: str) -> None:
    """No test watches."""
