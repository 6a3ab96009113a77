"""Take back that a later match closed a break. Asked by: the desk of finance."""

from typing import Annotated

from msgspec import Meta

from commands.reconciling import BreakState, known_break, record_break, the_break
from commands.use_case import Command, Lane, Tx, UseCase
from domain import breaks
from domain.ids import BreakId


class ReopenBreak(Command, frozen=True):
    """What the match took out of suspense goes back into it; the reason is kept."""

    break_id: BreakId
    detail: Annotated[str, Meta(min_length=1, max_length=300)]


def handle(cmd: ReopenBreak, tx: Tx) -> BreakState:
    it = known_break(tx, cmd.break_id)
    reopened = breaks.reopen(it, detail=cmd.detail, at=tx.at)
    return record_break(tx, it, it.id, reopened)


USE_CASE = UseCase(
    "reopen_break",
    ReopenBreak,
    BreakState,
    handle,
    scope="break:approve",
    streams=lambda cmd, tx: the_break(cmd.break_id),
    lane=Lane.MONEY,
)
