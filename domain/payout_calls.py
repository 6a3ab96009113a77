"""Asking the channel, or the bank by a file, to pay a merchant: announced first, the same number until it ends."""

from datetime import datetime
from uuid import UUID

from domain import attempts
from domain.attempts import ATTEMPT_LIFE, DOUBT, HOPELESS, TO_TRY, its_turn, later
from domain.errors import Rejected
from domain.events.payout import (
    PayoutAttemptInDoubt,
    PayoutAttemptRejected,
    PayoutAttemptStarted,
    PayoutEscalated,
    PayoutEvent,
    PayoutReissued,
)
from domain.payout import BANK, Payout, next_step, trouble
from domain.payout_rules import (
    BANK_ANSWERS_WITHIN,
    GENERATIONS_MAX,
    TABLE_VERSION,
    TRY_AGAIN,
    out_bill_no,
    retry_class,
)


class NotForTheFile(Rejected, code="not_for_the_file", zh="该打款单不能进入银行文件"):
    """Only a payout by the bank that waits for a file goes into one, and into one only."""


# --- decisions ------------------------------------------------------------------------------


def start_attempt(
    payout: Payout, *, worker: UUID, request_sha256: str, at: datetime
) -> tuple[PayoutAttemptStarted, ...]:
    """Let one worker call, once. Nothing when there is nothing to be called."""
    if next_step(payout, at) != "call":
        return ()
    return (announced(payout, worker, request_sha256, at + ATTEMPT_LIFE, at),)


def put_into_file(
    payout: Payout, *, batch: UUID, request_sha256: str, at: datetime
) -> tuple[PayoutAttemptStarted, ...]:
    """Hand it to the bank with others. Raises: NotForTheFile."""
    if payout.asking.worker == batch and payout.asking.deadline is not None:
        return ()
    if payout.route != "bank_file" or payout.asking.phase not in TO_TRY or payout.trouble:
        raise NotForTheFile(payout_id=str(payout.id), status=payout.status.value)
    return (announced(payout, batch, request_sha256, at + BANK_ANSWERS_WITHIN, at),)


def give_up_on_worker(
    payout: Payout, *, at: datetime, dice: int
) -> tuple[PayoutAttemptInDoubt, ...]:
    """Nobody answered in time: whoever called is dead, and the channel has to be asked."""
    if next_step(payout, at) != "give_up_on_worker":
        return ()
    return doubted(payout, "worker_died", at, dice)


def miss_the_bank(payout: Payout, *, at: datetime) -> tuple[PayoutEscalated, ...]:
    """The bank has said nothing about a file for days. Nothing is tried: it may have paid."""
    if next_step(payout, at) != "bank_silent":
        return ()
    return trouble(payout, "bank_silent", f"{payout.asking.number}: no answer to the file", at)


def doubt(
    payout: Payout, *, attempt: int, worker: UUID, cause: str, at: datetime, dice: int
) -> tuple[PayoutEvent, ...]:
    """The call ended without an answer that says anything. Raises: NotYourAttempt."""
    if not its_turn(payout.asking, attempt, worker):
        return ()
    return doubted(payout, cause, at, dice)


def reject(
    payout: Payout,
    *,
    attempt: int,
    worker: UUID,
    code: str,
    message: str,
    at: datetime,
    dice: int,
) -> tuple[PayoutEvent, ...]:
    """The channel said no: try again, ask first, wait for money, or call people. Raises: NotYourAttempt."""
    if not its_turn(payout.asking, attempt, worker):
        return ()
    retry = retry_class(payout.channel, code)
    if retry == "query_first" and payout.asking.attempt % HOPELESS == 0:
        retry = "needs_human"  # asked about again and again, and never taken on
    if retry == "query_first":
        return doubted(payout, code, at, dice)
    no = PayoutAttemptRejected(
        payout_id=payout.id,
        attempt=attempt,
        number=payout.asking.number,
        code=code,
        message=message[:300],
        retry=retry,
        table_version=TABLE_VERSION,
        next_at=later(at, attempts.steps_after(retry), payout.asking.tries, dice),
        at=at,
    )
    if retry != "needs_human":
        return (no,)
    return (no, *trouble(payout, "rejected", f"{code}: {message}", at))


def reissue(payout: Payout, *, at: datetime) -> tuple[PayoutEvent, ...]:
    """Go on under a new number after the last one ended; without people only when nobody has to mend anything."""
    if next_step(payout, at) != "reissue":
        return ()
    agreed = payout.goes_on_by is not None
    if not agreed and payout.status == "RETURNED":
        return trouble(payout, "returned", f"the bank sent it back: {payout.code}", at)
    if not agreed and payout.code not in TRY_AGAIN:
        return trouble(payout, "rejected", f"it failed: {payout.code}", at)
    if not agreed and payout.generation + 1 >= GENERATIONS_MAX:
        return trouble(payout, "failed_again", f"{payout.generation + 1} numbers failed", at)
    by_bank = payout.route == "bank_file" or payout.goes_on_by == "reissue_by_bank"
    generation = payout.generation + 1
    return (
        PayoutReissued(
            payout_id=payout.id,
            merchant_id=payout.merchant_id,
            amount=payout.amount,
            route="bank_file" if by_bank else payout.route,
            channel=BANK if by_bank else payout.channel,
            payee=payout.payee,
            number=out_bill_no(payout.id, generation),
            of=payout.asking.number,
            generation=generation,
            next_at=at,
            at=at,
        ),
    )


# --- parts of decisions ---------------------------------------------------------------------


def announced(
    payout: Payout, worker: UUID, request_sha256: str, deadline: datetime, at: datetime
) -> PayoutAttemptStarted:
    return PayoutAttemptStarted(
        payout_id=payout.id,
        attempt=payout.asking.attempt + 1,
        route=payout.route,
        number=payout.asking.number,
        worker=worker,
        request_sha256=request_sha256,
        deadline=deadline,
        at=at,
    )


def doubted(
    payout: Payout, cause: str, at: datetime, dice: int
) -> tuple[PayoutAttemptInDoubt, ...]:
    asking, next_at = payout.asking, later(at, DOUBT, 0, dice)
    return (
        PayoutAttemptInDoubt(payout.id, asking.attempt, asking.number, cause[:80], next_at, at),
    )
