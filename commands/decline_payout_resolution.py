"""Decline what was proposed for a payout. Asked by: the payout desk."""

from commands.fields import Note
from commands.paying_out import PayoutState, known_payout, record_payout, the_payout
from commands.use_case import Command, Lane, Tx, UseCase
from domain import payout_desk as desk
from domain.ids import PayoutId, ProposalId


class DeclinePayoutResolution(Command, frozen=True):
    """It is not to be done; somebody may propose something else."""

    payout_id: PayoutId
    proposal_id: ProposalId
    note: Note


def handle(cmd: DeclinePayoutResolution, tx: Tx) -> PayoutState:
    payout = known_payout(tx, cmd.payout_id)
    declined = desk.decline(
        payout, proposal_id=cmd.proposal_id, note=cmd.note, by=tx.principal, at=tx.at
    )
    return record_payout(tx, payout, declined)


USE_CASE = UseCase(
    "decline_payout_resolution",
    DeclinePayoutResolution,
    PayoutState,
    handle,
    scope="payout:approve",
    streams=lambda cmd, tx: the_payout(cmd.payout_id),
    lane=Lane.MONEY,
)
