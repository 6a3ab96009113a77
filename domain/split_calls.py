"""Asking the channel to share out, to give back or to unfreeze: announced first, the same number until it ends."""

from datetime import datetime
from uuid import UUID

from domain.attempts import ATTEMPT_LIFE, DOUBT, HOPELESS, its_turn, later, steps_after
from domain.errors import Rejected
from domain.events.split import (
    SplitAttemptInDoubt,
    SplitAttemptRejected,
    SplitAttemptStarted,
    SplitEvent,
    SplitRetried,
)
from domain.split import Split, SplitNotFound, next_step, trouble
from domain.split_rules import TABLE_VERSION, retry_class


class SplitGoesOn(Rejected, code="split_goes_on", zh="该分账当前无需人工重试"):
    """It goes on by itself, or is over."""


# --- decisions ------------------------------------------------------------------------------


def start_attempt(
    split: Split, *, worker: UUID, request_sha256: str, at: datetime
) -> tuple[SplitAttemptStarted, ...]:
    """Let one worker call, once. Nothing when there is nothing to be called."""
    if next_step(split, at) != "call":
        return ()
    asking = split.asking
    return (
        SplitAttemptStarted(
            split_id=split.id,
            attempt=asking.attempt + 1,
            call=split.call,
            number=asking.number,
            worker=worker,
            request_sha256=request_sha256,
            deadline=at + ATTEMPT_LIFE,
            at=at,
        ),
    )


def give_up_on_worker(split: Split, *, at: datetime, dice: int) -> tuple[SplitAttemptInDoubt, ...]:
    """Nobody answered in time: whoever called is dead, and the channel has to be asked."""
    if next_step(split, at) != "give_up_on_worker":
        return ()
    return doubted(split, "worker_died", at, dice)


def doubt(
    split: Split, *, attempt: int, worker: UUID, cause: str, at: datetime, dice: int
) -> tuple[SplitEvent, ...]:
    """The call ended without an answer that says anything. Raises: NotYourAttempt."""
    if not its_turn(split.asking, attempt, worker):
        return ()
    return doubted(split, cause, at, dice)


def reject(
    split: Split, *, attempt: int, worker: UUID, code: str, message: str, at: datetime, dice: int
) -> tuple[SplitEvent, ...]:
    """The channel said no: try again, ask first, or call people. Raises: NotYourAttempt."""
    if not its_turn(split.asking, attempt, worker):
        return ()
    retry = retry_class(split.channel, code)
    if retry == "query_first" and split.asking.attempt % HOPELESS == 0:
        retry = "needs_human"  # asked about again and again, and never taken on
    if retry == "query_first":
        return doubted(split, code, at, dice)
    no = SplitAttemptRejected(
        split_id=split.id,
        attempt=attempt,
        call=split.call,
        number=split.asking.number,
        code=code,
        message=message[:300],
        retry=retry,
        table_version=TABLE_VERSION,
        next_at=later(at, steps_after(retry), split.asking.tries, dice),
        at=at,
    )
    if retry != "needs_human":
        return (no,)
    return (no, *trouble(split, "rejected", f"{split.call}: {code}: {message}", at))


def retry(split: Split, *, at: datetime) -> tuple[SplitRetried, ...]:
    """Somebody mended what was wrong: the same number again, which can never move money twice.

    Raises: SplitNotFound, SplitGoesOn.
    """
    if split.version == 0:
        raise SplitNotFound
    if next_step(split, at) != "people":
        raise SplitGoesOn(phase=split.asking.phase.value)
    return (SplitRetried(split.id, split.asking.number, at, at),)


# --- parts of decisions ---------------------------------------------------------------------


def doubted(split: Split, cause: str, at: datetime, dice: int) -> tuple[SplitAttemptInDoubt, ...]:
    asking, next_at = split.asking, later(at, DOUBT, 0, dice)
    return (
        SplitAttemptInDoubt(
            split.id, asking.attempt, split.call, asking.number, cause[:80], next_at, at
        ),
    )
