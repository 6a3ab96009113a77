"""The day's sales of a tenant, or of one campaign with its groups: first all lines, then those that change.

A line is what GET /v1/dashboard/sales calls one: a minute, a campaign, a province, or the total of the day. It
always holds its whole value, so a client replaces it by its key; having one twice does no harm.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, LiteralString
from uuid import UUID

from domain.problem import NOT_FOUND
from projections import group_board, sales_dashboard
from read_api import groups
from read_api.access import ALL
from read_api.live.feed import Event, bounds
from read_api.live.sales_lines import LINES, SalesLines, add
from read_api.problems import Refused
from read_api.sales import PARKED
from read_api.snapshot import Reading, Snapshot

EVERYTHING: Final = -1  # every row is after it

GROUPS: LiteralString = (
    groups.SELECT
    + """campaign_id = %(campaign)s and position > %(after)s
  and (decided_at is null or decided_at >= %(since)s) order by sorted_by, group_id"""
)
KNOWN: LiteralString = "select read.has_stream(%(cell)s, 'campaign', %(campaign)s) as known"


class SalesFeed:
    """`read_api.live.feed.Feed` of a tenant's day, or of one campaign's."""

    daily = True
    pace_seconds = 1.0
    order_id = None

    def __init__(self, campaign: UUID | None = None) -> None:
        self._campaign = campaign
        handlers = (sales_dashboard.NAME, *((group_board.NAME,) if campaign else ()))
        self.reading = Reading(*handlers, needs=frozenset({ALL}))

    async def begin(self, snapshot: Snapshot, day: date) -> Sequence[Event]:
        return [await self._event("state", snapshot, day, EVERYTHING)]

    async def anew(self, snapshot: Snapshot, day: date) -> Sequence[Event]:
        return [await self._event("reset", snapshot, day, EVERYTHING)]

    async def since(self, snapshot: Snapshot, day: date, after: int) -> Sequence[Event]:
        delta = await self._event("delta", snapshot, day, after)
        return [delta] if delta.data else []

    async def _event(self, name: str, snapshot: Snapshot, day: date, after: int) -> Event:
        """With no data when nothing changed. Raises: Refused when there is no such campaign."""
        since, until = bounds(day)
        values: dict[str, Any] = {
            "tenant": snapshot.tenant, "cell": snapshot.token.cell, "campaign": self._campaign,
            "since": since, "until": until, "after": after, "handler": sales_dashboard.NAME,
        }  # fmt: skip
        found: dict[str, Any] = {"since": since, "until": until}
        if self._campaign is not None:
            if not (await snapshot.rows(KNOWN, **values))[0]["known"]:
                raise Refused(NOT_FOUND)
            rows = await snapshot.rows(GROUPS, **values | {"handler": group_board.NAME})
            found["groups"] = [groups.shown(row, everything=True) for row in rows]
        for row in await snapshot.rows(LINES, **values):
            add(found, row)
        if after != EVERYTHING and not found.get("total") and not found.get("groups"):
            return Event(name, snapshot.token, b"")
        found["degraded"] = bool(await snapshot.rows(PARKED, **values))
        return Event(name, snapshot.token, SalesLines(**found).model_dump_json().encode())
