"""Record the channel's no to a split call. Asked by: the worker that made it."""

from uuid import UUID

from commands.fields import Name, Note
from commands.splitting import SplitState, known_split, record_split, split_dice, the_split
from commands.use_case import Command, Lane, Tx, UseCase
from domain import split_calls as calls
from domain.ids import SplitId


class RecordSplitRejection(Command, frozen=True):
    """The channel refused, and nothing moved. What follows stands in the table of its codes."""

    split_id: SplitId
    attempt: int
    worker: UUID
    code: Name
    message: Note = ""


def handle(cmd: RecordSplitRejection, tx: Tx) -> SplitState:
    split = known_split(tx, cmd.split_id)
    rejected = calls.reject(
        split,
        attempt=cmd.attempt,
        worker=cmd.worker,
        code=cmd.code,
        message=cmd.message,
        at=tx.at,
        dice=split_dice(tx),
    )
    return record_split(tx, split.id, split, rejected)


USE_CASE = UseCase(
    "record_split_rejection",
    RecordSplitRejection,
    SplitState,
    handle,
    scope="payment:record",
    streams=lambda cmd, tx: the_split(cmd.split_id),
    lane=Lane.MONEY,
)
