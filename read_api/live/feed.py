"""What is watched: a feed, the events it is made of, and the day that some of them are about."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from read_api.snapshot import Reading, Snapshot
from read_api.waiting import Token

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


class Event(NamedTuple):
    """One event for the client: its name, where to go on after it, and JSON."""

    name: str
    id: Token
    data: bytes


class Feed(Protocol):
    """What is watched. `daily` feeds begin anew at midnight in Shanghai."""

    daily: bool
    pace_seconds: float

    @property
    def order_id(self) -> UUID | None:
        """Set when it is about one order only."""

    @property
    def reading(self) -> Reading:
        """The read models, and who may read them."""

    async def begin(self, snapshot: Snapshot, day: date) -> Sequence[Event]:
        """To a client that knows nothing. Raises: Refused when there is nothing for this principal."""

    async def anew(self, snapshot: Snapshot, day: date) -> Sequence[Event]:
        """To a client that must forget what it knows."""

    async def since(self, snapshot: Snapshot, day: date, after: int) -> Sequence[Event]:
        """To a client that knows everything up to position `after`."""


def written(events: Sequence[Event]) -> bytes:
    """As they travel."""
    return b"".join(
        b"event: %s\nid: %s\ndata: %s\n\n" % (it.name.encode(), str(it.id).encode(), it.data)
        for it in events
    )


def day_of(at: datetime) -> date:
    """The business day."""
    return at.astimezone(SHANGHAI).date()


def bounds(day: date) -> tuple[datetime, datetime]:
    """From its first instant to before the next day's."""
    since = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    return since, since + timedelta(days=1)
