"""这个数怎么来的: the entries behind one cell of a report. They add up to it, to the fen."""

from itertools import groupby
from typing import Any

from read_api.ledger import degraded, place
from read_api.ledger_entries import EntryView, LineView
from read_api.pages import Page, next_key, read_key
from read_api.reports.asked import Why
from read_api.reports.books import View
from read_api.reports.definition import Report, entries_of, sum_of
from read_api.snapshot import Snapshot


class Behind(EntryView):
    """An entry, and what its lines add to the cell."""

    fen: int


class Explanation(Page[Behind]):
    """All pages together add up to `fen`, which is what the report shows."""

    report: str
    cell: str
    key: list[str]
    known_position: int
    fen: int
    entries: int
    degraded: bool


async def explain(snapshot: Snapshot, report: Report, view: View, asked: Why) -> Explanation:
    """One page of it, and the whole sum. Raises: Refused when the report has no such cell."""
    which, key = report.behind(asked.cell, asked.key)
    values = view.values(snapshot.tenant) | dict(report.values) | key
    of = f"explain-{report.name}-{asked.cell}"
    after, after_nth = place(read_key(asked.cursor, of, str))
    (whole,) = await snapshot.rows(sum_of(report, asked.cell, which), **values)
    found = behind(
        await snapshot.rows(
            entries_of(report, asked.cell, which),
            **values,
            after=after,
            after_nth=after_nth,
            limit=asked.limit + 1,
        )
    )
    return Explanation(
        report=report.name,
        cell=asked.cell,
        key=asked.key,
        known_position=view.known,
        fen=whole["fen"],
        entries=whole["entries"],
        items=found[: asked.limit],
        next=next_key(of, [f"{it.position}.{it.nth}" for it in found], asked.limit),
        degraded=await degraded(snapshot),
    )


def behind(rows: list[dict[str, Any]]) -> list[Behind]:
    """Entries of lines that come entry by entry."""
    found = []
    for _, of_one in groupby(rows, key=lambda row: (row["position"], row["nth"])):
        lines = list(of_one)
        found.append(Behind(**lines[0], lines=[LineView(**line) for line in lines]))
    return found
