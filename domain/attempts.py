"""Asking someone outside to move money under a number: once, by one worker at a time, in doubt asked about first.

What payouts and channel splits have in common with each other; what follows from an answer is theirs. The
number is the same on every retry, and another one is taken only after a final word about the last.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from domain.errors import Rejected
from domain.events.refund import RetryClass
from domain.ids import NIL

ATTEMPT_LIFE = timedelta(minutes=2)  # longer than any call may last; then its worker is dead
WORDS_LIVE = timedelta(minutes=5)  # a channel hears no request that was signed longer ago
UNSEEN_LOOKS = 2  # "never heard of it" is believed at the second look,
UNSEEN_GAP = timedelta(seconds=10)  # this long after the first: records become visible late
FORGOTTEN_LOOKS = 5  # "never heard of it" about a number that it took on, before people look
HOPELESS = 10  # attempts that were answered by a no which says to ask first, before people look

DOUBT = tuple(timedelta(seconds=s) for s in (10, 15, 30, 60, 120, 300, 600))
POLL = tuple(timedelta(minutes=m) for m in (1, 1, 1, 1, 1, 5, 10, 20, 30))  # as channels advise
RETRY = tuple(timedelta(seconds=s) for s in (5, 15, 60, 300, 600))
FUNDS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30))
JITTER = 20  # per cent either way, so that what failed together does not come back together

Table: TypeAlias = Mapping[str, RetryClass]
Move: TypeAlias = Literal["call", "give_up_on_worker", "query", "wait", "over"]
Unseen: TypeAlias = Literal["look_again", "ask_again", "forgotten"]


class NotYourAttempt(Rejected, code="not_your_attempt", zh="该请求已由其他工作进程接手"):
    """The attempt was given up or another worker has it: what the channel does is asked of the channel."""


class Phase(StrEnum):
    """Where a number stands."""

    IDLE = "idle"  # nothing to be asked
    WAITING = "waiting"
    NO_FUNDS = "no_funds"
    ATTEMPTING = "attempting"
    IN_DOUBT = "in_doubt"
    IN_HAND = "in_hand"  # taken on: on its way
    ENDED = "ended"


TO_TRY = frozenset({Phase.WAITING, Phase.NO_FUNDS})
TO_ASK = frozenset({Phase.IN_DOUBT, Phase.IN_HAND})


class Asking(msgspec.Struct):
    """What is known of the live number."""

    number: str = ""
    phase: Phase = Phase.IDLE
    accepted: bool = False  # it was taken on
    attempt: int = 0  # over all numbers
    worker: UUID = NIL
    deadline: datetime | None = None
    tries: int = 0  # looks in a row that changed nothing
    unseen: int = 0  # times it was not known outside, and since when
    unseen_at: datetime | None = None
    next_at: datetime | None = None


# --- decisions ------------------------------------------------------------------------------


def move(asking: Asking, at: datetime) -> Move:
    """What is to be done now. The state decides: looking early, late or twice does no harm."""
    if asking.phase in (Phase.IDLE, Phase.ENDED):
        return "over"
    if asking.phase is Phase.ATTEMPTING:
        assert asking.deadline is not None
        return "give_up_on_worker" if at >= asking.deadline else "wait"
    if asking.next_at is not None and at < asking.next_at:
        return "wait"
    return "query" if asking.phase in TO_ASK else "call"


def its_turn(asking: Asking, attempt: int, worker: UUID) -> bool:
    """Is this the attempt under way? False when the outside spoke first. Raises: NotYourAttempt."""
    if asking.attempt != attempt or asking.worker != worker:
        raise NotYourAttempt(attempt=asking.attempt)
    return asking.phase is Phase.ATTEMPTING


def unseen(asking: Asking, at: datetime) -> Unseen:
    """What "never heard of it" means: only a second look, a while after the first, is believed."""
    if asking.accepted:
        return "forgotten" if asking.unseen >= FORGOTTEN_LOOKS else "look_again"
    since = asking.unseen_at
    long_enough = since is not None and at >= since + UNSEEN_GAP
    return "ask_again" if long_enough and asking.unseen + 1 >= UNSEEN_LOOKS else "look_again"


def calls_end_at(asking: Asking, at: datetime) -> datetime:
    """From when on nothing can be done any more under a number that was not ended outside.

    A worker signs its call before the attempt's deadline or not at all, and what was signed too long ago is
    not heard: so one that was stopped over it, and wakes up later, does nothing.
    """
    if asking.phase not in TO_TRY or asking.deadline is None:
        return at
    return asking.deadline + WORDS_LIVE


def steps_after(retry: RetryClass) -> Sequence[timedelta]:
    """How the pauses grow after such a no."""
    return FUNDS if retry == "needs_funds" else RETRY


def later(at: datetime, steps: Sequence[timedelta], tries: int, dice: int) -> datetime:
    """When to look again after `tries` earlier looks; the last step is the longest pause."""
    step = steps[min(tries, len(steps) - 1)]
    return at + step * (100 - JITTER + dice % (2 * JITTER + 1)) // 100


# --- parts of evolution -----------------------------------------------------------------------


def wait_for(asking: Asking, number: str, next_at: datetime) -> None:
    """This number is to be asked for, for the first time or again."""
    if number != asking.number:
        asking.accepted = False
    asking.number, asking.phase, asking.next_at, asking.tries = number, Phase.WAITING, next_at, 0


def started(asking: Asking, attempt: int, number: str, worker: UUID, deadline: datetime) -> None:
    asking.number, asking.phase, asking.attempt = number, Phase.ATTEMPTING, attempt
    asking.worker, asking.deadline = worker, deadline
    asking.unseen, asking.unseen_at = 0, None


def accepted(asking: Asking, next_at: datetime) -> None:
    asking.phase, asking.accepted, asking.next_at, asking.tries = Phase.IN_HAND, True, next_at, 0


def rejected(asking: Asking, retry: RetryClass, next_at: datetime) -> None:
    asking.phase = Phase.NO_FUNDS if retry == "needs_funds" else Phase.WAITING
    asking.next_at = next_at
    asking.tries += 1


def in_doubt(asking: Asking, next_at: datetime) -> None:
    asking.phase, asking.next_at, asking.tries = Phase.IN_DOUBT, next_at, 0


def queried(asking: Asking, *, found: bool, next_at: datetime, at: datetime) -> None:
    asking.next_at = next_at
    asking.tries += 1
    if not found:
        asking.unseen += 1
        asking.unseen_at = asking.unseen_at or at
    elif asking.phase in (Phase.ATTEMPTING, Phase.IN_DOUBT):
        asking.phase = Phase.IN_HAND


def ended(asking: Asking) -> None:
    asking.phase, asking.accepted = Phase.ENDED, False
