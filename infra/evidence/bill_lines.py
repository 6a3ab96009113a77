"""The lines of channels' bills that were matched with an order's money: where they stand, and what they say."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

import msgspec
import psycopg

from infra.evidence.checks import is_there
from projections.ledger_tables import TABLES

AS_READER: LiteralString = """
select set_config('role', 'tuan_reader', true), set_config('app.tenant', %s, true)"""
AS_BEFORE: LiteralString = "select set_config('role', %s, true)"
ROLE: LiteralString = "select current_setting('role')"
MATCHED: Final = f"""
select distinct position, bill_id, bill_line from read.{TABLES[0]}
where tenant = %s and order_id = any(%s) and bill_id is not null order by 1, 3"""
FILES: LiteralString = """
select convert_from(data, 'UTF8')::jsonb ->> 'sha256' from {}.events
where stream_id = %s and tenant = %s and position < %s
and type in ('bill.fetched.v1', 'bill.restated.v1') order by version desc limit 1"""
PIECES: LiteralString = """
select data from bills.pieces where tenant = %s and sha256 = %s order by place"""

HEADINGS: Final = ("交易时间", "记账时间", "支付宝交易号")  # one of them, of every kind of bill

encode: Final = msgspec.json.Encoder(order="deterministic").encode


class Billed(NamedTuple):
    """The event that matched a line, and the line, counted from the first under the heading."""

    position: int
    bill_id: UUID
    line: int


def matched(session: psycopg.Connection[Any], tenant: str, orders: Sequence[UUID]) -> list[Billed]:
    """As the books have it, seen as any reader of this tenant sees them."""
    if not orders:
        return []
    row = session.execute(ROLE).fetchone()
    session.execute(AS_READER, (tenant,))
    found: list[Any] = []
    if is_there(session, TABLES[0]):
        found = session.execute(MATCHED.encode(), (tenant, list(orders))).fetchall()
    session.execute(AS_BEFORE, (row[0] if row else "none",))
    return [Billed(*each) for each in found]


def rows(
    session: psycopg.Connection[Any], query: Any, tenant: str, billed: Sequence[Billed]
) -> Iterator[bytes]:
    """Each line with its file. `query` is FILES in the cell."""
    for it in billed:
        found = session.execute(query, (it.bill_id, tenant, it.position)).fetchone()
        if found is None:
            continue
        place, text = line_of(bill_text(session, tenant, found[0]), it.line)
        row = {
            "position": it.position,
            "bill_id": str(it.bill_id),
            "sha256": found[0],
            "line": it.line,
            "row": place,
            "text": text,
        }
        yield encode(row) + b"\n"


def bill_text(session: psycopg.Connection[Any], tenant: str, digest: str) -> Iterator[bytes]:
    """A bill as the channel gave it, piece by piece."""
    with session.cursor("bill", binary=True) as cursor:
        cursor.itersize = 4
        cursor.execute(PIECES, (tenant, digest))
        for (data,) in cursor:
            yield zlib.decompress(data)


def line_of(pieces: Iterator[bytes], number: int) -> tuple[int, str]:
    """A line as events count them, from the first under the heading: its row in the file, from 1, and what it says.

    No more is held than a piece. Row 0 when there is no such line.
    """
    heading = 0
    for row, line in enumerate(rows_of(pieces), 1):
        if not heading:
            heading = row if any(word in decoded(line) for word in HEADINGS) else 0
        elif row == heading + number:
            return row, decoded(line)
    return 0, ""


def rows_of(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    yield rest


def decoded(line: bytes) -> str:
    line = line.removesuffix(b"\r")
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("gb18030", errors="replace")
