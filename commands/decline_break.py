"""Decline the entry that was proposed for a break. Asked by: the desk of finance."""

from commands.fields import Note
from commands.reconciling import BreakState, known_break, record_break, the_break
from commands.use_case import Command, Lane, Tx, UseCase
from domain import break_desk as desk
from domain.ids import BreakId, ProposalId


class DeclineBreak(Command, frozen=True):
    """Also one's own. It can be proposed anew."""

    break_id: BreakId
    proposal_id: ProposalId
    note: Note = ""


def handle(cmd: DeclineBreak, tx: Tx) -> BreakState:
    it = known_break(tx, cmd.break_id)
    declined = desk.decline(
        it, proposal_id=cmd.proposal_id, note=cmd.note, by=tx.principal, at=tx.at
    )
    return record_break(tx, it, it.id, declined)


USE_CASE = UseCase(
    "decline_break",
    DeclineBreak,
    BreakState,
    handle,
    scope="break:approve",
    streams=lambda cmd, tx: the_break(cmd.break_id),
    lane=Lane.MONEY,
)
