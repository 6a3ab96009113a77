"""Escalate a split whose own worker crashes over it. Asked by: the runner of processes."""

from typing import Literal

from commands.fields import Note
from commands.splitting import SplitState, known_split, record_split, the_split
from commands.use_case import Command, Lane, Tx, UseCase
from domain import split as splits
from domain.attempts import Phase
from domain.ids import SplitId


class EscalateSplit(Command, frozen=True):
    """Something of ours, not the channel, stands in the way: people must look."""

    split_id: SplitId
    trouble: Literal["worker_crashed"]
    detail: Note


def handle(cmd: EscalateSplit, tx: Tx) -> SplitState:
    split = known_split(tx, cmd.split_id)
    over = split.asking.phase is Phase.ENDED
    people = () if over else splits.trouble(split, cmd.trouble, cmd.detail, tx.at)
    return record_split(tx, split.id, split, people)


USE_CASE = UseCase(
    "escalate_split",
    EscalateSplit,
    SplitState,
    handle,
    scope="process:act",
    streams=lambda cmd, tx: the_split(cmd.split_id),
    lane=Lane.MONEY,
)
