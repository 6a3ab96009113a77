"""Confirm a refund by the channel's bill, its last witness. Asked by: reconciliation."""

from typing import Annotated

from msgspec import Meta

from commands.fields import Cap, Note
from commands.refunding import RefundState, known_refund, record_refund, whole_refund
from commands.use_case import Command, Lane, Tx, UseCase
from domain import refund_words as words
from domain.ids import RefundId


class ConfirmRefundByBill(Command, frozen=True):
    """Line `line` of the bill file with this digest lists the number. Repeat it freely."""

    refund_id: RefundId
    number: Note
    file_sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    line: Cap


def handle(cmd: ConfirmRefundByBill, tx: Tx) -> RefundState:
    refund = known_refund(tx, cmd.refund_id)
    confirmed = words.confirm_by_bill(
        refund, number=cmd.number, file_sha256=cmd.file_sha256, line=cmd.line, at=tx.at
    )
    return record_refund(tx, refund, confirmed)


USE_CASE = UseCase(
    "confirm_refund_by_bill",
    ConfirmRefundByBill,
    RefundState,
    handle,
    scope="payment:record",
    streams=lambda cmd, tx: whole_refund(tx, cmd.refund_id),
    lane=Lane.MONEY,
)
