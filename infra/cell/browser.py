"""`read_api.streams.StreamReader`: streams told event by event, with the state around each, for one tenant only."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from domain.decider import Decider
from infra.cell.stream import FOREVER, Moment, NotThere, Story
from infra.cell.told import Told


class StreamBrowser:
    """Each question has a session and a thread of its own: engineers are few, and streams may be long."""

    def __init__(self, dsn: str, deciders: Sequence[Decider[Any, Any]]) -> None:
        self._dsn = dsn
        self._deciders = deciders

    async def read(
        self,
        cell: str,
        tenant: str,
        id: UUID,
        *,
        until: int,
        at: datetime | None,
        after: int,
        limit: int,
    ) -> list[dict[str, Any]]:
        moment = Moment(until, at or FOREVER)
        return await asyncio.to_thread(self._read, cell, tenant, id, moment, after, limit)

    def _read(
        self, cell: str, tenant: str, id: UUID, until: Moment, after: int, limit: int
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        with psycopg.connect(self._dsn) as session:
            session.read_only = True
            story = Story(session, cell, self._deciders)
            for before, told in in_pairs(story, id, until):
                if told.tenant != tenant or len(found) == limit:
                    break
                if told.version > after:
                    found.append(as_shown(before, told))
        return found


def in_pairs(story: Story, id: UUID, until: Moment) -> Iterator[tuple[Told | None, Told]]:
    """Each event of a stream with the one before it; nothing when there is no such stream."""
    before: Told | None = None
    try:
        for told in story.of(id, until):
            if not isinstance(told, Told):
                return  # a command, and no stream
            yield before, told
            before = told
    except NotThere:
        return


def as_shown(before: Told | None, told: Told) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.structs.asdict(told)
    return shown | {"before": before.state if before else {}}
