"""Approve who holds buyers' money for a merchant. Asked by: finance, another person than who proposed it."""

from commands.fields import Digest
from commands.settling import MerchantState, record_merchant
from commands.use_case import Command, Stream, Tx, UseCase
from domain import merchant as merchants
from domain.ids import MerchantId, ProposalId
from domain.merchant import MERCHANT


class ApproveMoneyMode(Command, frozen=True):
    """`shown` is the digest of what you were shown: if it, or the merchant, is another by now, nothing happens."""

    merchant_id: MerchantId
    proposal_id: ProposalId
    shown: Digest


def handle(cmd: ApproveMoneyMode, tx: Tx) -> MerchantState:
    approved = merchants.approve_money_mode(
        tx.read(MERCHANT, cmd.merchant_id),
        proposal_id=cmd.proposal_id,
        shown=cmd.shown,
        by=tx.principal,
        at=tx.at,
    )
    record_merchant(tx, cmd.merchant_id, approved)
    return MerchantState(cmd.merchant_id)


USE_CASE = UseCase(
    "approve_money_mode",
    ApproveMoneyMode,
    MerchantState,
    handle,
    scope="settlement:approve",
    streams=lambda cmd, tx: (Stream(MERCHANT, cmd.merchant_id),),
)
