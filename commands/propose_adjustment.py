"""Propose to give a merchant more of an order, or less. Asked by: finance; another one approves."""

from commands.fields import Note, SignedFen
from commands.settling import ProposedSettlement, record_earning, whole_earning
from commands.use_case import Command, Lane, Tx, UseCase
from domain import earning as earnings
from domain.earning import EARNING
from domain.ids import OrderId, ProposalId, earning_id
from domain.money import Money


class ProposeAdjustment(Command, frozen=True):
    """A positive amount is for the merchant, a negative one from it. Nothing moves before another approves."""

    order_id: OrderId
    amount_fen: SignedFen
    note: Note


def handle(cmd: ProposeAdjustment, tx: Tx) -> ProposedSettlement:
    earning = tx.read(EARNING, earning_id(cmd.order_id))
    proposed = earnings.propose_adjustment(
        earning,
        proposal_id=ProposalId(tx.id("proposal")),
        amount=Money(cmd.amount_fen),
        note=cmd.note,
        by=tx.principal,
        at=tx.at,
    )
    record_earning(tx, earning.id, proposed)
    return ProposedSettlement(proposed[0].proposal_id, proposed[0].shown)


USE_CASE = UseCase(
    "propose_adjustment",
    ProposeAdjustment,
    ProposedSettlement,
    handle,
    scope="settlement:propose",
    streams=lambda cmd, tx: whole_earning(tx, earning_id(cmd.order_id)),
    lane=Lane.MONEY,
)
