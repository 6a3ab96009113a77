"""The Merkle tree over one of the logs of a cell, kept in bands: growing costs what is new, a proof a few reads.

Stored are the complete subtrees of 256, 65536, ... entries. Everything between two bands is made again from
one tile: the 256 hashes below it. What is not stored yet is made from the log itself.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, LiteralString, TypeAlias

import psycopg
from psycopg import sql

from domain.merkle import Place, Span, fold, hash_of, leaf, node, places

BAND: Final = 8  # levels from one stored level to the next
TILE: Final = 1 << BAND
TILES_KEPT: Final = 256  # in memory
GROW_AT_ONCE: Final = 256  # subtrees stored by one commit

LogName: TypeAlias = Literal["events", "commands"]
Rows: TypeAlias = list[list[bytes]]
"""The hashes of a tile and of the subtrees over them, level by level. At the edge of the log there are fewer."""

ENTRIES: Final[dict[LogName, LiteralString]] = {
    "events": "select hash from {}.events where position > %s and position <= %s order by position",
    "commands": "select hash from {}.commands where seq > %s and seq <= %s order by seq",
}
NODES: LiteralString = """
select number, hash from {}.merkle_nodes where log = %s and level = %s and number >= %s and number < %s
order by number"""
STORED: LiteralString = """
select coalesce(max(number) + 1, 0) from {}.merkle_nodes where log = %s and level = %s"""
STORE: LiteralString = """
insert into {}.merkle_nodes select %s, %s, number, hash from unnest(%s::bigint[], %s::bytea[]) as n(number, hash)
on conflict do nothing"""


class Tree:
    """Hashes of the tree over `log`, as the session sees it."""

    def __init__(self, session: psycopg.Connection[Any], cell: str, log: LogName) -> None:
        self._session = session
        self._cell = sql.Identifier(cell)
        self._log = log
        self._tiles: dict[Place, Rows] = {}

    def root(self, size: int) -> bytes:
        """Of the first `size` entries."""
        return fold([self.hash(place) for place in places(Span(0, size))])

    def proof(self, spans: Sequence[Span]) -> list[bytes]:
        """The hashes that an inclusion or consistency proof is made of."""
        return [
            hash_of(span, {place: self.hash(place) for place in places(span)}) for span in spans
        ]

    def hash(self, place: Place) -> bytes:
        """Of one complete subtree. Raises: IndexError when the log does not reach that far."""
        base = place.level // BAND * BAND
        within = place.level - base
        per_tile = TILE >> within
        rows = self._tile(base, place.number // per_tile)
        return rows[within][place.number % per_tile]

    def grow(self, size: int) -> Iterator[int]:
        """Store every subtree that `size` entries complete; yields how many entries are covered so far."""
        level = BAND
        while size >> level:
            wanted = size >> level
            ((stored,),) = self._select(STORED, self._log, level)
            for first in range(stored, wanted, GROW_AT_ONCE):
                numbers = list(range(first, min(first + GROW_AT_ONCE, wanted)))
                hashes = [self._top(level, number) for number in numbers]
                self._session.execute(self._query(STORE), (self._log, level, numbers, hashes))
                yield (numbers[-1] + 1) << level
            level += BAND

    # --- tiles ---------------------------------------------------------------------------------

    def _top(self, level: int, number: int) -> bytes:
        """The hash at the top of a full tile: a subtree of a stored level, made from the level below."""
        return self._tile(level - BAND, number)[BAND][0]

    def _tile(self, base: int, number: int) -> Rows:
        key = Place(base, number)
        rows = self._tiles.pop(key, None)
        if rows is None or len(rows[0]) < TILE:  # at the edge, more may have come
            rows = tile(self._leaves(number) if base == 0 else self._nodes(base, number))
        self._tiles[key] = rows
        if len(self._tiles) > TILES_KEPT:
            del self._tiles[next(iter(self._tiles))]
        return rows

    def _leaves(self, number: int) -> list[bytes]:
        first = number * TILE
        return [leaf(hash) for (hash,) in self._select(ENTRIES[self._log], first, first + TILE)]

    def _nodes(self, level: int, number: int) -> list[bytes]:
        first = number * TILE
        stored = dict(self._select(NODES, self._log, level, first, first + TILE))
        found: list[bytes] = []
        for each in range(first, first + TILE):
            if each in stored:
                found.append(stored[each])
                continue
            rows = self._tile(level - BAND, each)
            if len(rows) <= BAND or not rows[BAND]:
                break
            found.append(rows[BAND][0])
        return found

    def _select(self, query: LiteralString, *values: object) -> list[Any]:
        return self._session.execute(self._query(query), values, binary=True).fetchall()

    def _query(self, query: LiteralString) -> sql.Composed:
        return sql.SQL(query).format(self._cell)


def tile(hashes: list[bytes]) -> Rows:
    """The complete subtrees over these hashes, level by level."""
    rows = [hashes]
    while len(rows) <= BAND:
        below = rows[-1]
        rows.append([node(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
    return rows
