"""What every use case file contains: a command, a reply, `handle`, and one `UseCase` that ties them.

`handle(command, tx)` reads states, calls decisions of the domain, and appends what they return. It never
waits, never looks at a clock and never mints an id: both come from `tx`, which the engine fills from the
recorded command. Everything it appends is committed together, or nothing is.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

import msgspec

from domain.decider import Decider

S = TypeVar("S")
E = TypeVar("E")


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What someone asks for. Its fields are the JSON body of `POST /v1/commands/<name>`."""


class Reply(msgspec.Struct, frozen=True):
    """What the asker gets back once the command is durable."""


class Stream(NamedTuple):
    """One aggregate of the tenant: its decider and its id."""

    decider: Decider[Any, Any]
    id: UUID


class Lane(IntEnum):
    """Which queue a command waits in. Lower goes first when the engine is busy."""

    TIMER = 0  # due promises of our own
    MONEY = 1  # captures, closings, refunds, verifications: never behind new orders
    TRADE = 2  # everything else


class Tx(Protocol):
    """What one command may see and do."""

    @property
    def tenant(self) -> str: ...

    @property
    def principal(self) -> str:
        """Subject of the verified token; for a buyer, the text form of the user id."""

    @property
    def command_id(self) -> UUID: ...

    @property
    def at(self) -> datetime:
        """The cell clock: UTC, never before anything already recorded."""

    def id(self, name: str = "") -> UUID:
        """An id derived from the command id: the same command always mints the same ids."""

    def read(self, decider: Decider[S, E], id: UUID) -> S:
        """The state before this command; empty when the stream does not exist or is another tenant's."""

    def create(self, decider: Decider[S, E], id: UUID) -> S:
        """The empty state of a stream whose id came from `tx.id`: nothing has to be looked up."""

    def append(self, decider: Decider[S, E], id: UUID, events: Sequence[E]) -> None:
        """Record these facts, at most once a stream and command; states change when `handle` returns."""

    def set_timer(self, due_at: datetime, command: Command, *, of: UUID) -> None:
        """Ask for `command` at `due_at`. One per (`of`, command name): setting again replaces it."""

    def drop_timer(self, command: type[Command], *, of: UUID) -> None:
        """The timer has become moot; no error when there is none."""


class UseCase(NamedTuple):
    """One row of the feature list. `name` is the route, the idempotency scope and the stored name.

    `scope` is the permission a token needs; "" marks commands that only the engine's timers issue.
    `streams` names what `handle` will read, so that a batch fetches it at once. It may read `tx` to find out
    more; a stream that is not in memory ends it there, and what it named so far is fetched.
    """

    name: str
    command: type[Command]
    reply: type[Reply]
    handle: Callable[[Any, Tx], Reply]
    scope: str
    streams: Callable[[Any, Tx], Iterable[Stream]] = lambda cmd, tx: ()
    lane: Lane = Lane.TRADE
