"""GET /v1/reports: what finance downloads, and the entries behind every sum in it."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request

from domain.problem import NOT_FOUND
from projections import bill_days, breaks, ledger, merchant_statements
from read_api.access import FINANCE
from read_api.asked import Strict
from read_api.problems import Refused
from read_api.reports.asked import Wanted, Why
from read_api.reports.catalogue import REPORTS
from read_api.reports.definition import Report
from read_api.reports.desk import Streamed, slot
from read_api.reports.explain import Explanation, explain
from read_api.reports.formats import FORMATS
from read_api.reports.listing import LIST, Reports
from read_api.reports.make import make
from read_api.reports.produce import degraded, file_name
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/reports", tags=["reports"])

READ: Final = (ledger.NAME, merchant_statements.NAME, bill_days.NAME, breaks.NAME)
READING = Reading(*READ, needs=frozenset({FINANCE}))
LISTING = Reading(needs=frozenset({FINANCE}))
FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file, piece by piece. `Tuan-Degraded` says whether facts are missing in it.",
        "content": {
            it.media_type.partition(";")[0]: {"schema": {"type": "string"}}
            for it in FORMATS.values()
        },
    }
}
Name = Annotated[str, Path(pattern=r"^[a-z-]{1,40}$")]


@router.get("")
async def list_reports(
    _: Annotated[Snapshot, Depends(LISTING)], __: Annotated[Strict, Query()]
) -> Reports:
    """Which reports there are, with the columns of each."""
    return LIST


@router.get("/{name}", responses=FILES, response_class=Streamed)
async def get_report(
    name: Name,
    request: Request,
    snapshot: Annotated[Snapshot, Depends(READING)],
    _: Annotated[None, Depends(slot)],
    asked: Annotated[Wanted, Query()],
) -> Streamed:
    """One report as a file, of the days and as known when it is asked for."""
    report, format = report_of(name), FORMATS[asked.format]
    now = request.app.state.clock.now()
    view = await asked.view(snapshot, now)
    pieces = make(snapshot, report, view, asked.format, now)
    first = await anext(pieces, b"")  # what goes wrong goes wrong here, and is a problem
    named = file_name(report, view, format.extension)
    headers = {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-disposition": f'attachment; filename="{named}"',
        "tuan-degraded": str(await degraded(snapshot, report)).lower(),
        "tuan-token": str(snapshot.token),
    }
    return Streamed(joined(first, pieces), headers=headers, media_type=format.media_type)


@router.get("/{name}/explain")
async def explain_cell(
    name: Name,
    request: Request,
    snapshot: Annotated[Snapshot, Depends(READING)],
    asked: Annotated[Why, Query()],
) -> Explanation:
    """这个数怎么来的: the entries whose amounts make up one cell, exactly, the oldest first."""
    view = await asked.view(snapshot, request.app.state.clock.now())
    return await explain(snapshot, report_of(name), view, asked)


async def joined(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    try:
        yield first
        async for piece in rest:
            yield piece
    finally:
        await rest.aclose()


def report_of(name: str) -> Report:
    """Raises: Refused."""
    if name not in REPORTS:
        raise Refused(NOT_FOUND)
    return REPORTS[name]
