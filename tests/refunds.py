"""Events and words of one refund for tests: `history(started(1), doubt(1))`, `said("succeeded", "query")`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.attempts import ATTEMPT_LIFE
from domain.events.order import RefundOwed
from domain.events.refund import (
    Action,
    Evidence,
    RefundAbnormal,
    RefundAttemptAccepted,
    RefundAttemptInDoubt,
    RefundAttemptRejected,
    RefundAttemptStarted,
    RefundClosed,
    RefundEscalated,
    RefundEvent,
    RefundRequested,
    RefundResolutionProposed,
    RetryClass,
    Seen,
    Trouble,
)
from domain.ids import ProposalId, RefundId
from domain.money import Money
from domain.refund import REFUND, Refund
from domain.refund_numbers import out_refund_no
from domain.refund_words import Word
from tests.builders import MINUTE, NOON, SECOND, ann, order, payment

R = RefundId(UUID(int=0x3F))
NUMBERS = tuple(out_refund_no(R, generation) for generation in range(5))
ONE = NUMBERS[0]
AT_THE_CHANNEL = "50300"
WORKER, OTHER = UUID(int=0xF1), UUID(int=0xF2)
EVEN = 20  # dice: neither early nor late
P = ProposalId(UUID(int=0x9))

OWED = RefundOwed(order(1), R, payment(1), "T1", Money(990), "group_failed", True, "escrow", NOON)
REQUESTED = RefundRequested(
    R,
    order(1),
    payment(1),
    ann,
    "wechatpay",
    "T1",
    Money(990),
    Money(990),
    "group_failed",
    1,
    NOON,
    NOON,
)


def started(
    attempt: int = 1,
    *,
    number: str = ONE,
    at: datetime = NOON,
    worker: UUID = WORKER,
    call: Any = "refund",
) -> RefundAttemptStarted:
    return RefundAttemptStarted(
        R, attempt, call, number, worker, "ab" * 32, Money(6), at + ATTEMPT_LIFE, at
    )


def accepted(
    attempt: int = 1, *, number: str = ONE, evidence: Evidence = "reply", at: datetime = NOON
) -> RefundAttemptAccepted:
    return RefundAttemptAccepted(
        refund_id=R,
        order_id=order(1),
        channel="wechatpay",
        attempt=attempt,
        number=number,
        channel_refund_id=AT_THE_CHANNEL,
        amount=Money(990),
        fee_back=Money(6),
        accepted_at=at,
        evidence=evidence,
        next_at=at + MINUTE,
        at=at,
    )


def doubt(attempt: int = 1, cause: str = "timeout", at: datetime = NOON) -> RefundAttemptInDoubt:
    return RefundAttemptInDoubt(R, attempt, ONE, cause, at + 10 * SECOND, at)


def no(
    attempt: int = 1,
    code: str = "NOT_ENOUGH",
    retry: RetryClass = "needs_funds",
    at: datetime = NOON,
) -> RefundAttemptRejected:
    return RefundAttemptRejected(R, attempt, ONE, code, "不行", retry, 1, at + MINUTE, at)


def closed(number: str = ONE, at: datetime = NOON) -> RefundClosed:
    return RefundClosed(R, order(1), "wechatpay", number, Money(990), Money(6), "query", at)


def abnormal(at: datetime = NOON) -> RefundAbnormal:
    return RefundAbnormal(R, ONE, "query", at)


def escalated(trouble: Trouble, at: datetime = NOON) -> RefundEscalated:
    return RefundEscalated(R, order(1), trouble, "", at)


def proposed(action: Action, reference: str = "", at: datetime = NOON) -> RefundResolutionProposed:
    return RefundResolutionProposed(R, P, action, reference, "", "cat", "5" * 64, at)


def said(seen: Seen, evidence: Evidence = "query", number: str = ONE, **more: Any) -> Word:
    usual: dict[str, Any] = {"channel_refund_id": AT_THE_CHANNEL, "amount": Money(990)}
    return Word(number, seen, evidence, **({} if seen == "not_found" else usual) | more)


def refund(*history: RefundEvent) -> Refund:
    return REFUND.fold((REQUESTED, *history))
