"""What every projection file is made of: recorded events in, rows out, in the transaction of its checkpoint."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

Row = TypeVar("Row", bound=msgspec.Struct)

Tx: TypeAlias = AsyncConnection[Any]
"""A connection inside the transaction that also moves the checkpoint. Table names need no schema."""


class Recorded(NamedTuple):
    """One event with its place in the log of its cell."""

    position: int
    at: datetime  # when it was recorded
    tenant: str
    stream: UUID
    event: Any


class Projection(NamedTuple):
    """One question with its tables. `name` carries the version: another shape is another name.

    `interest` is the union of events it listens to. `project` gets them in log order, each exactly once;
    how they are cut into batches must not show in the rows. `parks` says that rows are keyed by stream or
    effects commute, so a stream may be left out for a while and follow later.
    """

    name: str
    tables: tuple[LiteralString, ...]
    ddl: LiteralString
    interest: Any
    project: Callable[[Sequence[Recorded], Tx], Awaitable[None]]
    parks: bool


async def load(
    tx: Tx, query: LiteralString, row: type[Row], keys: Collection[UUID]
) -> dict[UUID, Row]:
    """The stored rows with these keys. The fields of `row` are the columns; the first is the key."""
    if not keys:
        return {}
    stored = await (await tx.execute(query, (list(keys),), binary=True)).fetchall()
    return {values[0]: row(*values) for values in stored}


async def save(tx: Tx, query: LiteralString, rows: Iterable[msgspec.Struct]) -> None:
    """One statement for all rows: they travel as JSON, which `json_populate_recordset` turns into rows.

    As fast as `unnest` over binary arrays (measured), and a column is named once instead of three times.
    """
    listed = list(rows)
    if listed:
        await tx.execute(query, (msgspec.json.encode(listed).decode(),))
