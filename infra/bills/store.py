"""The files of bills in Postgres: by tenant and digest, in packed pieces, added once and never changed."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from hashlib import sha256
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Final, LiteralString

from psycopg import AsyncConnection

PIECE: Final = 1_000_000  # bytes of text; packed, even of noise, it is less than 1 MiB

ADD_FILE: LiteralString = """
insert into bills.files (tenant, sha256, size, pieces, fetched_at) values (%s, %s, %s, %s, %s)
on conflict do nothing"""
ADD_PIECE: LiteralString = """
insert into bills.pieces (tenant, sha256, place, data) values (%s, %s, %s, %s)"""
FILE: LiteralString = "select size, pieces from bills.files where tenant = %s and sha256 = %s"
TAKE: LiteralString = """
select data from bills.pieces where tenant = %s and sha256 = %s and place = %s"""


class Lost(Exception):
    """The file was never kept, or is not what its digest says: somebody was at it."""


async def keep(
    conn: AsyncConnection[Any], tenant: str, digest: str, file: BinaryIO, at: datetime
) -> bool:
    """Add a file whose text has this SHA-256; False when it is here already. All of it, or nothing."""
    file.seek(0, 2)
    size = file.tell()
    file.seek(0)
    async with conn.transaction():
        count = -(-size // PIECE)
        added = await conn.execute(ADD_FILE, (tenant, digest, size, count, at))
        if not added.rowcount:
            return False
        found = sha256()
        for place, text in enumerate(pieces(file)):
            found.update(text)
            packed = await asyncio.to_thread(zlib.compress, text)
            await conn.execute(ADD_PIECE, (tenant, digest, place, packed))
        if found.hexdigest() != digest:
            raise Lost(f"a text with another digest than {digest}")
    return True


async def stream(conn: AsyncConnection[Any], tenant: str, digest: str) -> AsyncIterator[bytes]:
    """The text of a file, piece by piece. Raises: Lost, at the end if it is not what it was."""
    row = await (await conn.execute(FILE, (tenant, digest))).fetchone()
    if row is None:
        raise Lost(f"{tenant} has no file {digest}")
    found = sha256()
    for place in range(row[1]):
        taken = await (await conn.execute(TAKE, (tenant, digest, place), binary=True)).fetchone()
        if taken is None:
            raise Lost(f"piece {place} of {digest} is missing")
        try:
            text = zlib.decompress(taken[0])
        except zlib.error as broken:
            raise Lost(f"piece {place} of {digest}: {broken}") from broken
        found.update(text)
        yield text
    if found.hexdigest() != digest:
        raise Lost(f"{digest} holds another text")


async def lay_open(conn: AsyncConnection[Any], tenant: str, digest: str) -> BinaryIO:
    """The text of a file, to be read as often as one likes; close it to be rid of it. Raises: Lost."""
    file = TemporaryFile()  # noqa: SIM115  the caller closes it
    try:
        async for text in stream(conn, tenant, digest):
            file.write(text)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def pieces(file: BinaryIO) -> Iterator[bytes]:
    while text := file.read(PIECE):
        yield text
