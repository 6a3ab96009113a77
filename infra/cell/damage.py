"""What is wrong with a log, said in one line: where, what is stored, and what it should be."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID


class Bad(NamedTuple):
    """One place where the log is not what it must be."""

    where: str
    what: str
    stored: str
    expected: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} is {self.stored}, expected {self.expected}"


class Damaged(Exception):
    """The walk ends here."""

    def __init__(self, bad: Bad) -> None:
        super().__init__(str(bad))
        self.bad = bad


def compare(
    place: str, names: Sequence[str], stored: Sequence[Any], expected: Sequence[Any]
) -> None:
    """Raises: Damaged for the first that differs."""
    for name, one, other in zip(names, stored, expected, strict=True):
        if one != other:
            raise Damaged(Bad(place, name, readable(one), readable(other)))


def readable(value: object) -> str:
    if isinstance(value, bytes):
        return f"{value.hex()[:16]}…" if len(value) > 8 else repr(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)


def refuse_lookalikes(
    place: str, key: str | None, causation: UUID | None, first: int | None, last: int | None
) -> None:
    """The hash cannot tell these from null, so they are never written. Raises: Damaged."""
    if key == "":
        raise Damaged(Bad(place, "idempotency_key", "empty", "null or some text"))
    if causation is not None and causation.int == 0:
        raise Damaged(Bad(place, "causation_id", str(causation), "null or a command"))
    if (first is None) != (last is None) or first == 0 or last == 0:
        raise Damaged(Bad(place, "its events", f"{first} to {last}", "none, or a first and a last"))
