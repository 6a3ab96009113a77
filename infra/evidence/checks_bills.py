"""The bills of payment channels: each file's text is the one whose digest stands in the log, and none is gone.

The database's own note of when a file was kept is not covered: when it came is said by the event.
"""

import zlib
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from typing import Any, LiteralString, NamedTuple

import psycopg

from domain.events.bill import BillFetched, BillRejected, BillRestated
from infra.cell.damage import Bad, Damaged
from infra.evidence.checks import Found, Scene, snapshot, strangers, told_by

FILES: LiteralString = """
select tenant, sha256, size, pieces from bills.files where tenant <> all(%s) order by tenant, sha256"""
PIECES: LiteralString = """
select place, data from bills.pieces where tenant = %s and sha256 = %s order by place"""
LOOSE: LiteralString = """
select p.tenant, p.sha256, p.place from bills.pieces p left join bills.files f using (tenant, sha256)
where f.tenant is null and p.tenant <> all(%s) order by 1, 2, 3 limit 1"""


class Kept(NamedTuple):
    """A row of bills.files."""

    tenant: str
    sha256: str
    size: int
    pieces: int

    @property
    def place(self) -> str:
        return f"bills.files {self.tenant} {self.sha256}"


def check_bills(scene: Scene) -> Found:
    """Read every file that is kept, and look for every file that is named."""
    with closing(snapshot(scene, "tuan_projector")) as session:
        return bills_in(session, scene)


def bills_in(session: psycopg.Connection[Any], scene: Scene) -> Found:
    """The same, as this session sees them."""
    try:
        kept = {(it.tenant, it.sha256): it for it in files(session, scene)}
        for it in kept.values():
            scene.told(it.place)
            read(session, it)
        named = look_for(session, scene, kept)
    except Damaged as damaged:
        return Found(f"bills are DAMAGED at {damaged.bad}", damaged.bad)
    return Found(f"bills: {len(kept)} files are what was fetched, {named} times as the log says")


def files(session: psycopg.Connection[Any], scene: Scene) -> Iterator[Kept]:
    """Raises: Damaged."""
    others = strangers(session, scene.cell)
    for tenant, digest, place in session.execute(LOOSE, (others,)):
        where = f"bills.pieces {tenant} {digest} place {place}"
        raise Damaged(Bad(where, "its row in bills.files", "missing", "there"))
    for row in session.execute(FILES, (others,)).fetchall():
        yield Kept(*row)


def read(session: psycopg.Connection[Any], it: Kept) -> None:
    """Raises: Damaged unless the pieces make the text of this digest."""
    digest, size, count = sha256(), 0, 0
    with session.cursor("pieces", binary=True) as cursor:
        cursor.itersize = 4
        cursor.execute(PIECES, (it.tenant, it.sha256))
        for place, data in cursor:
            where = f"bills.pieces {it.tenant} {it.sha256} place {place}"
            if place != count:
                raise Damaged(Bad(where, "place", str(place), str(count)))
            text = unpacked(where, data)
            digest.update(text)
            size, count = size + len(text), count + 1
    for name, stored, found in (("pieces", it.pieces, count), ("size", it.size, size)):
        if stored != found:
            raise Damaged(Bad(it.place, name, str(stored), f"{found}, which are there"))
    if digest.hexdigest() != it.sha256:
        raise Damaged(Bad(it.place, "the text", f"that of {digest.hexdigest()}", it.sha256))


def unpacked(where: str, data: bytes) -> bytes:
    """Raises: Damaged."""
    opening = zlib.decompressobj()
    try:
        text = opening.decompress(data) + opening.flush()
    except zlib.error as error:
        raise Damaged(Bad(where, "data", f"unreadable ({error})", "a packed text")) from error
    if not opening.eof or opening.unused_data:
        raise Damaged(Bad(where, "data", "more or less than a packed text", "one"))
    return text


def look_for(
    session: psycopg.Connection[Any], scene: Scene, kept: dict[tuple[str, str], Kept]
) -> int:
    """How often the log names a file; each is kept, with its size. Raises: Damaged."""
    named = 0
    for one in told_by(session, scene.cell, ["bill"]):
        event = one.event
        if not isinstance(event, BillFetched | BillRestated | BillRejected):
            continue
        it = kept.get((one.tenant, event.sha256))
        if it is None:
            where = f"bills.files {one.tenant} {event.sha256}"
            raise Damaged(Bad(where, "the file", "missing", f"that of position {one.position}"))
        if it.size != event.size:
            raise Damaged(Bad(it.place, "size", str(it.size), f"{event.size}, as recorded"))
        named += 1
    return named
