"""Approve what another person proposed for a refund. Asked by: the refund desk."""

from typing import Annotated

from msgspec import Meta

from commands.refunding import RefundState, known_refund, owe_by_hand, record_refund, whole_refund
from commands.use_case import Command, Lane, Tx, UseCase
from domain import refund_desk as desk
from domain.ids import ProposalId, RefundId
from domain.order import ORDER
from domain.refund import Status


class ApproveResolution(Command, frozen=True):
    """`shown` is the digest of what you were shown: if it, or the refund, is another by now, nothing happens."""

    refund_id: RefundId
    proposal_id: ProposalId
    shown: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


def handle(cmd: ApproveResolution, tx: Tx) -> RefundState:
    refund = known_refund(tx, cmd.refund_id)
    approved = desk.approve(
        refund, proposal_id=cmd.proposal_id, shown=cmd.shown, by=tx.principal, at=tx.at
    )
    wished = refund.status is Status.PROPOSED
    owed = owe_by_hand(tx, tx.read(ORDER, refund.order_id), refund) if wished else ()
    return record_refund(tx, refund, approved, owed=owed)


USE_CASE = UseCase(
    "approve_resolution",
    ApproveResolution,
    RefundState,
    handle,
    scope="refund:approve",
    streams=lambda cmd, tx: whole_refund(tx, cmd.refund_id),
    lane=Lane.MONEY,
)
