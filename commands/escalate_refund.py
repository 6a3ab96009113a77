"""Escalate a refund whose own worker crashes over it. Asked by: the runner of processes."""

from typing import Literal

from commands.fields import Note
from commands.refunding import RefundState, known_refund, record_refund, whole_refund
from commands.use_case import Command, Lane, Tx, UseCase
from domain import refund as refunds
from domain.ids import RefundId


class EscalateRefund(Command, frozen=True):
    """Something of ours, not the channel, stands in the way: people must look."""

    refund_id: RefundId
    trouble: Literal["worker_crashed"]
    detail: Note


def handle(cmd: EscalateRefund, tx: Tx) -> RefundState:
    refund = known_refund(tx, cmd.refund_id)
    if refund.status in refunds.OVER:
        return record_refund(tx, refund, ())
    return record_refund(tx, refund, refunds.trouble(refund, cmd.trouble, cmd.detail, tx.at))


USE_CASE = UseCase(
    "escalate_refund",
    EscalateRefund,
    RefundState,
    handle,
    scope="process:act",
    streams=lambda cmd, tx: whole_refund(tx, cmd.refund_id),
    lane=Lane.MONEY,
)
