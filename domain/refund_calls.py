"""Asking the channel to pay a refund: one worker at a time, the same number until the channel ends it."""

from datetime import datetime
from uuid import UUID

from domain.attempts import ATTEMPT_LIFE, DOUBT, FUNDS, RETRY, NotYourAttempt, later
from domain.events.refund import (
    RefundAttemptInDoubt,
    RefundAttemptRejected,
    RefundAttemptStarted,
    RefundEvent,
    RefundReissued,
)
from domain.money import Money
from domain.refund import Refund, Status, next_step, trouble
from domain.refund_numbers import out_refund_no
from domain.refund_rules import GENERATIONS_MAX, TABLE_VERSION, retry_class

# --- decisions ------------------------------------------------------------------------------


def start_attempt(
    refund: Refund, *, worker: UUID, request_sha256: str, fee_back: Money, at: datetime
) -> tuple[RefundAttemptStarted, ...]:
    """Let one worker call, once. Nothing when there is nothing to be called."""
    if next_step(refund, at) != "call":
        return ()
    return (
        RefundAttemptStarted(
            refund_id=refund.id,
            attempt=refund.attempt + 1,
            call=refund.call,
            number=refund.number,
            worker=worker,
            request_sha256=request_sha256,
            fee_back=fee_back,
            deadline=at + ATTEMPT_LIFE,
            at=at,
        ),
    )


def give_up_on_worker(
    refund: Refund, *, at: datetime, dice: int
) -> tuple[RefundAttemptInDoubt, ...]:
    """Nobody answered in time: whoever called is dead, and the channel has to be asked."""
    if next_step(refund, at) != "give_up_on_worker":
        return ()
    return doubted(refund, "worker_died", at, dice)


def doubt(
    refund: Refund, *, attempt: int, worker: UUID, cause: str, at: datetime, dice: int
) -> tuple[RefundEvent, ...]:
    """The call ended without an answer that says anything. Raises: NotYourAttempt."""
    if not its_turn(refund, attempt, worker):
        return ()
    return doubted(refund, cause, at, dice)


def reject(
    refund: Refund,
    *,
    attempt: int,
    worker: UUID,
    code: str,
    message: str,
    at: datetime,
    dice: int,
) -> tuple[RefundEvent, ...]:
    """The channel said no: try again, ask first, wait for money, or call people. Raises: NotYourAttempt."""
    if not its_turn(refund, attempt, worker):
        return ()
    retry = retry_class(refund.channel, code)
    if retry == "query_first":
        return doubted(refund, code, at, dice)
    steps = FUNDS if retry == "needs_funds" else RETRY
    no = RefundAttemptRejected(
        refund_id=refund.id,
        attempt=attempt,
        number=refund.number,
        code=code,
        message=message[:300],
        retry=retry,
        table_version=TABLE_VERSION,
        next_at=later(at, steps, refund.tries, dice),
        at=at,
    )
    if retry != "needs_human":
        return (no,)
    return (no, *trouble(refund, "rejected", f"{code}: {message}"[:300], at))


def reissue(refund: Refund, *, at: datetime) -> tuple[RefundEvent, ...]:
    """Go on under a new number, as the channel ended the old one; not for ever without people's consent."""
    if refund.status is not Status.CLOSED:
        return ()
    if refund.generation + 1 >= GENERATIONS_MAX and refund.proposal is None:
        return trouble(refund, "closed_again", f"{refund.generation + 1} numbers were closed", at)
    generation = refund.generation + 1
    number = out_refund_no(refund.id, generation)
    return (RefundReissued(refund.id, number, refund.number, generation, at, at),)


# --- parts of decisions ---------------------------------------------------------------------


def its_turn(refund: Refund, attempt: int, worker: UUID) -> bool:
    """Is this the attempt under way? False when the channel spoke first. Raises: NotYourAttempt."""
    if refund.attempt != attempt or refund.worker != worker:
        raise NotYourAttempt(attempt=refund.attempt)
    return refund.status is Status.ATTEMPTING


def doubted(
    refund: Refund, cause: str, at: datetime, dice: int
) -> tuple[RefundAttemptInDoubt, ...]:
    next_at = later(at, DOUBT, 0, dice)
    return (
        RefundAttemptInDoubt(refund.id, refund.attempt, refund.number, cause[:80], next_at, at),
    )
