"""Hearing the channel or the bank about a payout, by whatever way and in whatever order their words come."""

from datetime import datetime
from typing import NamedTuple, assert_never

from domain import attempts
from domain.attempts import DOUBT, POLL, TO_ASK, Phase, later
from domain.events.payout import (
    PayoutAccepted,
    PayoutAwaitingConfirmation,
    PayoutConfirmed,
    PayoutEvent,
    PayoutEvidence,
    PayoutFailed,
    PayoutQueried,
    PayoutRetried,
    PayoutReturned,
    PayoutSeen,
    PayoutWitnessesDiffer,
)
from domain.money import ZERO, Money
from domain.payout import Payout, PayoutNotFound, trouble
from domain.payout_rules import AWAITING, TRY_AGAIN


class Word(NamedTuple):
    """What the channel or the bank says of one number."""

    number: str
    seen: PayoutSeen
    evidence: PayoutEvidence
    channel_payout_id: str = ""
    amount: Money | None = None
    fee: Money = ZERO
    code: str = ""
    package: str = ""
    accepted_at: datetime | None = None
    ended_at: datetime | None = None


# --- decisions ------------------------------------------------------------------------------


def hear(payout: Payout, word: Word, *, at: datetime, dice: int) -> tuple[PayoutEvent, ...]:
    """Take a word: it moves the payout on, changes nothing, or contradicts what is known.

    Raises: PayoutNotFound for a number that was never ours, or never sent.
    """
    asking = payout.asking
    if asking.attempt == 0 or word.number not in (asking.number, *payout.ended):
        raise PayoutNotFound
    if word.amount is not None and word.amount != payout.amount:
        return differ(payout, word, f"{payout.amount.fen} fen", f"{word.amount.fen} fen", at)
    last = payout.ended.get(word.number)
    if last == "confirmed" and word.seen == "returned" and word.number == asking.number:
        return came_back(payout, word, at)
    if last is not None:
        fits = word.seen in (last, "processing", "awaiting_payee", "not_found")
        after_return = last == "returned" and word.seen in ("confirmed", "failed")
        return () if fits or after_return else differ(payout, word, last, word.seen, at)
    if asking.phase in attempts.TO_TRY and not asking.accepted and word.seen == "not_found":
        return ()
    if word.seen == "not_found":
        return unseen(payout, word, at, dice)
    return (*taken_on(payout, word, at, dice), *moved(payout, word, at, dice))


# --- parts of decisions ---------------------------------------------------------------------


def taken_on(payout: Payout, word: Word, at: datetime, dice: int) -> tuple[PayoutEvent, ...]:
    """The first word about a number also says that it has been taken on."""
    if payout.asking.accepted:
        return ()
    return (
        PayoutAccepted(
            payout_id=payout.id,
            merchant_id=payout.merchant_id,
            channel=payout.channel,
            attempt=payout.asking.attempt,
            number=word.number,
            channel_payout_id=word.channel_payout_id,
            amount=payout.amount,
            accepted_at=word.accepted_at or at,
            evidence=word.evidence,
            next_at=later(at, POLL, 0, dice),
            at=at,
        ),
    )


def moved(payout: Payout, word: Word, at: datetime, dice: int) -> tuple[PayoutEvent, ...]:
    """What a word about the live number leads to."""
    match word.seen:
        case "processing":
            return still(payout, word, at, dice)
        case "awaiting_payee":
            return awaits(payout, word, at, dice)
        case "confirmed":
            return (confirmed(payout, word, at),)
        case "failed":
            failed = PayoutFailed(
                payout_id=payout.id,
                merchant_id=payout.merchant_id,
                route=payout.route,
                channel=payout.channel,
                number=word.number,
                amount=payout.amount,
                code=word.code,
                evidence=word.evidence,
                at=at,
            )
            again = word.code in TRY_AGAIN and payout.route == "channel_transfer"
            people = () if again else trouble(payout, "rejected", f"it failed: {word.code}", at)
            return (failed, *people)
        case "returned":
            return came_back(payout, word, at)
        case "not_found":
            return ()
        case _:
            assert_never(word.seen)


def confirmed(payout: Payout, word: Word, at: datetime) -> PayoutConfirmed:
    return PayoutConfirmed(
        payout_id=payout.id,
        merchant_id=payout.merchant_id,
        statement_id=payout.statement_id,
        route=payout.route,
        channel=payout.channel,
        number=word.number,
        channel_payout_id=word.channel_payout_id or payout.channel_payout_id,
        amount=payout.amount,
        fee=word.fee,
        confirmed_at=word.ended_at or at,
        evidence=word.evidence,
        at=at,
    )


def still(payout: Payout, word: Word, at: datetime, dice: int) -> tuple[PayoutEvent, ...]:
    """It is on its way. Worth noting when we asked, or when a call was open."""
    asking = payout.asking
    if not asking.accepted:
        return ()  # `taken_on` says so already
    open_call = asking.phase in (Phase.ATTEMPTING, Phase.IN_DOUBT)
    if word.evidence != "query" and not open_call:
        return ()
    next_at = later(at, POLL, asking.tries, dice)
    return (PayoutQueried(payout.id, word.number, word.seen, word.evidence, next_at, at),)


def awaits(payout: Payout, word: Word, at: datetime, dice: int) -> tuple[PayoutEvent, ...]:
    """The payee has to take it: said once, then only looked at, ever more rarely."""
    next_at = later(at, AWAITING, payout.asking.tries if payout.awaiting else 0, dice)
    if not payout.awaiting:
        return (
            PayoutAwaitingConfirmation(
                payout.id, word.number, word.package, word.evidence, next_at, at
            ),
        )
    if word.evidence != "query" and payout.asking.phase is Phase.IN_HAND:
        return ()
    return (PayoutQueried(payout.id, word.number, word.seen, word.evidence, next_at, at),)


def came_back(payout: Payout, word: Word, at: datetime) -> tuple[PayoutEvent, ...]:
    """The bank returned it: people find out what is wrong with the account."""
    back = PayoutReturned(
        payout_id=payout.id,
        merchant_id=payout.merchant_id,
        route=payout.route,
        channel=payout.channel,
        number=word.number,
        amount=payout.amount,
        was_confirmed=payout.ended.get(word.number) == "confirmed",
        code=word.code,
        returned_at=word.ended_at or at,
        evidence=word.evidence,
        at=at,
    )
    return (back, *trouble(payout, "returned", f"the bank sent it back: {word.code}", at))


def unseen(payout: Payout, word: Word, at: datetime, dice: int) -> tuple[PayoutEvent, ...]:
    """The channel does not know the number. One that it took on before contradicts itself after a while."""
    asking = payout.asking
    if asking.phase not in TO_ASK:
        return ()
    match attempts.unseen(asking, at):
        case "forgotten":
            return differ(payout, word, "taken on", "not_found", at)
        case "ask_again":
            return (PayoutRetried(payout.id, word.number, at, at),)
        case "look_again":
            next_at = later(at, DOUBT, asking.tries, dice)
            return (PayoutQueried(payout.id, word.number, "not_found", word.evidence, next_at, at),)


def differ(
    payout: Payout, word: Word, known: str, told: str, at: datetime
) -> tuple[PayoutEvent, ...]:
    """Two words that cannot both be true: both are kept, once, and people are called."""
    if f"{word.number} {told}" in payout.differing:
        return ()
    said = PayoutWitnessesDiffer(payout.id, word.number, known, told, word.evidence, at)
    detail = f"{word.number}: {known}, but the {word.evidence} says {told}"
    return (said, *trouble(payout, "witnesses_differ", detail, at))
