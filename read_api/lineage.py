"""GET /v1/lineage/{kind}/{id}: where money comes from and what became of it, from whichever end it is asked."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from domain.problem import NOT_FOUND
from projections import ledger
from read_api import lineage_queries as queries
from read_api.access import FINANCE
from read_api.asked import Asked
from read_api.ledger import degraded
from read_api.ledger_entries import EntryView, entries
from read_api.lineage_asked import Asking, asked
from read_api.lineage_queries import MOST
from read_api.lineage_view import (
    CommandView,
    EventView,
    FileView,
    Kind,
    Lineage,
    bill_lines,
    event_view,
    rules,
)
from read_api.problems import Refused
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/lineage", tags=["ledger"])

READING = Reading(ledger.NAME, needs=frozenset({FINANCE}))

Wanted = Annotated[
    str,
    Path(
        pattern=r"^[0-9a-fA-F:-]{1,50}$",
        description="A UUID; of an event its position, of a bill line `bill:line`.",
    ),
]


@router.get("/{kind}/{id}")
async def get_lineage(
    kind: Kind,
    id: Wanted,
    snapshot: Annotated[Snapshot, Depends(READING)],
    _: Annotated[Asked, Query()],
) -> Lineage:
    """Bill lines, entries, events, commands, principals and rules that belong together, in one answer."""
    return await lineage(snapshot, kind, id)


async def lineage(snapshot: Snapshot, kind: Kind, id: str) -> Lineage:
    """Raises: Refused when nobody knows the id."""
    asking = await asked(snapshot, kind, id)
    found = await entries_of(snapshot, kind, asking)
    places = sorted({*asking.places, *(it.position for it in found)})
    events = await events_at(snapshot, places)
    if not found and not events:
        raise Refused(NOT_FOUND)
    cell = snapshot.token.cell
    ids = list({it.command_id for it in events})
    commands = await snapshot.rows(queries.COMMANDS, cell=cell, ids=ids)
    bills = list({it.bill_id for it in found if it.bill_id is not None})
    files = await snapshot.rows(queries.FILES, cell=cell, ids=bills)
    return Lineage(
        kind=kind,
        id=id,
        entries=found[:MOST],
        events=events[:MOST],
        commands=[CommandView(**row) for row in commands],
        bill_lines=bill_lines(found[:MOST]),
        bill_files=[FileView(**row, position=row["place"]) for row in files],
        rules=rules(found[:MOST]),
        more=len(found) > MOST or len(places) > MOST or len(asking.places) > MOST,
        degraded=await degraded(snapshot),
    )


async def entries_of(snapshot: Snapshot, kind: Kind, asking: Asking) -> list[EntryView]:
    query = queries.ENTRIES.format(which=queries.OF[kind])
    values = asking.values | {"tenant": snapshot.tenant, "most": MOST + 1}
    return entries(await snapshot.rows(query, **values))


async def events_at(snapshot: Snapshot, places: list[int]) -> list[EventView]:
    cell = snapshot.token.cell
    rows = await snapshot.rows(queries.EVENTS, cell=cell, places=places, most=MOST + 1)
    return [event_view(cell, row) for row in rows]
