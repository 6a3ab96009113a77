"""Note that a rule did something about a break. Asked by: reconciliation."""

from commands.fields import Note
from commands.reconciling import BreakState, Word, known_break, record_break, the_break
from commands.use_case import Command, Lane, Tx, UseCase
from domain import breaks
from domain.ids import BreakId


class ActOnBreak(Command, frozen=True):
    """Each rule acts once; whether it was right, the next match tells."""

    break_id: BreakId
    rule: Word
    detail: Note = ""


def handle(cmd: ActOnBreak, tx: Tx) -> BreakState:
    it = known_break(tx, cmd.break_id)
    acted = breaks.act(it, rule=cmd.rule, detail=cmd.detail, at=tx.at)
    return record_break(tx, it, it.id, acted)


USE_CASE = UseCase(
    "act_on_break",
    ActOnBreak,
    BreakState,
    handle,
    scope="recon:record",
    streams=lambda cmd, tx: the_break(cmd.break_id),
    lane=Lane.MONEY,
)
