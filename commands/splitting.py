"""What the commands about channel splits share: what a worker is told, and what is recorded in one commit."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Literal
from uuid import UUID

from commands.use_case import Reply, Stream, Tx
from domain import split as splits
from domain import split_plans as plans
from domain.attempts import Phase
from domain.events.split import ReceiverKind, SplitCall, SplitEvent, SplitSettled
from domain.ids import OrderId, RefundId, SplitId, split_id
from domain.money import Money
from domain.split import SPLIT, Split, SplitNotFound
from domain.split_rules import split_no


class SplitState(Reply, frozen=True):
    """Where the split stands after the command; `trouble` while people look after it."""

    split_id: SplitId
    order_id: OrderId
    frozen_fen: int
    settled: bool
    trouble: str | None


class Part(Reply, frozen=True):
    """What one receiver is to get, or to give back."""

    kind: ReceiverKind
    account: str
    amount_fen: int


class SplitStep(Reply, frozen=True):
    """What to do now. `call` is to be made once, before `deadline`, and its outcome recorded under `attempt`
    and `worker`; `query` may be made by anybody; `until` says when to ask again.
    """

    do: Literal["call", "query", "wait", "people", "over"]
    split_id: SplitId
    call: SplitCall = "split"
    number: str = ""
    of: str = ""  # the number of the sharing itself, which returns name
    channel: str = ""
    transaction_id: str = ""
    parts: tuple[Part, ...] = ()
    attempt: int = 0
    worker: UUID | None = None
    deadline: datetime | None = None
    until: datetime | None = None


def the_split(id: SplitId) -> Iterator[Stream]:
    yield Stream(SPLIT, id)


def known_split(tx: Tx, id: SplitId) -> Split:
    """Raises: SplitNotFound."""
    split = tx.read(SPLIT, id)
    if split.version == 0:
        raise SplitNotFound
    return split


def record_split(tx: Tx, id: SplitId, split: Split, events: Sequence[SplitEvent]) -> SplitState:
    """Append what happened to a split, and that nothing is left to be asked once that is so."""
    after = splits.after(split, events)
    over = after.asking.phase is Phase.ENDED
    if events and over and split.asking.phase is not Phase.ENDED:
        events = (*events, SplitSettled(after.id, after.order_id, tx.at))
    tx.append(SPLIT, id, events)
    return SplitState(after.id, after.order_id, after.frozen.fen, over, after.trouble)


def shares_first(tx: Tx, order_id: OrderId, refund_id: RefundId, amount: Money) -> bool:
    """Ask back what a refund needs of an order that was shared out; True while that, or the sharing, is under way.

    A share that did not come back is for people; the refund then goes to the channel, which may lack the money.
    """
    split = tx.read(SPLIT, split_id(order_id))
    if split.version == 0 or split.trouble is not None:
        return False
    if refund_id in split.refunded:
        back = (one for one in split.returns.values() if one.refund_id == refund_id)
        return any(one.state == "wanted" for one in back)
    if not split.shared_out and not split.unfrozen:
        return True
    try:
        asked = plans.ask_back(split, refund_id=refund_id, amount=amount, at=tx.at)
    except plans.NothingToReturn:
        return False
    record_split(tx, split.id, split, asked)
    return True


def split_dice(tx: Tx) -> int:
    """Chance that comes with the command: the same command always throws the same."""
    return tx.id("dice").int


def step_to(split: Split, do: Literal["call", "query"]) -> SplitStep:
    """The call that is next, or what became of it, in the words that the channel needs."""
    return SplitStep(
        do=do,
        split_id=split.id,
        call=split.call,
        number=split.asking.number,
        of=split_no(split.id),
        channel=split.channel,
        transaction_id=split.transaction_id,
        parts=tuple(Part(one.kind, one.account, one.amount.fen) for one in splits.asked_of(split)),
    )


def split_digest(split: Split) -> str:
    """Of what is asked of the channel."""
    parts = (f"{one.account} {one.amount.fen}" for one in splits.asked_of(split))
    words = (split.call, split.asking.number, split.transaction_id, *parts)
    return sha256("\n".join(words).encode()).hexdigest()
