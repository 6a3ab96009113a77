"""Split: the frozen money of one order, shared out inside the channel at most once, before it unfreezes by itself.

One call at a time, each under a number of its own: the sharing, then what refunds ask back, then the rest is
unfrozen. Who gets what was settled with the request and never changes.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias, assert_never

import msgspec

from domain import attempts
from domain.attempts import Asking, Phase
from domain.decider import Decider
from domain.errors import NotFound
from domain.events.split import (
    Receiver,
    SplitAttemptAccepted,
    SplitAttemptInDoubt,
    SplitAttemptRejected,
    SplitAttemptStarted,
    SplitCall,
    SplitClosed,
    SplitEscalated,
    SplitEvent,
    SplitFinished,
    SplitFreezeWarned,
    SplitQueried,
    SplitRequested,
    SplitRetried,
    SplitReturned,
    SplitReturnFailed,
    SplitReturnRequested,
    SplitSettled,
    SplitSubsidised,
    SplitTrouble,
    SplitUnfrozen,
)
from domain.ids import NIL, OrderId, RefundId, SplitId
from domain.money import ZERO, Money
from domain.split_rules import split_no, unfreeze_no

ShareState: TypeAlias = Literal["wanted", "finished", "closed"]
ReturnState: TypeAlias = Literal["wanted", "returned", "failed"]


class Share(msgspec.Struct):
    """One receiver's part, and what of it was asked back and came back."""

    receiver: Receiver
    state: ShareState = "wanted"


class Return(msgspec.Struct):
    """What one refund asks back of one receiver."""

    refund_id: RefundId
    receiver: Receiver  # with the amount and tax asked back
    state: ReturnState = "wanted"


class Split(msgspec.Struct):
    """What a decision needs to know, and no more."""

    id: SplitId = SplitId(NIL)
    order_id: OrderId = OrderId(NIL)
    channel: str = ""
    transaction_id: str = ""
    paid: Money = ZERO
    freeze_ends_at: datetime | None = None
    shares: dict[str, Share] = {}  # by account
    returns: dict[str, Return] = {}  # by number; only ever grows
    refunded: dict[RefundId, Money] = {}  # what of `paid` each refund gives back; only ever grows
    call: SplitCall = "split"
    asking: Asking = msgspec.field(default_factory=Asking)
    unfrozen: bool = False
    warned: bool = False
    differing: set[str] = set()
    trouble: SplitTrouble | None = None
    detail: str = ""
    version: int = 0  # events so far

    @property
    def frozen(self) -> Money:
        """What of the order's money is neither shared out nor unfrozen yet."""
        if self.unfrozen:
            return ZERO
        gone = (one.receiver.amount for one in self.shares.values() if one.state == "finished")
        return self.paid - sum(gone, ZERO)

    @property
    def shared_out(self) -> bool:
        """Every receiver has its share, or will never have it."""
        return all(one.state != "wanted" for one in self.shares.values())


Step: TypeAlias = Literal["call", "give_up_on_worker", "query", "wait", "people", "over"]


class SplitNotFound(NotFound, code="split_not_found", zh="分账单不存在"):
    """No split of this order, or no such number of it, exists."""


# --- decisions ------------------------------------------------------------------------------


def next_step(split: Split, at: datetime) -> Step:
    """What is to be done now. The state decides: looking early, late or twice does no harm."""
    step = attempts.move(split.asking, at)
    return "people" if step == "call" and split.trouble is not None else step


def trouble(
    split: Split, what: SplitTrouble, detail: str, at: datetime
) -> tuple[SplitEscalated, ...]:
    """Call people, once."""
    if split.trouble == what:
        return ()
    return (SplitEscalated(split.id, split.order_id, what, detail[:300], at),)


def asked_of(split: Split) -> tuple[Receiver, ...]:
    """Who the call that is next is about, and what each is to get or to give back. Unfreezing names nobody."""
    if split.call == "split":
        return tuple(one.receiver for one in split.shares.values())
    if split.call == "return":
        return (split.returns[split.asking.number].receiver,)
    return ()


