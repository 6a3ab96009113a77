"""Record the channel's no to a refund call. Asked by: the worker that made it."""

from uuid import UUID

from commands.fields import Name, Note
from commands.refunding import RefundState, dice, known_refund, record_refund, whole_refund
from commands.use_case import Command, Lane, Tx, UseCase
from domain import refund_calls as calls
from domain.ids import RefundId


class RecordRefundRejection(Command, frozen=True):
    """The channel refused, and nothing moved. What follows stands in the table of its codes."""

    refund_id: RefundId
    attempt: int
    worker: UUID
    code: Name
    message: Note = ""


def handle(cmd: RecordRefundRejection, tx: Tx) -> RefundState:
    refund = known_refund(tx, cmd.refund_id)
    rejected = calls.reject(
        refund,
        attempt=cmd.attempt,
        worker=cmd.worker,
        code=cmd.code,
        message=cmd.message,
        at=tx.at,
        dice=dice(tx),
    )
    return record_refund(tx, refund, rejected)


USE_CASE = UseCase(
    "record_refund_rejection",
    RecordRefundRejection,
    RefundState,
    handle,
    scope="payment:record",
    streams=lambda cmd, tx: whole_refund(tx, cmd.refund_id),
    lane=Lane.MONEY,
)
