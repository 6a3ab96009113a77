"""What `tuan stream` tells: events with what they changed, and the commands behind them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec


class Asked(NamedTuple):
    """One command as recorded. Bodies are as stored: personal fields stay sealed."""

    seq: int
    command_id: UUID
    name: str
    tenant: str
    principal: str
    idempotency_key: str | None
    outcome: str
    at: datetime
    body: Any
    reply: Any
    facts: Any
    seen_position: int
    first_position: int | None
    last_position: int | None
    code_rev: str
    correlation_id: UUID
    causation_id: UUID | None
    hash: str

    @classmethod
    def of(cls, row: Sequence[Any]) -> "Asked":
        asked = cls(*row)
        return asked._replace(
            body=plain(asked.body), reply=plain(asked.reply), facts=plain(asked.facts)
        )


class Told(msgspec.Struct):
    """One event. `changed`: field of the state -> before and after; `trouble`: why there is no state.

    `hash` chains it to every event of the cell before it."""

    position: int
    epoch: int
    at: datetime
    tenant: str
    category: str
    stream: UUID
    version: int
    type: str
    event: Any
    command: dict[str, Any] | None = None
    state: dict[str, Any] | None = None
    changed: dict[str, tuple[Any, Any]] = {}
    trouble: str = ""
    hash: str = ""


def plain(stored: bytes) -> Any:
    """Stored JSON as plain values; whatever else is stored as something readable."""
    try:
        return msgspec.json.decode(stored)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return stored.decode(errors="backslashreplace")


def flat(value: Any, depth: int = 2) -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots, so deep and no deeper. Empty mappings leave no trace."""
    if not isinstance(value, dict):
        return {"": value}
    leaves: dict[str, Any] = {}
    for key, below in value.items():
        if depth > 1 and isinstance(below, dict):
            leaves |= {f"{key}.{path}": leaf for path, leaf in flat(below, depth - 1).items()}
        else:
            leaves[str(key)] = below
    return leaves


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Paths whose values differ, each with both; None where there was or is nothing."""
    paths = [*after, *(path for path in before if path not in after)]
    return {
        path: (before.get(path), after.get(path))
        for path in paths
        if before.get(path) != after.get(path)
    }
