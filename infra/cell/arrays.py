"""Columns as Postgres binary arrays, with a fixed type each.

psycopg picks an array's type from its values, so an empty or all-null column would make another prepared
statement; and its list dumper is the hottest Python of a commit. These encode a column in one join.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from struct import Struct
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.adapt import Dumper
from psycopg.pq import Format

_header = Struct(">iiIii")  # dimensions, has nulls, element type, length, lower bound
_length = Struct(">i")
_int4 = Struct(">ii")
_int8 = Struct(">iq")
_NULL = _length.pack(-1)
_UUID_LENGTH = _length.pack(16)
_EPOCH_2000 = datetime(2000, 1, 1, tzinfo=UTC)

TEXT, BYTEA, UUID_OID, INT4, INT8, TIMESTAMPTZ = 25, 17, 2950, 23, 20, 1184
ARRAY_OF = {TEXT: 1009, BYTEA: 1001, UUID_OID: 2951, INT4: 1007, INT8: 1016, TIMESTAMPTZ: 1185}


class Column:
    """The bytes of one array; subclasses name the element type for the dumper."""

    __slots__ = ("data",)

    def __init__(self, element: int, parts: list[bytes]) -> None:
        count = len(parts)
        head = (
            _header.pack(1, 1, element, count, 1)
            if count
            else _header.pack(0, 0, element, 0, 0)[:12]
        )
        self.data = head + b"".join(parts)


class Texts(Column):
    __slots__ = ()

    def __init__(self, values: Sequence[str | None]) -> None:
        encoded = [None if v is None else v.encode() for v in values]
        super().__init__(TEXT, [_NULL if e is None else _length.pack(len(e)) + e for e in encoded])


class Blobs(Column):
    __slots__ = ()

    def __init__(self, values: Sequence[bytes]) -> None:
        super().__init__(BYTEA, [_length.pack(len(v)) + v for v in values])


class Uuids(Column):
    __slots__ = ()

    def __init__(self, values: Sequence[UUID | None]) -> None:
        super().__init__(
            UUID_OID, [_NULL if v is None else _UUID_LENGTH + v.int.to_bytes(16) for v in values]
        )


class Ints(Column):
    __slots__ = ()

    def __init__(self, values: Sequence[int]) -> None:
        super().__init__(INT4, [_int4.pack(4, v) for v in values])


class Bigints(Column):
    __slots__ = ()

    def __init__(self, values: Sequence[int | None]) -> None:
        super().__init__(INT8, [_NULL if v is None else _int8.pack(8, v) for v in values])


class Instants(Column):
    __slots__ = ()

    def __init__(self, values: Sequence[datetime]) -> None:
        super().__init__(TIMESTAMPTZ, [_int8.pack(8, _micros_2000(v)) for v in values])


def _micros_2000(at: datetime) -> int:
    since = at - _EPOCH_2000
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _dumper(element: int) -> type[Dumper]:
    class ColumnDumper(Dumper):
        format = Format.BINARY
        oid = ARRAY_OF[element]

        def dump(self, obj: Column) -> bytes:
            return obj.data

    return ColumnDumper


def register(connection: AsyncConnection[object]) -> None:
    """Teach a connection to send these columns."""
    columns = (Texts, TEXT), (Blobs, BYTEA), (Uuids, UUID_OID), (Ints, INT4), (Bigints, INT8)
    for column, element in (*columns, (Instants, TIMESTAMPTZ)):
        connection.adapters.register_dumper(column, _dumper(element))
