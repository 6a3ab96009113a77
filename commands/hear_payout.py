"""Hear the channel's word about a payout. Asked by: the payout worker, reconciliation."""

from typing import Annotated, Literal

from msgspec import Meta

from commands.fields import Fen, Instant, Name, Note
from commands.paying_out import (
    PayoutState,
    known_payout,
    payout_dice,
    record_payout,
    the_payout,
)
from commands.use_case import Command, Lane, Tx, UseCase
from domain import payout_words as words
from domain.events.payout import PayoutSeen
from domain.ids import PayoutId
from domain.money import Money
from domain.payout_words import Word


class HearPayout(Command, frozen=True):
    """What the channel says of one of our numbers, in whatever order its words come. Repeat it freely."""

    payout_id: PayoutId
    number: Name
    seen: PayoutSeen
    evidence: Literal["reply", "query", "bill"]
    channel_payout_id: Note = ""
    amount_fen: Fen | None = None
    fee_fen: Annotated[int, Meta(ge=0, le=10**9)] = 0
    code: Note = ""
    package: Annotated[str, Meta(max_length=2048)] = ""
    accepted_at: Instant | None = None
    ended_at: Instant | None = None


def handle(cmd: HearPayout, tx: Tx) -> PayoutState:
    word = Word(
        number=cmd.number,
        seen=cmd.seen,
        evidence=cmd.evidence,
        channel_payout_id=cmd.channel_payout_id,
        amount=None if cmd.amount_fen is None else Money(cmd.amount_fen),
        fee=Money(cmd.fee_fen),
        code=cmd.code,
        package=cmd.package,
        accepted_at=cmd.accepted_at,
        ended_at=cmd.ended_at,
    )
    payout = known_payout(tx, cmd.payout_id)
    return record_payout(tx, payout, words.hear(payout, word, at=tx.at, dice=payout_dice(tx)))


USE_CASE = UseCase(
    "hear_payout",
    HearPayout,
    PayoutState,
    handle,
    scope="payment:record",
    streams=lambda cmd, tx: the_payout(cmd.payout_id),
    lane=Lane.MONEY,
)
