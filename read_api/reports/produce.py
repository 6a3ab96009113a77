"""One report out of one snapshot, a batch of rows at a time, however long it is."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, closing
from datetime import datetime
from typing import Any, Final, LiteralString
from urllib.parse import urlencode
from uuid import UUID

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool

from read_api.reports.books import View
from read_api.reports.columns import Row, Sheet, Totals, Writer
from read_api.reports.definition import Report
from read_api.snapshot import Snapshot

PARKED: LiteralString = """
select from read.parked where handler = any(%(handlers)s) and tenant = %(tenant)s limit 1"""
BATCH: Final = 500  # rows in memory at once


async def produce(
    snapshot: Snapshot, report: Report, view: View, writes: Callable[[Sheet], Writer], now: datetime
) -> AsyncGenerator[bytes, None]:
    """The file, piece by piece. Nothing comes before the first rows are there: by then it will succeed."""
    columns = report.written
    sheet = Sheet(report.name, report.title, columns, about(snapshot, report, view), now)
    totals = Totals(columns)
    with closing(writes(sheet)) as writer:
        async with aclosing(rows_of(snapshot, report, view)) as batches:
            rows = await anext(batches, None)
            piece = writer.begin()
            while rows:
                totals.add(rows)
                piece += await run_in_threadpool(writer.rows, rows)  # a workbook takes its time
                if piece:
                    yield piece
                piece, rows = b"", await anext(batches, None)
        if piece:
            yield piece
        async for piece in iterate_in_threadpool(writer.end(totals.row())):
            yield piece


async def rows_of(
    snapshot: Snapshot, report: Report, view: View
) -> AsyncGenerator[list[Row], None]:
    """Its rows as their columns want them, each with the address that explains it."""
    values = view.values(snapshot.tenant) | dict(report.values)
    async with snapshot.cursor("report") as cursor:
        await cursor.execute(report.rows(), values, binary=True)
        while found := await cursor.fetchmany(BATCH):
            yield [row_of(report, view, record) for record in found]


def row_of(report: Report, view: View, record: dict[str, Any]) -> Row:
    dressed = report.dress(record, view)
    row = [plain(dressed[column.key]) for column in report.columns]
    if report.cells:
        row.append(address(report, view, [str(record[name]) for name in report.key]))
    return row


def plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def address(report: Report, view: View, key: Sequence[str]) -> str:
    """Where the sums of a row are explained, as known now and not as known when somebody asks."""
    asked = period(view)
    return f"/v1/reports/{report.name}/explain?{urlencode(asked + [('key', part) for part in key])}"


def period(view: View) -> list[tuple[str, str]]:
    """The view as a request has it."""
    asked = {
        "from": view.since,
        "to": view.through,
        "as_known_at": view.known,
        "account": view.account,
    }
    return [(name, str(value)) for name, value in asked.items() if value is not None]


async def degraded(snapshot: Snapshot, report: Report) -> bool:
    """Does an event that belongs into it wait for people?"""
    reads = list(report.reads)
    return bool(await snapshot.rows(PARKED, tenant=snapshot.tenant, handlers=reads))


def about(snapshot: Snapshot, report: Report, view: View) -> dict[str, str]:
    """What a file says of itself."""
    return {
        "报表 Report": report.title,
        "租户 Tenant": snapshot.tenant,
        "记账日自 Value dates from": str(view.since or "—"),
        "记账日至 Value dates to": str(view.through or "—"),
        "账簿截至 As known at position": f"{snapshot.token.cell}.{snapshot.token.epoch}.{view.known}",
    }


def file_name(report: Report, view: View, extension: str) -> str:
    """It says what is in it: name, days, and as known when."""
    days = "_".join(str(day) for day in (view.since, view.through) if day)
    return (
        "_".join(part for part in (report.name, days, f"at-{view.known}") if part) + f".{extension}"
    )
