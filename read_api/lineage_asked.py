"""What lineage is asked of: an id of some kind, and the places of the log that it leads to."""

from typing import Any, Final, NamedTuple
from uuid import UUID

from domain.problem import NOT_FOUND
from read_api import lineage_queries as queries
from read_api.ledger_asked import POSITION_MAX
from read_api.lineage_queries import MOST
from read_api.lineage_view import Kind
from read_api.problems import INVALID, Refused
from read_api.snapshot import Snapshot

OWN_STREAM: Final = ("order", "refund", "payout")


class Asking(NamedTuple):
    """An id as queries take it: what leads to lines, and to which places of the log."""

    values: dict[str, Any]
    places: list[int]


async def asked(snapshot: Snapshot, kind: Kind, id: str) -> Asking:
    """Read the id. Raises: Refused when it is none of its kind."""
    cell = snapshot.token.cell
    try:
        if kind == "event":
            position = min(int(id), POSITION_MAX)
            return Asking({"position": position}, [position])
        if kind == "bill_line":
            bill, _, line = id.partition(":")
            return Asking({"id": UUID(bill), "line": int(line)}, [])
        known = UUID(id)
    except ValueError:
        raise Refused(INVALID, errors=[{"at": ["id"], "what": f"is not of a {kind}"}]) from None
    if kind == "command":
        return await of_command(snapshot, known)
    if kind not in OWN_STREAM:
        return Asking({"id": known}, [])
    (row,) = await snapshot.rows(queries.STREAM, cell=cell, id=known, most=MOST + 1)
    return Asking({"id": known}, list(row["places"]))


async def of_command(snapshot: Snapshot, id: UUID) -> Asking:
    """The places that a command recorded. Raises: Refused when there is none."""
    rows = await snapshot.rows(queries.COMMANDS, cell=snapshot.token.cell, ids=[id])
    if not rows:
        raise Refused(NOT_FOUND)
    first, last = rows[0]["first_position"] or 0, rows[0]["last_position"] or -1
    return Asking({"first": first, "last": last}, list(range(first, min(last, first + MOST) + 1)))
