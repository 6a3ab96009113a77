"""The to-do list of a process: what a process file is made of."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol, TypeAlias
from uuid import UUID

from commands.ports import Answer, PaymentChannel, PayoutChannel
from commands.split_ports import SplitChannel
from commands.use_case import Command


class Open(NamedTuple):
    """Something is owed for `subject`. Opening an open point again changes nothing.

    `detail` is another id the worker needs; `after` delays the first try.
    """

    subject: UUID
    detail: UUID
    after: timedelta = timedelta(0)


class Due(NamedTuple):
    """`subject` is to be looked at again at this instant, and not before; opens the point when it is not.

    `anew`: people want it tried again, so a point that was set aside is worked on once more.
    """

    subject: UUID
    at: datetime
    anew: bool = False


class Done(NamedTuple):
    """A fact shows that nothing is owed for `subject` any more."""

    subject: UUID


Change: TypeAlias = Open | Due | Done


class Point(NamedTuple):
    """One open point as a worker sees it. `tries` counts earlier attempts, whatever came of them."""

    process: str
    tenant: str
    subject: UUID
    detail: UUID
    tries: int


class Wait(NamedTuple):
    """The attempt did not settle the point: look again later. `why` is for whoever asks.

    `until`: when to look again; None: later and later, as for any point.
    """

    why: str
    until: datetime | None = None


class Moot(NamedTuple):
    """The aggregate answered for good that nothing is owed: no fact will come, and the point is closed."""

    why: str


class Tools(Protocol):
    """What a worker may use. It changes nothing by itself: it asks channels, and issues commands."""

    async def ask(self, point: Point, command: Command, *, mark: str = "") -> Answer:
        """Issue a command for this point. Its key names the attempt, or `mark` where that says more.

        Raises: Unreachable, Overloaded, NotOwner, KeyReused.
        """

    def channel(self, tenant: str) -> PaymentChannel | None:
        """The tenant's payment channel."""

    def payouts(self, tenant: str) -> PayoutChannel | None:
        """Where the tenant's transfers go out: guarded as its payment channel is, and by the same breaker."""

    def splits(self, tenant: str) -> SplitChannel | None:
        """Where the tenant's orders are shared out, guarded likewise."""

    async def unseal(self, tenant: str, sealed: str) -> str:
        """A sealed field in plain words, for the channel only. Raises: Erased, Overloaded."""

    def pause(self, tenant: str) -> datetime | None:
        """Until when that channel is to be left alone, because it fails; None: it may be called."""

    def now(self) -> datetime:
        """The one clock."""

    def new_id(self) -> UUID:
        """A fresh mark."""


class Process(NamedTuple):
    """`interest` is the union of events it follows; `changes` is pure; `work` tries to settle one point.

    A point is settled by a `Done`, not by an answer: `work` returns a `Wait` when it knows that none will
    come from this attempt, None when it expects one; and `Moot` when there never was anything to do, which no
    fact would tell. `give_up` tells the subject that its worker crashes over it again and again, and why: the
    point is set aside until somebody mends the worker. `since`: it opens points only for tenants that such a
    fact was recorded for before, and costs the others nothing.
    """

    name: str
    interest: Any
    changes: Callable[[Any], Sequence[Change]]
    work: Callable[[Point, Tools], Awaitable[Wait | Moot | None]]
    give_up: Callable[[Point, Tools, str], Awaitable[Answer]] | None = None
    since: type[Any] | None = None


def settled_or_wait(answer: Answer) -> Wait | None:
    """Refusals are not final here: the aggregate may get there by another way."""
    return None if answer.outcome == "accepted" else Wait(answer.outcome)
