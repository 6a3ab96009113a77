"""What an engine is made of; `infra` puts it together."""

from collections.abc import Callable, Mapping
from typing import NamedTuple
from uuid import UUID

from commands.engine.ports import CellStore, Head
from commands.engine.writer import Writer
from commands.ports import Clock
from commands.use_case import UseCase

POINTS = ("collected", "decided", "committed", "answered", "resolved")
"""Named points of the loop, in order; "resolved" is reached after a commit whose answer was lost."""


class Limits(NamedTuple):
    """Bounds of one batch and of what may wait, in commands."""

    batch_commands: int = 256
    queue_commands: int = 4096
    timers_per_batch: int = 100
    inbox_per_batch: int = 50


class Parts(NamedTuple):
    store: CellStore
    writer: Writer
    use_cases: Mapping[str, UseCase]
    clock: Clock
    new_id: Callable[[], UUID]
    key_digest: Callable[[str, str, str, str], UUID]  # tenant, principal, route, key
    committed: Callable[[Head], None]  # tells the relay; must not wait
    reached: Callable[[str], None] = lambda point: (
        None
    )  # called at POINTS; tests kill the process there
    limits: Limits = Limits()
