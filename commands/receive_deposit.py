"""Receive a merchant's deposit: it arrived on our bank account. Asked by: finance."""

from commands.fields import Fen, Name
from commands.settling import MerchantState, record_merchant
from commands.use_case import Command, Stream, Tx, UseCase
from domain import merchant as merchants
from domain.ids import MerchantId
from domain.merchant import MERCHANT
from domain.money import Money


class ReceiveDeposit(Command, frozen=True):
    """`reference` is the bank's: the same one is booked once."""

    merchant_id: MerchantId
    amount_fen: Fen
    reference: Name


def handle(cmd: ReceiveDeposit, tx: Tx) -> MerchantState:
    received = merchants.receive_deposit(
        tx.read(MERCHANT, cmd.merchant_id),
        amount=Money(cmd.amount_fen),
        reference=cmd.reference,
        by=tx.principal,
        at=tx.at,
    )
    record_merchant(tx, cmd.merchant_id, received)
    return MerchantState(cmd.merchant_id)


USE_CASE = UseCase(
    "receive_deposit",
    ReceiveDeposit,
    MerchantState,
    handle,
    scope="merchant:write",
    streams=lambda cmd, tx: (Stream(MERCHANT, cmd.merchant_id),),
)
