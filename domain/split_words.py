"""Hearing the channel about a split: what each receiver got, gave back or did not, in whatever order it is told."""

from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from domain import attempts
from domain.attempts import DOUBT, POLL, TO_ASK, Phase, later
from domain.events.split import (
    SplitAttemptAccepted,
    SplitClosed,
    SplitEvent,
    SplitEvidence,
    SplitFinished,
    SplitQueried,
    SplitRetried,
    SplitReturned,
    SplitReturnFailed,
    SplitUnfrozen,
)
from domain.money import Money
from domain.split import Split, SplitNotFound, trouble

Result: TypeAlias = Literal["pending", "success", "closed"]


class Detail(NamedTuple):
    """What became of one receiver's part, or of the one return or unfreezing that a number is about."""

    account: str
    result: Result
    amount: Money
    reason: str = ""
    detail_id: str = ""
    at: datetime | None = None


class Word(NamedTuple):
    """What the channel says of one number: nothing known of it, or what became of each part."""

    number: str
    evidence: SplitEvidence
    known: bool
    channel_order_id: str = ""
    details: tuple[Detail, ...] = ()


# --- decisions ------------------------------------------------------------------------------


def hear(split: Split, word: Word, *, at: datetime, dice: int) -> tuple[SplitEvent, ...]:
    """Take the channel's word. Raises: SplitNotFound for a number that was never sent."""
    asking = split.asking
    if asking.attempt == 0 or (word.number != asking.number and not was_sent(split, word.number)):
        raise SplitNotFound
    if (wrong := contradiction(split, word)) and wrong not in split.differing:
        return trouble(split, "witnesses_differ", wrong, at)
    if wrong or word.number != asking.number or asking.phase in (Phase.ENDED, *attempts.TO_TRY):
        return ()
    if not word.known:
        return unseen(split, word, at, dice)
    told = tuple(event for detail in word.details for event in became(split, word, detail, at))
    accepted = () if asking.accepted else (taken_on(split, word, at, dice),)
    return (*accepted, *told, *(() if told or accepted else still(split, word, at, dice)))


# --- parts of decisions ---------------------------------------------------------------------


def was_sent(split: Split, number: str) -> bool:
    """A number of an earlier call."""
    return number in split.returns or number[:-1] == split.id.hex


def contradiction(split: Split, word: Word) -> str:
    """What cannot be true beside what is known; "" when nothing is wrong."""
    for detail in word.details:
        if word.number in split.returns:
            back = split.returns[word.number]
            known, planned = back.state, back.receiver.amount
            final = {"success": "returned", "closed": "failed"}
        elif word.number.endswith("S") and detail.account in split.shares:
            share = split.shares[detail.account]
            known, planned = share.state, share.receiver.amount  # type: ignore[assignment]
            final = {"success": "finished", "closed": "closed"}
        else:
            continue
        if detail.amount != planned:
            return f"{word.number} {detail.account}: {planned.fen} fen, told {detail.amount.fen}"
        if detail.result != "pending" and known not in ("wanted", final[detail.result]):
            return f"{word.number} {detail.account}: {known}, told {detail.result}"
    return ""


def taken_on(split: Split, word: Word, at: datetime, dice: int) -> SplitAttemptAccepted:
    return SplitAttemptAccepted(
        split_id=split.id,
        attempt=split.asking.attempt,
        call=split.call,
        number=word.number,
        channel_order_id=word.channel_order_id,
        evidence=word.evidence,
        next_at=later(at, POLL, 0, dice),
        at=at,
    )


def became(split: Split, word: Word, detail: Detail, at: datetime) -> tuple[SplitEvent, ...]:
    """What is new of one part."""
    if detail.result == "pending":
        return ()
    when, ok = detail.at or at, detail.result == "success"
    if split.call == "unfreeze":
        unfrozen = SplitUnfrozen(
            split.id, split.order_id, split.channel, split.frozen, when, word.evidence, at
        )
        if ok:
            return (unfrozen,)
        return trouble(split, "rejected", f"unfreeze: {detail.reason}", at)
    if split.call == "return":
        return came_back(split, word, detail, at)
    share = split.shares.get(detail.account)
    if share is None or share.state != "wanted":
        return ()
    of = (split.id, split.order_id, split.channel, share.receiver)
    if ok:
        return (SplitFinished(*of, detail.detail_id, when, word.evidence, at),)
    people = trouble(split, "receiver_closed", f"{detail.account}: {detail.reason}", at)
    return (SplitClosed(*of, detail.reason, word.evidence, at), *people)


def came_back(split: Split, word: Word, detail: Detail, at: datetime) -> tuple[SplitEvent, ...]:
    receiver = split.returns[word.number].receiver
    if detail.result == "success":
        when = detail.at or at
        return (
            SplitReturned(
                split.id,
                split.order_id,
                split.channel,
                word.number,
                receiver,
                when,
                word.evidence,
                at,
            ),
        )
    failed = SplitReturnFailed(
        split.id, split.order_id, word.number, receiver, detail.reason, word.evidence, at
    )
    people = trouble(split, "return_failed", f"{receiver.account}: {detail.reason}", at)
    return (failed, *people)


def still(split: Split, word: Word, at: datetime, dice: int) -> tuple[SplitEvent, ...]:
    """It is on its way. Worth noting when we asked, or when a call was open."""
    open_call = split.asking.phase in (Phase.ATTEMPTING, Phase.IN_DOUBT)
    if word.evidence != "query" and not open_call:
        return ()
    next_at = later(at, POLL, split.asking.tries, dice)
    return (SplitQueried(split.id, word.number, "processing", next_at, at),)


def unseen(split: Split, word: Word, at: datetime, dice: int) -> tuple[SplitEvent, ...]:
    """The channel does not know the number. One that it took on before contradicts itself after a while."""
    if split.asking.phase not in TO_ASK:
        return ()
    match attempts.unseen(split.asking, at):
        case "forgotten":
            what = f"{word.number}: taken on, told not_found"
            return trouble(split, "witnesses_differ", what, at)
        case "ask_again":
            return (SplitRetried(split.id, word.number, at, at),)
        case "look_again":
            next_at = later(at, DOUBT, split.asking.tries, dice)
            return (SplitQueried(split.id, word.number, "not_found", next_at, at),)
