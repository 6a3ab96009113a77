"""Record that a split call ended without an answer that says anything. Asked by: the worker that made it."""

from uuid import UUID

from commands.fields import Name
from commands.splitting import SplitState, known_split, record_split, split_dice, the_split
from commands.use_case import Command, Lane, Tx, UseCase
from domain import split_calls as calls
from domain.ids import SplitId


class RecordSplitDoubt(Command, frozen=True):
    """Timeout, reset, 5xx, SYSTEM_ERROR: the channel is asked before anything is tried again."""

    split_id: SplitId
    attempt: int
    worker: UUID
    cause: Name


def handle(cmd: RecordSplitDoubt, tx: Tx) -> SplitState:
    split = known_split(tx, cmd.split_id)
    doubted = calls.doubt(
        split,
        attempt=cmd.attempt,
        worker=cmd.worker,
        cause=cmd.cause,
        at=tx.at,
        dice=split_dice(tx),
    )
    return record_split(tx, split.id, split, doubted)


USE_CASE = UseCase(
    "record_split_doubt",
    RecordSplitDoubt,
    SplitState,
    handle,
    scope="payment:record",
    streams=lambda cmd, tx: the_split(cmd.split_id),
    lane=Lane.MONEY,
)
