"""Named points at which a process can be told to die, so that a test finds it in the worst moment.

TUAN_CRASH_AT=<point>:<n> has it send itself SIGKILL at its n-th pass of that point; <point>:<n>:<signal>
sends another one, such as SIGSTOP. Unset, nothing ever happens.
"""

import os
import signal
from collections.abc import Callable, Mapping, Sequence

from commands.engine.parts import POINTS

VARIABLE = "TUAN_CRASH_AT"


def reached_from(
    environment: Mapping[str, str], points: Sequence[str] = POINTS
) -> Callable[[str], None]:
    """What to call at each point. Raises: SettingsError when the variable makes no sense."""
    wish = environment.get(VARIABLE, "")
    if not wish:
        return _go_on
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


def _go_on(point: str) -> None:
    """No test watches."""
