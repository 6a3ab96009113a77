"""Decline what was proposed to adjust of a merchant's earning. Asked by: finance."""

from commands.fields import Note
from commands.settling import AdjustedEarning, record_earning, whole_earning
from commands.use_case import Command, Lane, Tx, UseCase
from domain import earning as earnings
from domain.earning import EARNING
from domain.ids import OrderId, ProposalId, earning_id


class DeclineAdjustment(Command, frozen=True):
    """Nothing is adjusted."""

    order_id: OrderId
    proposal_id: ProposalId
    note: Note


def handle(cmd: DeclineAdjustment, tx: Tx) -> AdjustedEarning:
    earning = tx.read(EARNING, earning_id(cmd.order_id))
    declined = earnings.decline_adjustment(
        earning, proposal_id=cmd.proposal_id, note=cmd.note, by=tx.principal, at=tx.at
    )
    record_earning(tx, earning.id, declined)
    return AdjustedEarning(earning.id)


USE_CASE = UseCase(
    "decline_adjustment",
    DeclineAdjustment,
    AdjustedEarning,
    handle,
    scope="settlement:approve",
    streams=lambda cmd, tx: whole_earning(tx, earning_id(cmd.order_id)),
    lane=Lane.MONEY,
)
