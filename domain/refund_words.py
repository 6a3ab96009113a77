"""Hearing the channel about a refund, by whatever way and in whatever order its words come."""

from datetime import datetime
from typing import NamedTuple, assert_never

from domain.attempts import DOUBT, FORGOTTEN_LOOKS, POLL, UNSEEN_GAP, UNSEEN_LOOKS, later
from domain.events.refund import (
    Evidence,
    RefundAbnormal,
    RefundAttemptAccepted,
    RefundClosed,
    RefundConfirmedByBill,
    RefundEvent,
    RefundQueried,
    RefundRetried,
    RefundReturned,
    RefundSucceeded,
    RefundWitnessesDiffer,
    Seen,
)
from domain.money import Money
from domain.refund import TO_ASK, Refund, RefundNotFound, Status, trouble


class Word(NamedTuple):
    """What the channel says of one number."""

    number: str
    seen: Seen
    evidence: Evidence
    channel_refund_id: str = ""
    amount: Money | None = None
    received_by: str = ""
    accepted_at: datetime | None = None
    succeeded_at: datetime | None = None


# --- decisions ------------------------------------------------------------------------------


def hear(refund: Refund, word: Word, *, at: datetime, dice: int) -> tuple[RefundEvent, ...]:
    """Take the channel's word: it moves the refund on, changes nothing, or contradicts what is known.

    Raises: RefundNotFound for a number that was never ours, or never sent to the channel.
    """
    if refund.attempt == 0 or word.number not in (refund.number, *refund.ended):
        raise RefundNotFound
    if word.amount is not None and word.amount != refund.amount:
        return differ(refund, word, f"{refund.amount.fen} fen", f"{word.amount.fen} fen", at)
    last = refund.ended.get(word.number)
    if last is not None:
        return () if fits(last, word.seen) else differ(refund, word, last, word.seen, at)
    if word.seen == "not_found":
        return unseen(refund, word, at, dice)
    return (*taken_on(refund, word, at, dice), *moved(refund, word, at, dice))


def confirm_by_bill(
    refund: Refund, *, number: str, file_sha256: str, line: int, at: datetime
) -> tuple[RefundEvent, ...]:
    """The channel's bill lists the number: the last witness, once a file. Raises: RefundNotFound."""
    if refund.attempt == 0 or number not in (refund.number, *refund.ended):
        raise RefundNotFound
    if file_sha256 in refund.bills:
        return ()
    return (RefundConfirmedByBill(refund.id, number, file_sha256, line, at),)


# --- parts of decisions ---------------------------------------------------------------------


def fits(last: str, seen: Seen) -> bool:
    """Can this word, perhaps an old one, have been said of a number whose last word is known?"""
    if seen in (last, "processing", "not_found"):
        return True
    return last == "returned" and seen in ("succeeded", "abnormal")


def taken_on(refund: Refund, word: Word, at: datetime, dice: int) -> tuple[RefundEvent, ...]:
    """The first word about a number also says that the channel has taken it on."""
    if refund.accepted:
        return ()
    return (
        RefundAttemptAccepted(
            refund_id=refund.id,
            order_id=refund.order_id,
            channel=refund.channel,
            attempt=refund.attempt,
            number=word.number,
            channel_refund_id=word.channel_refund_id,
            amount=refund.amount,
            fee_back=refund.fee_back,
            accepted_at=word.accepted_at or at,
            evidence=word.evidence,
            next_at=later(at, POLL, 0, dice),
            at=at,
        ),
    )


def moved(refund: Refund, word: Word, at: datetime, dice: int) -> tuple[RefundEvent, ...]:
    """What a word about the live number leads to."""
    match word.seen:
        case "processing" | "not_found":
            return still(refund, word, at, dice)
        case "abnormal":
            return abnormal(refund, word, at)
        case "closed":
            return (
                RefundClosed(
                    refund_id=refund.id,
                    order_id=refund.order_id,
                    channel=refund.channel,
                    number=word.number,
                    amount=refund.amount,
                    fee_back=refund.fee_back,
                    evidence=word.evidence,
                    at=at,
                ),
            )
        case "succeeded" if refund.call == "return":
            people = trouble(refund, "returned", "to be paid to the buyer by another route", at)
            back = RefundReturned(
                refund.id, refund.order_id, word.number, refund.amount, word.evidence, at
            )
            return (back, *people)
        case "succeeded":
            return (
                RefundSucceeded(
                    refund_id=refund.id,
                    order_id=refund.order_id,
                    number=word.number,
                    channel_refund_id=word.channel_refund_id or refund.channel_refund_id,
                    amount=refund.amount,
                    received_by=word.received_by,
                    succeeded_at=word.succeeded_at or at,
                    evidence=word.evidence,
                    at=at,
                ),
            )
        case _:
            assert_never(word.seen)


def still(refund: Refund, word: Word, at: datetime, dice: int) -> tuple[RefundEvent, ...]:
    """It is on its way. Worth noting when we asked, or when a call was open."""
    if not refund.accepted:
        return ()  # `taken_on` says so already
    open_call = refund.status in (Status.ATTEMPTING, Status.IN_DOUBT)
    if word.evidence != "query" and not open_call:
        return ()
    next_at = later(at, POLL, refund.tries, dice)
    return (RefundQueried(refund.id, word.number, word.seen, word.evidence, next_at, at),)


def abnormal(refund: Refund, word: Word, at: datetime) -> tuple[RefundEvent, ...]:
    """The buyer's account takes nothing; or having the money returned was not heard of, or came to nothing."""
    if refund.status is Status.ABNORMAL:
        return ()
    if refund.call == "return":
        if word.evidence != "query" or refund.status not in TO_ASK:
            return ()  # perhaps an old word, from before we asked for it
        if refund.status is Status.IN_DOUBT:
            return (RefundRetried(refund.id, word.number, at, at),)
    people = trouble(refund, "abnormal", "the buyer's account took nothing", at)
    return (RefundAbnormal(refund.id, word.number, word.evidence, at), *people)


def unseen(refund: Refund, word: Word, at: datetime, dice: int) -> tuple[RefundEvent, ...]:
    """The channel does not know the number. Only a second look, a while later, is believed.

    A channel that took it on before and knows nothing of it again and again contradicts itself.
    """
    if refund.status not in TO_ASK:
        return ()
    if refund.accepted and refund.unseen >= FORGOTTEN_LOOKS:
        return differ(refund, word, "taken on", "not_found", at)
    since = refund.unseen_at
    long_enough = since is not None and at >= since + UNSEEN_GAP
    if long_enough and refund.unseen + 1 >= UNSEEN_LOOKS and not refund.accepted:
        return (RefundRetried(refund.id, word.number, at, at),)
    next_at = later(at, DOUBT, refund.tries, dice)
    return (RefundQueried(refund.id, word.number, "not_found", word.evidence, next_at, at),)


def differ(
    refund: Refund, word: Word, known: str, told: str, at: datetime
) -> tuple[RefundEvent, ...]:
    """Two words that cannot both be true: both are kept, once, and people are called."""
    if f"{word.number} {told}" in refund.differing:
        return ()
    said = RefundWitnessesDiffer(refund.id, word.number, known, told, word.evidence, at)
    detail = f"{word.number}: {known}, but the {word.evidence} says {told}"
    return (said, *trouble(refund, "witnesses_differ", detail, at))
