"""One watcher's view of a feed: what to send next, and when only beginning anew is true.

Everything that is sent together comes from one snapshot. Its position is where the next look begins, so what
was sent and what will be sent meet without a gap and without an overlap.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, LiteralString, NamedTuple

from starlette.datastructures import State

from domain.identity import Principal
from read_api.live.feed import Event, Feed, day_of
from read_api.live.news import News
from read_api.snapshot import Snapshot
from read_api.waiting import Token

REMADE: LiteralString = """
select coalesce(max(remade_position), 0) as position, coalesce(sum(remade_times), 0)::bigint as times
from read.checkpoints where cell = %(cell)s and handler = any(%(handlers)s)"""
EVENT: LiteralString = "select epoch, at from read.event_at(%(cell)s, %(position)s)"


class Known(NamedTuple):
    """What the client has. `remade` and `day` are None when only its id tells."""

    at: Token
    remade: int | None = None
    day: date | None = None


class View:
    """The feed as one principal sees it, from `last` on if the client was here before."""

    def __init__(self, state: State, principal: Principal, feed: Feed, last: Token | None) -> None:
        self._state = state
        self._principal = principal
        self._feed = feed
        self._known = None if last is None else Known(last)
        self.cell = ""

    @property
    def turned(self) -> bool:
        """Has another day begun since the last look?"""
        return self._feed.daily and self._known is not None and self._known.day != self._today()

    async def look(self, news: News | None = None) -> Sequence[Event]:
        """What is new since the last look; `news` is given when nothing but events can be. Raises: Refused."""
        feed, day, order_id = self._feed, self._today(), self._feed.order_id
        if news and order_id and self._known:
            after = self._known.at.position
            if not await news.of(self._principal, order_id, after):
                return ()
        async with self._feed.reading.open(self._state, self._principal) as snapshot:
            at, known = snapshot.token, self._known
            (remade,) = await snapshot.rows(REMADE, cell=at.cell, handlers=feed.reading.handlers)
            if known is None:
                events = await feed.begin(snapshot, day)
            elif await self._continues(snapshot, known, remade, day):
                events = await feed.since(snapshot, day, known.at.position)
            else:
                events = await feed.anew(snapshot, day)
        self.cell = at.cell
        self._known = Known(at, remade["times"], day)
        return events

    async def _continues(
        self, snapshot: Snapshot, known: Known, remade: dict[str, Any], day: date
    ) -> bool:
        """Is what the client has a part of what is true now?"""
        at, last = snapshot.token, known.at
        if last.cell != at.cell or last.position > at.position:
            return False
        (event,) = await snapshot.rows(EVENT, cell=at.cell, position=last.position)
        if last.position and event["epoch"] != last.epoch:
            return (
                False  # another event stands there now: that part of the log was lost and rewritten
            )
        if known.remade is None and 0 < last.position <= remade["position"]:
            return False  # rows may have changed behind the client's back
        if known.remade is not None and known.remade != remade["times"]:
            return False
        if not self._feed.daily:
            return True
        if known.day is not None:
            return known.day == day
        return event["at"] is not None and day_of(event["at"]) >= day

    def _today(self) -> date:
        return day_of(self._state.clock.now())
