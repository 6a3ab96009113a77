"""Propose what to do with a payout that does not go through. Asked by: the payout desk; another approves."""

from typing import Annotated

from msgspec import Meta

from commands.fields import Note
from commands.paying_out import known_payout, record_payout, the_payout
from commands.use_case import Command, Lane, Reply, Tx, UseCase
from domain import payout_desk as desk
from domain.events.payout import PayoutAction
from domain.ids import PayoutId, ProposalId


class ProposePayoutResolution(Command, frozen=True):
    """`retry` under the same number, `reissue` under a new one, `reissue_by_bank`, or `keep` what is recorded.

    `payee` is another account of the same merchant, sealed; left out, the one that stands is paid.
    """

    payout_id: PayoutId
    action: PayoutAction
    note: Note
    payee: Annotated[str, Meta(max_length=1024)] = ""


class ProposedPayoutResolution(Reply, frozen=True):
    """To be approved by somebody else, who must quote `shown`."""

    payout_id: PayoutId
    proposal_id: ProposalId
    shown: str


def handle(cmd: ProposePayoutResolution, tx: Tx) -> ProposedPayoutResolution:
    payout = known_payout(tx, cmd.payout_id)
    proposed = desk.propose(
        payout,
        proposal_id=ProposalId(tx.id("proposal")),
        action=cmd.action,
        payee=cmd.payee,
        note=cmd.note,
        by=tx.principal,
        at=tx.at,
    )
    record_payout(tx, payout, proposed)
    return ProposedPayoutResolution(payout.id, proposed[0].proposal_id, proposed[0].shown)


USE_CASE = UseCase(
    "propose_payout_resolution",
    ProposePayoutResolution,
    ProposedPayoutResolution,
    handle,
    scope="payout:propose",
    streams=lambda cmd, tx: the_payout(cmd.payout_id),
    lane=Lane.MONEY,
)