# --- parts of decisions ---------------------------------------------------------------------


def after(split: Split, events: Sequence[SplitEvent]) -> Split:
    """The split as it will be once these events are recorded."""
    copied = msgspec.msgpack.encode(split)
    preview = msgspec.msgpack.decode(copied, type=Split)
    for event in events:
        evolve(preview, event)
    return preview


Attempted: TypeAlias = (
    SplitAttemptStarted
    | SplitAttemptAccepted
    | SplitAttemptRejected
    | SplitAttemptInDoubt
    | SplitQueried
    | SplitRetried
)


# --- evolution ------------------------------------------------------------------------------


def evolve(split: Split, event: SplitEvent) -> Split:
    """Believe the event. No rule is checked here, so history replays under any future rule."""
    split.version += 1
    match event:
        case SplitRequested():
            split.id, split.order_id = event.split_id, event.order_id
            split.channel, split.transaction_id = event.channel, event.transaction_id
            split.paid, split.freeze_ends_at = event.paid, event.freeze_ends_at
            split.shares = {one.account: Share(one) for one in event.receivers}
            go_on(split, event.next_at)
        case (
            SplitAttemptStarted()
            | SplitAttemptAccepted()
            | SplitAttemptRejected()
            | SplitAttemptInDoubt()
            | SplitQueried()
            | SplitRetried()
        ):
            attempted(split, event)
        case SplitFinished() | SplitClosed():
            share = split.shares[event.receiver.account]
            share.state = "finished" if isinstance(event, SplitFinished) else "closed"
            if split.shared_out:
                go_on(split, event.at)
        case SplitUnfrozen():
            split.unfrozen = True
            go_on(split, event.at)
        case SplitReturnRequested():
            split.returns[event.number] = Return(event.refund_id, event.receiver)
            split.refunded[event.refund_id] = event.refund
            if split.asking.phase is Phase.ENDED:
                go_on(split, event.next_at)
        case SplitReturned():
            split.returns[event.number].state = "returned"
            go_on(split, event.at)
        case SplitReturnFailed():
            split.returns[event.number].state = "failed"
            go_on(split, event.at)
        case SplitFreezeWarned():
            split.warned = True
        case SplitSubsidised() | SplitSettled():
            pass  # nothing that is to be asked follows from it
        case SplitEscalated():
            split.trouble, split.detail = event.trouble, event.detail
            if event.trouble == "witnesses_differ":
                split.differing.add(event.detail)
        case _:
            assert_never(event)
    return split


def go_on(split: Split, at: datetime) -> None:
    """Turn to what is left to be asked: the sharing, what refunds want back, and at last the unfreezing."""
    wanted = [number for number, one in split.returns.items() if one.state == "wanted"]
    if not split.shared_out and not split.unfrozen:
        split.call, number = "split", split_no(split.id)
    elif wanted:
        split.call, number = "return", wanted[0]
    elif split.frozen > ZERO:
        split.call, number = "unfreeze", unfreeze_no(split.id)
    else:
        attempts.ended(split.asking)
        return
    if number != split.asking.number or split.asking.phase is Phase.ENDED:
        attempts.wait_for(split.asking, number, at)


def attempted(split: Split, event: Attempted) -> None:
    asking = split.asking
    match event:
        case SplitAttemptStarted():
            attempts.started(asking, event.attempt, event.number, event.worker, event.deadline)
        case SplitAttemptAccepted():
            attempts.accepted(asking, event.next_at)
        case SplitAttemptRejected():
            attempts.rejected(asking, event.retry, event.next_at)
        case SplitAttemptInDoubt():
            attempts.in_doubt(asking, event.next_at)
        case SplitQueried():
            found = event.seen != "not_found"
            attempts.queried(asking, found=found, next_at=event.next_at, at=event.at)
        case SplitRetried():
            split.trouble = None
            attempts.wait_for(asking, event.number, event.next_at)


SPLIT: Decider[Split, SplitEvent] = Decider("split", Split, SplitEvent, evolve)
