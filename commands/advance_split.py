"""Advance a split by one step: say what its worker has to do now. Asked by: the process that splits orders."""

from uuid import UUID

import msgspec

from commands.splitting import (
    SplitStep,
    known_split,
    record_split,
    split_dice,
    split_digest,
    step_to,
    the_split,
)
from commands.use_case import Command, Lane, Tx, UseCase
from domain import split as splits
from domain import split_calls as calls
from domain import split_plans as plans
from domain.attempts import Phase
from domain.ids import SplitId
from domain.split import Split


class AdvanceSplit(Command, frozen=True):
    """`worker` is a fresh mark of who asks: an attempt belongs to it alone, until its deadline."""

    split_id: SplitId
    worker: UUID


def handle(cmd: AdvanceSplit, tx: Tx) -> SplitStep:
    split = known_split(tx, cmd.split_id)
    match splits.next_step(split, tx.at):
        case "call":
            return call(cmd, tx, split)
        case "query":
            return step_to(split, "query")
        case "give_up_on_worker":
            doubted = calls.give_up_on_worker(split, at=tx.at, dice=split_dice(tx))
            record_split(tx, split.id, split, doubted)
            return SplitStep("wait", split.id, until=doubted[0].next_at)
        case "wait":
            asking = split.asking
            attempting = asking.phase is Phase.ATTEMPTING
            return SplitStep(
                "wait", split.id, until=asking.deadline if attempting else asking.next_at
            )
        case ("people" | "over") as nothing:
            return SplitStep(nothing, split.id)


def call(cmd: AdvanceSplit, tx: Tx, split: Split) -> SplitStep:
    """Announce the call; of money that has unfrozen meanwhile nothing is asked any more."""
    missed = plans.end_freeze(split, at=tx.at) if split.call != "return" else ()
    if missed:
        record_split(tx, split.id, split, missed)
        return SplitStep("wait", split.id, until=tx.at)
    (attempt,) = calls.start_attempt(
        split, worker=cmd.worker, request_sha256=split_digest(split), at=tx.at
    )
    record_split(tx, split.id, split, (attempt,))
    return msgspec.structs.replace(
        step_to(split, "call"),
        attempt=attempt.attempt,
        worker=cmd.worker,
        deadline=attempt.deadline,
    )


USE_CASE = UseCase(
    "advance_split",
    AdvanceSplit,
    SplitStep,
    handle,
    scope="process:act",
    streams=lambda cmd, tx: the_split(cmd.split_id),
    lane=Lane.MONEY,
)
