"""The to-do list of a process: what a process file is made of."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, Protocol, TypeAlias
from uuid import UUID

from commands.ports import Answer, PaymentChannel
from commands.use_case import Command


class Open(NamedTuple):
    """Something is owed for `subject`. Opening an open point again changes nothing.

    `detail` is another id the worker needs; `after` delays the first try.
    """

    subject: UUID
    detail: UUID
    after: timedelta = timedelta(0)


class Done(NamedTuple):
    """A fact shows that nothing is owed for `subject` any more."""

    subject: UUID


Change: TypeAlias = Open | Done


class Point(NamedTuple):
    """One open point as a worker sees it. `tries` counts earlier attempts, whatever came of them."""

    process: str
    tenant: str
    subject: UUID
    detail: UUID
    tries: int


class Wait(NamedTuple):
    """The attempt did not settle the point: look again later. `why` is for whoever asks."""

    why: str


class Tools(Protocol):
    """What a worker may use. It changes nothing by itself: it asks channels, and issues commands."""

    async def ask(self, point: Point, command: Command) -> Answer:
        """Issue a command for this point under a key of this attempt. Raises: Unreachable, Overloaded."""

    def channel(self, tenant: str) -> PaymentChannel | None:
        """The tenant's payment channel."""


class Process(NamedTuple):
    """`interest` is the union of events it follows; `changes` is pure; `work` tries to settle one point.

    A point is settled by a `Done`, never by an answer: `work` returns a `Wait` when it knows that none will
    come from this attempt, None when it expects one.
    """

    name: str
    interest: Any
    changes: Callable[[Any], Sequence[Change]]
    work: Callable[[Point, Tools], Awaitable[Wait | None]]


def settled_or_wait(answer: Answer) -> Wait | None:
    """Refusals are not final here: the aggregate may get there by another way."""
    return None if answer.outcome == "accepted" else Wait(answer.outcome)
