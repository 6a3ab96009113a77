"""Decline who was proposed to hold buyers' money for a merchant. Asked by: finance."""

from commands.fields import Note
from commands.settling import MerchantState, record_merchant
from commands.use_case import Command, Stream, Tx, UseCase
from domain import merchant as merchants
from domain.ids import MerchantId, ProposalId
from domain.merchant import MERCHANT


class DeclineMoneyMode(Command, frozen=True):
    """Buyers' money stays where it is held."""

    merchant_id: MerchantId
    proposal_id: ProposalId
    note: Note


def handle(cmd: DeclineMoneyMode, tx: Tx) -> MerchantState:
    declined = merchants.decline_money_mode(
        tx.read(MERCHANT, cmd.merchant_id),
        proposal_id=cmd.proposal_id,
        note=cmd.note,
        by=tx.principal,
        at=tx.at,
    )
    record_merchant(tx, cmd.merchant_id, declined)
    return MerchantState(cmd.merchant_id)


USE_CASE = UseCase(
    "decline_money_mode",
    DeclineMoneyMode,
    MerchantState,
    handle,
    scope="settlement:approve",
    streams=lambda cmd, tx: (Stream(MERCHANT, cmd.merchant_id),),
)
