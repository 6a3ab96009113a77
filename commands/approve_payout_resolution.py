"""Approve what another person proposed for a payout. Asked by: the payout desk."""

from typing import Annotated

from msgspec import Meta

from commands.paying_out import PayoutState, known_payout, record_payout, the_payout
from commands.use_case import Command, Lane, Tx, UseCase
from domain import payout_desk as desk
from domain.ids import PayoutId, ProposalId


class ApprovePayoutResolution(Command, frozen=True):
    """`shown` is the digest of what you were shown: if it, or the payout, is another by now, nothing happens."""

    payout_id: PayoutId
    proposal_id: ProposalId
    shown: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


def handle(cmd: ApprovePayoutResolution, tx: Tx) -> PayoutState:
    payout = known_payout(tx, cmd.payout_id)
    approved = desk.approve(
        payout, proposal_id=cmd.proposal_id, shown=cmd.shown, by=tx.principal, at=tx.at
    )
    return record_payout(tx, payout, approved)


USE_CASE = UseCase(
    "approve_payout_resolution",
    ApprovePayoutResolution,
    PayoutState,
    handle,
    scope="payout:approve",
    streams=lambda cmd, tx: the_payout(cmd.payout_id),
    lane=Lane.MONEY,
)
