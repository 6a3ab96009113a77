"""Propose who holds buyers' money for a merchant. Asked by: finance; another one approves."""

from commands.fields import Note
from commands.settling import ProposedSettlement, record_merchant
from commands.use_case import Command, Stream, Tx, UseCase
from domain import merchant as merchants
from domain.ids import MerchantId, ProposalId
from domain.merchant import MERCHANT
from domain.policies import MoneyMode


class ProposeMoneyMode(Command, frozen=True):
    """`split`: the channel holds it for the merchant. `platform_collect`: the platform does, for goods of its
    own, or under the custody of a bank whose reference is given; else it is collecting without a licence.
    """

    merchant_id: MerchantId
    mode: MoneyMode
    custody: Note = ""
    note: Note = ""


def handle(cmd: ProposeMoneyMode, tx: Tx) -> ProposedSettlement:
    merchant = tx.read(MERCHANT, cmd.merchant_id)
    proposed = merchants.propose_money_mode(
        merchant,
        proposal_id=ProposalId(tx.id("proposal")),
        mode=cmd.mode,
        custody=cmd.custody,
        note=cmd.note,
        by=tx.principal,
        at=tx.at,
    )
    record_merchant(tx, cmd.merchant_id, proposed)
    return ProposedSettlement(proposed[0].proposal_id, proposed[0].shown)


USE_CASE = UseCase(
    "propose_money_mode",
    ProposeMoneyMode,
    ProposedSettlement,
    handle,
    scope="settlement:propose",
    streams=lambda cmd, tx: (Stream(MERCHANT, cmd.merchant_id),),
)
