"""Propose what to do with a refund that does not go through. Asked by: the refund desk; another approves."""

from typing import Literal

from commands.fields import Note
from commands.propose_refund import ProposedResolution
from commands.refunding import known_refund, record_refund, whole_refund
from commands.use_case import Command, Lane, Tx, UseCase
from domain import refund_desk as desk
from domain.ids import ProposalId, RefundId


class ProposeResolution(Command, frozen=True):
    """`retry` under the same number, `reissue` under a new one, have an abnormal refund's money `return`,
    say that it was `paid_elsewhere` (with the reference that proves it), or `keep` what is recorded.
    """

    refund_id: RefundId
    action: Literal["retry", "reissue", "return", "paid_elsewhere", "keep"]
    note: Note
    reference: Note = ""


def handle(cmd: ProposeResolution, tx: Tx) -> ProposedResolution:
    refund = known_refund(tx, cmd.refund_id)
    proposed = desk.propose(
        refund,
        proposal_id=ProposalId(tx.id("proposal")),
        action=cmd.action,
        reference=cmd.reference,
        note=cmd.note,
        by=tx.principal,
        at=tx.at,
    )
    record_refund(tx, refund, proposed)
    return ProposedResolution(refund.id, proposed[0].proposal_id, proposed[0].shown)


USE_CASE = UseCase(
    "propose_resolution",
    ProposeResolution,
    ProposedResolution,
    handle,
    scope="refund:propose",
    streams=lambda cmd, tx: whole_refund(tx, cmd.refund_id),
    lane=Lane.MONEY,
)
