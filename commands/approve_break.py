"""Approve the entry that another person proposed for a break. Asked by: the desk of finance."""

from typing import Annotated

from msgspec import Meta

from commands.reconciling import BreakState, known_break, record_break, the_break
from commands.use_case import Command, Lane, Tx, UseCase
from domain import break_desk as desk
from domain.ids import BreakId, ProposalId


class ApproveBreak(Command, frozen=True):
    """`shown` is the digest of what you were shown: if it, or the break, is another by now, nothing happens."""

    break_id: BreakId
    proposal_id: ProposalId
    shown: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


def handle(cmd: ApproveBreak, tx: Tx) -> BreakState:
    it = known_break(tx, cmd.break_id)
    approved = desk.approve(
        it, proposal_id=cmd.proposal_id, shown=cmd.shown, by=tx.principal, at=tx.at
    )
    return record_break(tx, it, it.id, approved)


USE_CASE = UseCase(
    "approve_break",
    ApproveBreak,
    BreakState,
    handle,
    scope="break:approve",
    streams=lambda cmd, tx: the_break(cmd.break_id),
    lane=Lane.MONEY,
)
