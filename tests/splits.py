"""Events and words of one split for tests: `split(started(), ...)`, `told("S", ("us", "success", 880))`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.attempts import ATTEMPT_LIFE
from domain.events.split import (
    Receiver,
    SplitAttemptAccepted,
    SplitAttemptStarted,
    SplitCall,
    SplitClosed,
    SplitEscalated,
    SplitEvent,
    SplitFinished,
    SplitRequested,
    SplitTrouble,
    SplitUnfrozen,
)
from domain.ids import split_id
from domain.money import ZERO, Money
from domain.split import SPLIT, Split
from domain.split_words import Detail, Word
from tests.builders import DAY, MINUTE, NOON, order, payment

O = order(1)
X = split_id(O)
PAID = Money(70_00)
PAID_AT = NOON - DAY
ENDS = PAID_AT + 30 * DAY
US = Receiver("platform", "1900000109", Money(8_80), Money(50))
LEADER = Receiver("leader", "1900000777", Money(3_00), ZERO)
WORKER, OTHER = UUID(int=0xF1), UUID(int=0xF2)
EVEN = 20
S, U = f"{X.hex}S", f"{X.hex}U"


def back(turn: int) -> str:
    return f"{X.hex}R{turn:02d}"


def requested(*receivers: Receiver) -> SplitRequested:
    return SplitRequested(
        split_id=X,
        order_id=O,
        payment_id=payment(1),
        channel="wechatpay",
        transaction_id="T1",
        paid=PAID,
        receivers=receivers or (US, LEADER),
        max_ratio=3000,
        freeze_ends_at=ENDS,
        saga_version=1,
        next_at=NOON,
        at=NOON,
    )


def started(
    attempt: int = 1, call: SplitCall = "split", number: str = S, at: datetime = NOON
) -> SplitAttemptStarted:
    return SplitAttemptStarted(X, attempt, call, number, WORKER, "ab" * 32, at + ATTEMPT_LIFE, at)


def accepted(
    attempt: int = 1, call: SplitCall = "split", number: str = S, at: datetime = NOON
) -> SplitAttemptAccepted:
    return SplitAttemptAccepted(X, attempt, call, number, "30", "reply", at + MINUTE, at)


def finished(receiver: Receiver = US, at: datetime = NOON) -> SplitFinished:
    return SplitFinished(X, O, "wechatpay", receiver, "36", at, "reply", at)


def closed(receiver: Receiver = LEADER, reason: str = "NO_RELATION") -> SplitClosed:
    return SplitClosed(X, O, "wechatpay", receiver, reason, "reply", NOON)


def unfrozen(amount: Money, at: datetime = NOON) -> SplitUnfrozen:
    return SplitUnfrozen(X, O, "wechatpay", amount, at, "reply", at)


def escalated(trouble: SplitTrouble, detail: str) -> SplitEscalated:
    return SplitEscalated(X, O, trouble, detail, NOON)


def told(number: str, *details: Any, known: bool = True, evidence: Any = "reply") -> Word:
    """Details are (account, result, fen) and perhaps a reason."""
    read = tuple(
        Detail(account, result, Money(fen), "".join(reason), "36")
        for account, result, fen, *reason in details
    )
    return Word(number, evidence, known, "30", read)


def split(*history: SplitEvent) -> Split:
    return SPLIT.fold((requested(), *history))
