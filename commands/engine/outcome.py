"""What came of one command, and what its caller is told."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from commands.engine.batch import Encoded
from commands.engine.queue import Item
from commands.ports import Answer, KeyReused
from domain.errors import Rejected

_encode = msgspec.json.Encoder().encode


class Outcome(NamedTuple):
    """What to tell one waiting item once the batch is durable."""

    item: Item
    outcome: str
    reply: bytes
    position: int
    command_id: UUID
    replayed: bool


class Misused(NamedTuple):
    """This item asked for something else under a key already used."""

    item: Item
    why: KeyReused


class Poisoned(Exception):
    """A command's own events cannot be applied: decide the batch again and record it as an error."""

    def __init__(self, command_id: UUID) -> None:
        super().__init__(command_id)
        self.command_id = command_id


class EventTooLarge(Rejected, code="event_too_large", zh="事件过大"):
    """The command would record an event larger than the store accepts."""


def refusal(why: Rejected) -> bytes:
    return _encode(
        {"code": why.code, "zh": why.zh, "en": (why.__doc__ or "").strip(), "facts": why.facts}
    )


ERROR_REPLY = _encode(
    {"code": "internal_error", "zh": "内部错误", "en": "Internal error.", "facts": {}}
)
Decided = tuple[str, bytes, Sequence[Encoded]]  # outcome, reply, events
FAILED: Decided = ("error", ERROR_REPLY, ())


def answer(cell: str, epoch: int, outcome: Outcome) -> Answer:
    """The promise given to the caller; valid only once the batch is durable."""
    token = f"{cell}.{epoch}.{outcome.position}"
    return Answer(outcome.command_id, outcome.outcome, outcome.reply, token, outcome.replayed)


def fail(item: Item, why: Exception) -> None:
    """Tell whoever waits for it that there is no answer."""
    if item.answer is not None and not item.answer.done():
        item.answer.set_exception(why)
