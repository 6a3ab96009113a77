"""GET /v1/bills/{bill_id}/raw: the files of a bill as the channel gave them, byte for byte."""

import zlib
from collections.abc import AsyncGenerator
from typing import Annotated, Any, Final, LiteralString
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from domain.problem import NOT_FOUND
from read_api.asked import Asked
from read_api.bills import READING, bill_of
from read_api.problems import Refused
from read_api.reports.desk import Streamed, slot
from read_api.snapshot import Snapshot

router = APIRouter(prefix="/v1/bills", tags=["bills"])

PIECES: LiteralString = """
select pieces, size from bills.files where tenant = %(tenant)s and sha256 = %(sha256)s"""
TAKE: LiteralString = """
select data from bills.pieces where tenant = %(tenant)s and sha256 = %(sha256)s and place = %(place)s"""
FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The text as the channel gave it, byte for byte; its ETag is its SHA-256.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class Raw(Asked):
    """Which file; the one in force unless said otherwise."""

    sha256: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")] = None


@router.get("/{bill_id}/raw", responses=FILES, response_class=Streamed)
async def get_raw(
    bill_id: UUID,
    snapshot: Annotated[Snapshot, Depends(READING)],
    _: Annotated[None, Depends(slot)],
    asked: Annotated[Raw, Query()],
) -> Streamed:
    """A file of the bill, as the channel gave it."""
    bill = await bill_of(snapshot, bill_id)
    digest = asked.sha256 or bill.sha256
    if digest not in {file.sha256 for file in bill.files}:
        raise Refused(NOT_FOUND)
    of = {"tenant": snapshot.tenant, "sha256": digest}
    [file] = await snapshot.rows(PIECES, **of)
    named = f"{bill.channel}-{bill.mchid}-{bill.kind}{bill.account}-{bill.bill_date}-{digest[:8]}"
    headers = {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-disposition": f'attachment; filename="{named}"',
        "content-length": str(file["size"]),
        "etag": f'"{digest}"',
        "tuan-token": str(snapshot.token),
    }
    text = pieces(snapshot, of, file["pieces"])
    return Streamed(text, headers=headers, media_type="application/octet-stream")


async def pieces(snapshot: Snapshot, of: dict[str, str], many: int) -> AsyncGenerator[bytes, None]:
    """The text; each piece was packed by itself."""
    for at in range(many):
        [row] = await snapshot.rows(TAKE, place=at, **of)
        yield zlib.decompress(row["data"])
