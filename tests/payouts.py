"""Events and words of one payout for tests: `payout(started(1), doubt(1))`, `said("confirmed", "query")`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from commands.advance_payout import AdvancePayout
from commands.hear_payout import HearPayout
from commands.paying_out import begin_payout
from domain.attempts import ATTEMPT_LIFE
from domain.events.payout import (
    PayoutAccepted,
    PayoutAction,
    PayoutAttemptInDoubt,
    PayoutAttemptRejected,
    PayoutAttemptStarted,
    PayoutAwaitingConfirmation,
    PayoutConfirmed,
    PayoutEscalated,
    PayoutEvent,
    PayoutEvidence,
    PayoutFailed,
    PayoutInitiated,
    PayoutReissued,
    PayoutResolutionApproved,
    PayoutResolutionProposed,
    PayoutReturned,
    PayoutSeen,
    PayoutTrouble,
    Route,
)
from domain.events.refund import RetryClass
from domain.ids import (
    MerchantId,
    PayoutId,
    ProposalId,
    StatementId,
    merchant_id,
    payout_id,
    statement_id,
)
from domain.money import ZERO, Money
from domain.payout import PAYOUT, Payout
from domain.payout_rules import BANK_ANSWERS_WITHIN, out_bill_no
from domain.payout_words import Word
from tests.builders import MINUTE, NOON, SECOND
from tests.in_memory import Attempt, Cell

S = StatementId(UUID(int=0x57A7))
M = MerchantId(UUID(int=0x3E2C))
P = payout_id(S)
NUMBERS = tuple(out_bill_no(P, generation) for generation in range(5))
ONE, TWO = NUMBERS[:2]
DUE = Money(79_20)
WORKER, OTHER = UUID(int=0xF1), UUID(int=0xF2)
EVEN = 20  # dice: neither early nor late
AT_THE_CHANNEL = "1330"
WISH = ProposalId(UUID(int=0x9))


def initiated(route: Route = "channel_transfer") -> PayoutInitiated:
    channel = "bank" if route == "bank_file" else "wechatpay"
    return PayoutInitiated(P, M, S, DUE, route, channel, "sealed:openid", 1, NOON, NOON)


def started(
    attempt: int = 1, *, number: str = ONE, at: datetime = NOON, worker: UUID = WORKER
) -> PayoutAttemptStarted:
    deadline = at + ATTEMPT_LIFE
    return PayoutAttemptStarted(
        P, attempt, "channel_transfer", number, worker, "ab" * 32, deadline, at
    )


def in_file(*, number: str = ONE, at: datetime = NOON) -> PayoutAttemptStarted:
    deadline = at + BANK_ANSWERS_WITHIN
    return PayoutAttemptStarted(P, 1, "bank_file", number, WORKER, "ab" * 32, deadline, at)


def accepted(
    *, number: str = ONE, evidence: PayoutEvidence = "reply", at: datetime = NOON, **more: Any
) -> PayoutAccepted:
    usual: dict[str, Any] = {"channel": "wechatpay", "attempt": 1}
    return PayoutAccepted(
        payout_id=P,
        merchant_id=M,
        number=number,
        channel_payout_id=AT_THE_CHANNEL,
        amount=DUE,
        accepted_at=at,
        evidence=evidence,
        next_at=at + MINUTE,
        at=at,
        **usual | more,
    )


def awaiting(at: datetime = NOON) -> PayoutAwaitingConfirmation:
    return PayoutAwaitingConfirmation(P, ONE, "package", "reply", at + 2 * MINUTE, at)


def doubt(attempt: int = 1, cause: str = "timeout", at: datetime = NOON) -> PayoutAttemptInDoubt:
    return PayoutAttemptInDoubt(P, attempt, ONE, cause, at + 10 * SECOND, at)


def no(
    code: str = "NOT_ENOUGH", retry: RetryClass = "needs_funds", at: datetime = NOON
) -> PayoutAttemptRejected:
    return PayoutAttemptRejected(P, 1, ONE, code, "不行", retry, 1, at + MINUTE, at)


def confirmed(
    *, evidence: PayoutEvidence = "query", at: datetime = NOON, number: str = ONE, **more: Any
) -> PayoutConfirmed:
    usual: dict[str, Any] = {"route": "channel_transfer", "channel": "wechatpay", "fee": ZERO}
    return PayoutConfirmed(
        payout_id=P,
        merchant_id=M,
        statement_id=S,
        number=number,
        channel_payout_id=AT_THE_CHANNEL,
        amount=DUE,
        confirmed_at=at,
        evidence=evidence,
        at=at,
        **usual | more,
    )


def failed(
    code: str = "OVERDUE_CLOSE",
    *,
    number: str = ONE,
    evidence: PayoutEvidence = "query",
    at: datetime = NOON,
) -> PayoutFailed:
    return PayoutFailed(P, M, "channel_transfer", "wechatpay", number, DUE, code, evidence, at)


def returned(*, was_confirmed: bool, at: datetime = NOON) -> PayoutReturned:
    return PayoutReturned(
        P, M, "bank_file", "bank", ONE, DUE, was_confirmed, "NO_SUCH_ACCOUNT", at, "bank_file", at
    )


def reissued(generation: int = 1, route: Route = "channel_transfer", at: datetime = NOON) -> Any:
    number, of = NUMBERS[generation], NUMBERS[generation - 1]
    channel = "bank" if route == "bank_file" else "wechatpay"
    return PayoutReissued(
        P, M, DUE, route, channel, "sealed:openid", number, of, generation, at, at
    )


def escalated(trouble: PayoutTrouble, detail: str = "", at: datetime = NOON) -> PayoutEscalated:
    return PayoutEscalated(P, trouble, detail, at)


def proposed(action: PayoutAction, payee: str = "", at: datetime = NOON) -> Any:
    return PayoutResolutionProposed(P, WISH, action, payee, "", "cat", "5" * 64, at)


def approved(action: PayoutAction, at: datetime = NOON) -> PayoutResolutionApproved:
    return PayoutResolutionApproved(P, WISH, action, "dan", at, at)


def said(
    seen: PayoutSeen, evidence: PayoutEvidence = "query", number: str = ONE, **more: Any
) -> Word:
    usual: dict[str, Any] = {"channel_payout_id": AT_THE_CHANNEL, "amount": DUE}
    return Word(number, seen, evidence, **({} if seen == "not_found" else usual) | more)


def payout(*history: PayoutEvent) -> Payout:
    return PAYOUT.fold((initiated(), *history))


def initiate(cell: Cell, n: int, route: Route = "channel_transfer") -> PayoutId:
    """What closing the n-th statement of a tenant does."""
    cell.asked += 1
    tx = Attempt(cell, UUID(int=cell.asked), "engine")
    merchant = merchant_id(cell.tenant, f"merchant-{n}")
    id = begin_payout(
        tx,
        statement=statement_id(merchant, "2026-W23"),
        merchant=merchant,
        amount=Money(1000 + n),
        route=route,
        payee=f"sealed:payee-{n}",
    )
    cell.commit(tx, AdvancePayout(id, WORKER))  # stands for the command that closed it
    return id


def pay_out(cell: Cell, n: int) -> None:
    """A statement closes, and its merchant is paid at once."""
    id = initiate(cell, n)
    step = cell.ask(AdvancePayout(id, WORKER))
    cell.ask(HearPayout(id, step.number, "confirmed", "reply", AT_THE_CHANNEL, 1000 + n))
