"""Record that a refund call ended without an answer that says anything. Asked by: the worker that made it."""

from uuid import UUID

from commands.fields import Name
from commands.refunding import RefundState, dice, known_refund, record_refund, whole_refund
from commands.use_case import Command, Lane, Tx, UseCase
from domain import refund_calls as calls
from domain.ids import RefundId


class RecordRefundDoubt(Command, frozen=True):
    """Timeout, reset, 5xx, SYSTEM_ERROR: the channel is asked before anything is tried again."""

    refund_id: RefundId
    attempt: int
    worker: UUID
    cause: Name


def handle(cmd: RecordRefundDoubt, tx: Tx) -> RefundState:
    refund = known_refund(tx, cmd.refund_id)
    doubted = calls.doubt(
        refund,
        attempt=cmd.attempt,
        worker=cmd.worker,
        cause=cmd.cause,
        at=tx.at,
        dice=dice(tx),
    )
    return record_refund(tx, refund, doubted)


USE_CASE = UseCase(
    "record_refund_doubt",
    RecordRefundDoubt,
    RefundState,
    handle,
    scope="payment:record",
    streams=lambda cmd, tx: whole_refund(tx, cmd.refund_id),
    lane=Lane.MONEY,
)
