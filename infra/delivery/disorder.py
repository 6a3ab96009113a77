"""What NATS brings, doubled and shuffled on purpose: a consumer must not care. For development only.

Each message is handed on one to five times, up to a window late and in any order. What a silence leaves in
the window is handed on too, so nothing waits for company.
"""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Final, TypeAlias

from nats.aio.msg import Msg

from infra.delivery.metrics import DISORDERED
from infra.settings import PREFIX, Settings, SettingsError, embedded

Receive: TypeAlias = Callable[[Msg], None]

COPIES_MAX: Final = 5
WINDOW: Final = 50
SILENCE_SECONDS: Final = 0.02


class Disorder:
    """Called with each message instead of `receive`, which it calls more often and later."""

    def __init__(self, receive: Receive, cell: str, seed: int) -> None:
        self._receive = receive
        self._chance = Random(seed)
        self._window: list[Msg] = []
        self._doubled = DISORDERED.labels(cell, "doubled")
        self._shuffled = DISORDERED.labels(cell, "shuffled")
        self._flushing: asyncio.TimerHandle | None = None

    def __call__(self, message: Msg) -> None:
        copies = self._chance.randint(1, COPIES_MAX)
        self._doubled.inc(copies - 1)
        self._window += [message] * copies
        while len(self._window) > WINDOW:
            self._hand_on()
        if self._flushing is not None:
            self._flushing.cancel()
        self._flushing = asyncio.get_running_loop().call_later(SILENCE_SECONDS, self._flush)

    def _flush(self) -> None:
        while self._window:
            self._hand_on()

    def _hand_on(self) -> None:
        place = self._chance.randrange(len(self._window))
        self._shuffled.inc(place > 0)
        self._receive(self._window.pop(place))


def disorder_of(settings: Settings) -> int | None:
    """The seed of the disorder that is asked for, if any. Raises: SettingsError outside the embedded default."""
    if settings.delivery_disorder and not embedded(settings):
        raise SettingsError(
            f"{PREFIX}DELIVERY_DISORDER doubles and shuffles messages, so it is for development only,"
            " beside the embedded database of `tuan up`"
        )
    return settings.delivery_disorder or None
