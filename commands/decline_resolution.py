"""Decline what was proposed for a refund. Asked by: the refund desk."""

from commands.fields import Note
from commands.refunding import RefundState, known_refund, record_refund, whole_refund
from commands.use_case import Command, Lane, Tx, UseCase
from domain import refund_desk as desk
from domain.ids import ProposalId, RefundId


class DeclineResolution(Command, frozen=True):
    """A wish of an operator ends with it; a debt stands, and something else has to be proposed."""

    refund_id: RefundId
    proposal_id: ProposalId
    note: Note


def handle(cmd: DeclineResolution, tx: Tx) -> RefundState:
    refund = known_refund(tx, cmd.refund_id)
    declined = desk.decline(
        refund, proposal_id=cmd.proposal_id, note=cmd.note, by=tx.principal, at=tx.at
    )
    return record_refund(tx, refund, declined)


USE_CASE = UseCase(
    "decline_resolution",
    DeclineResolution,
    RefundState,
    handle,
    scope="refund:approve",
    streams=lambda cmd, tx: whole_refund(tx, cmd.refund_id),
    lane=Lane.MONEY,
)
