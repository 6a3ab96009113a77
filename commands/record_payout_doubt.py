"""Record that a payout call ended without an answer that says anything. Asked by: the worker that made it."""

from uuid import UUID

from commands.fields import Name
from commands.paying_out import PayoutState, known_payout, payout_dice, record_payout, the_payout
from commands.use_case import Command, Lane, Tx, UseCase
from domain import payout_calls as calls
from domain.ids import PayoutId


class RecordPayoutDoubt(Command, frozen=True):
    """Timeout, reset, 5xx, SYSTEM_ERROR: the channel is asked before anything is tried again."""

    payout_id: PayoutId
    attempt: int
    worker: UUID
    cause: Name


def handle(cmd: RecordPayoutDoubt, tx: Tx) -> PayoutState:
    payout = known_payout(tx, cmd.payout_id)
    doubted = calls.doubt(
        payout,
        attempt=cmd.attempt,
        worker=cmd.worker,
        cause=cmd.cause,
        at=tx.at,
        dice=payout_dice(tx),
    )
    return record_payout(tx, payout, doubted)


USE_CASE = UseCase(
    "record_payout_doubt",
    RecordPayoutDoubt,
    PayoutState,
    handle,
    scope="payment:record",
    streams=lambda cmd, tx: the_payout(cmd.payout_id),
    lane=Lane.MONEY,
)
