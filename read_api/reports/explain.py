"""这个数怎么来的: the entries behind one cell of a report. They add up to it, to the fen."""

from datetime import date
from itertools import groupby
from typing import Any, LiteralString
from uuid import UUID

from pydantic import BaseModel

from read_api.ledger import place
from read_api.ledger_entries import EntryView, LineView
from read_api.pages import next_key, read_key
from read_api.reports.asked import Why
from read_api.reports.books import View
from read_api.reports.definition import Made, Report
from read_api.reports.produce import degraded
from read_api.snapshot import Snapshot

# An entry stands behind a cell with what its lines add to it, and is shown with all of them.
ENTRIES: LiteralString = """
select l.*, why.fen from (select position, nth, sum({amount})::bigint as fen from {lines} where {which}
  and (%(after)s::bigint is null or (position, nth) > (%(after)s::bigint, %(after_nth)s::smallint))
  group by position, nth order by position, nth limit %(limit)s) why
join read.ledger_lines_v2 l using (position, nth)
where l.tenant = %(tenant)s order by l.position, l.nth, l.line"""
RECORDS: LiteralString = """
select position, nth, {shown}, ({amount})::bigint as fen from {lines} where {which}
  and (%(after)s::bigint is null or (position, nth) > (%(after)s::bigint, %(after_nth)s::smallint))
order by position, nth limit %(limit)s"""
SUM: LiteralString = """
select coalesce(sum({amount}), 0)::bigint as fen, count(distinct (position, nth)) as entries
from {lines} where {which}"""


class Behind(EntryView):
    """An entry, and what its lines add to the cell."""

    fen: int


class Record(BaseModel):
    """A line of a bill or a statement, at its place of the log, and what it adds to the cell."""

    position: int
    nth: int
    what: str
    reference: str
    value_date: date
    order_id: UUID | None
    refund_id: UUID | None
    bill_id: UUID | None
    bill_line: int | None
    fen: int


class Explanation(BaseModel):
    """All pages together add up to `fen`, which is what the report shows. `next` is null on the last one."""

    report: str
    cell: str
    key: list[str]
    known_position: int
    fen: int
    entries: int
    items: list[Behind | Record]
    next: str | None
    degraded: bool


async def explain(snapshot: Snapshot, report: Report, view: View, asked: Why) -> Explanation:
    """One page of it, and the whole sum. Raises: Refused when the report has no such cell."""
    report.fits(view)
    made, key = report.behind(asked.cell, asked.key)
    values = view.values(snapshot.tenant) | dict(report.values) | key
    of = f"explain-{report.name}-{asked.cell}"
    after, after_nth = place(read_key(asked.cursor, of, str))
    (whole,) = await snapshot.rows(query(SUM, made), **values)
    page = {"after": after, "after_nth": after_nth, "limit": asked.limit + 1}
    if made.source.shown:
        rows = await snapshot.rows(query(RECORDS, made), **values, **page)
        found: list[Behind | Record] = [Record(**row) for row in rows]
    else:
        found = [*behind(await snapshot.rows(query(ENTRIES, made), **values, **page))]
    return Explanation(
        report=report.name,
        cell=asked.cell,
        key=asked.key,
        known_position=view.known,
        fen=whole["fen"],
        entries=whole["entries"],
        items=found[: asked.limit],
        next=next_key(of, [f"{it.position}.{it.nth}" for it in found], asked.limit),
        degraded=await degraded(snapshot, report),
    )


def behind(rows: list[dict[str, Any]]) -> list[Behind]:
    """Entries of lines that come entry by entry."""
    found = []
    for _, of_one in groupby(rows, key=lambda row: (row["position"], row["nth"])):
        lines = list(of_one)
        found.append(Behind(**lines[0], lines=[LineView(**line) for line in lines]))
    return found


def query(template: LiteralString, made: Made) -> LiteralString:
    parts = {"amount": made.amount, "which": made.which}
    return template.format(lines=made.source.lines, shown=made.source.shown, **parts)
