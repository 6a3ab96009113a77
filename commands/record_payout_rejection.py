"""Record the channel's no to a payout call. Asked by: the worker that made it."""

from uuid import UUID

from commands.fields import Name, Note
from commands.paying_out import PayoutState, known_payout, payout_dice, record_payout, the_payout
from commands.use_case import Command, Lane, Tx, UseCase
from domain import payout_calls as calls
from domain.ids import PayoutId


class RecordPayoutRejection(Command, frozen=True):
    """The channel refused, and nothing moved. What follows stands in the table of its codes."""

    payout_id: PayoutId
    attempt: int
    worker: UUID
    code: Name
    message: Note = ""


def handle(cmd: RecordPayoutRejection, tx: Tx) -> PayoutState:
    payout = known_payout(tx, cmd.payout_id)
    rejected = calls.reject(
        payout,
        attempt=cmd.attempt,
        worker=cmd.worker,
        code=cmd.code,
        message=cmd.message,
        at=tx.at,
        dice=payout_dice(tx),
    )
    return record_payout(tx, payout, rejected)


USE_CASE = UseCase(
    "record_payout_rejection",
    RecordPayoutRejection,
    PayoutState,
    handle,
    scope="payment:record",
    streams=lambda cmd, tx: the_payout(cmd.payout_id),
    lane=Lane.MONEY,
)
