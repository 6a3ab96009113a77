"""Say who looks after a break. Asked by: the desk of finance."""

from commands.fields import Name
from commands.reconciling import BreakState, known_break, record_break, the_break
from commands.use_case import Command, Lane, Tx, UseCase
from domain import breaks
from domain.ids import BreakId


class AssignBreak(Command, frozen=True):
    """`owner` is a subject; assigning to the same again changes nothing."""

    break_id: BreakId
    owner: Name


def handle(cmd: AssignBreak, tx: Tx) -> BreakState:
    it = known_break(tx, cmd.break_id)
    assigned = breaks.assign(it, owner=cmd.owner, by=tx.principal, at=tx.at)
    return record_break(tx, it, it.id, assigned)


USE_CASE = UseCase(
    "assign_break",
    AssignBreak,
    BreakState,
    handle,
    scope="break:propose",
    streams=lambda cmd, tx: the_break(cmd.break_id),
    lane=Lane.MONEY,
)
