"""Hear the channel's word about a split, a return or an unfreezing. Asked by: the split worker."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from commands.fields import Instant, Name, Note
from commands.splitting import SplitState, known_split, record_split, split_dice, the_split
from commands.use_case import Command, Lane, Tx, UseCase
from domain import split_words as words
from domain.ids import SplitId
from domain.money import Money
from domain.split_words import Detail, Result, Word


class Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of one part."""

    account: Note
    result: Result
    amount_fen: Annotated[int, Meta(ge=0, le=10**11)]
    reason: Note = ""
    detail_id: Note = ""
    at: Instant | None = None


class HearSplit(Command, frozen=True):
    """What the channel says of one of our numbers, in whatever order its words come. Repeat it freely."""

    split_id: SplitId
    number: Name
    evidence: Literal["reply", "query"]
    known: bool
    channel_order_id: Note = ""
    details: Annotated[tuple[Told, ...], Meta(max_length=51)] = ()


def handle(cmd: HearSplit, tx: Tx) -> SplitState:
    details = tuple(
        Detail(one.account, one.result, Money(one.amount_fen), one.reason, one.detail_id, one.at)
        for one in cmd.details
    )
    word = Word(cmd.number, cmd.evidence, cmd.known, cmd.channel_order_id, details)
    split = known_split(tx, cmd.split_id)
    heard = words.hear(split, word, at=tx.at, dice=split_dice(tx))
    return record_split(tx, split.id, split, heard)


USE_CASE = UseCase(
    "hear_split",
    HearSplit,
    SplitState,
    handle,
    scope="payment:record",
    streams=lambda cmd, tx: the_split(cmd.split_id),
    lane=Lane.MONEY,
)
