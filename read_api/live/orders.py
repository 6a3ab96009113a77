"""The story of one order as it happens: each row of its timeline is one event, sent once."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, LiteralString
from uuid import UUID

from domain.problem import NOT_FOUND
from projections import order_status
from read_api import timeline
from read_api.access import ALL
from read_api.live.feed import Event
from read_api.orders import as_uuid
from read_api.problems import Refused
from read_api.snapshot import Snapshot
from read_api.waiting import Token

# A row's id names the ownership under which its own event was recorded, like that of any other position.
ROWS: LiteralString = """
select t.position, t.at, t.kind, t.data, e.epoch
from read.timeline_v1 t, lateral read.event_at(%(cell)s, t.position) e
where t.tenant = %(tenant)s and t.order_id = %(id)s and t.position > %(after)s
  and t.position <= %(until)s
order by t.position"""


class OrderFeed:
    """`read_api.live.feed.Feed` of one order. Buyers read what happened, operators the recorded events too."""

    reading: Final = timeline.READING
    daily = False
    pace_seconds = 0.25

    def __init__(self, order_id: UUID) -> None:
        self.order_id = order_id

    async def begin(self, snapshot: Snapshot, day: date) -> Sequence[Event]:
        await self._find(snapshot)
        return await self._rows(snapshot, 0)

    async def anew(self, snapshot: Snapshot, day: date) -> Sequence[Event]:
        await self._find(snapshot)
        rows = await self._rows(snapshot, 0)
        entries = b",".join(row.data for row in rows)
        whole = b'{"order_id":"%s","entries":[%s]}' % (str(self.order_id).encode(), entries)
        return [Event("reset", snapshot.token, whole)]

    async def since(self, snapshot: Snapshot, day: date, after: int) -> Sequence[Event]:
        await self._find(snapshot)
        return await self._rows(snapshot, after)

    async def _find(self, snapshot: Snapshot) -> None:
        """Raises: Refused unless the order is the principal's to see."""
        found = await snapshot.rows(timeline.WHOSE, tenant=snapshot.tenant, id=self.order_id)
        if not found:
            raise await snapshot.absent(order_status.NAME, self.order_id)
        everything = ALL in snapshot.principal.scopes
        if not everything and found[0]["buyer"] != as_uuid(snapshot.principal.subject):
            raise Refused(NOT_FOUND)

    async def _rows(self, snapshot: Snapshot, after: int) -> list[Event]:
        at = snapshot.token
        values: dict[str, Any] = {"cell": at.cell, "tenant": snapshot.tenant, "id": self.order_id}
        everything = ALL in snapshot.principal.scopes
        return [
            Event(
                "entry",
                Token(at.cell, row["epoch"], row["position"]),
                timeline.entry(row, everything=everything).model_dump_json().encode(),
            )
            for row in await snapshot.rows(ROWS, **values, after=after, until=at.position)
        ]
