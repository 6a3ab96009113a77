"""Hear the bank's answer to a file of payouts. Asked by: finance, who read the answer in."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from commands.fields import Fen, Instant, Name, Note
from commands.paying_out import known_payout, payout_dice, record_payout
from commands.use_case import Command, Lane, Reply, Stream, Tx, UseCase
from domain import payout_words as words
from domain.errors import Rejected
from domain.ids import PayoutId
from domain.money import Money
from domain.payout import PAYOUT, Payout
from domain.payout_rules import payout_of
from domain.payout_words import Word

LINES_MAX = 200


class BankNumberUnknown(Rejected, code="bank_number_unknown", zh="银行回单含有未知的打款单号"):
    """A line names a number that never went into a file of ours: the whole answer is refused."""


class BankNumberTwice(Rejected, code="bank_number_twice", zh="银行回单中同一打款单号出现多次"):
    """A line repeats a number: the whole answer is refused."""


class BankWord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the bank says of one line: taken on, paid, not carried out, or sent back after it was paid."""

    number: Name
    result: Literal["processing", "confirmed", "failed", "returned"]
    amount_fen: Fen
    at: Instant
    reference: Note = ""  # of the bank
    fee_fen: Annotated[int, Meta(ge=0, le=10**9)] = 0
    code: Note = ""  # why not, in the bank's words


class HearBank(Command, frozen=True):
    """The lines of one answer, all or none. Reading the same answer in again changes nothing."""

    lines: Annotated[tuple[BankWord, ...], Meta(min_length=1, max_length=LINES_MAX)]


class BankHeard(Reply, frozen=True):
    """How many lines said something new, and how many payouts need people now."""

    lines: int
    new: int
    troubled: int


def handle(cmd: HearBank, tx: Tx) -> BankHeard:
    if len({line.number for line in cmd.lines}) < len(cmd.lines):
        raise BankNumberTwice
    new = troubled = 0
    for line in cmd.lines:
        payout = named(tx, line)
        events = words.hear(payout, word_of(line), at=tx.at, dice=payout_dice(tx))
        state = record_payout(tx, payout, events)
        new += bool(events)
        troubled += state.trouble is not None
    return BankHeard(len(cmd.lines), new, troubled)


def named(tx: Tx, line: BankWord) -> Payout:
    """The payout of a line, which the bank must have been asked for. Raises: BankNumberUnknown, PayoutNotFound."""
    payout = known_payout(tx, id_of(line))
    if line.number not in (payout.asking.number, *payout.ended) or payout.route != "bank_file":
        raise BankNumberUnknown(number=line.number)
    return payout


def id_of(line: BankWord) -> PayoutId:
    try:
        return payout_of(line.number)
    except ValueError:
        raise BankNumberUnknown(number=line.number) from None


def all_named(cmd: HearBank) -> Iterator[Stream]:
    """Every payout that is named by a number of ours; what else is named is refused once it is decided."""
    for line in cmd.lines:
        with suppress(BankNumberUnknown):
            yield Stream(PAYOUT, id_of(line))


def word_of(line: BankWord) -> Word:
    return Word(
        number=line.number,
        seen=line.result,
        evidence="bank_file",
        channel_payout_id=line.reference,
        amount=Money(line.amount_fen),
        fee=Money(line.fee_fen),
        code=line.code,
        accepted_at=line.at,
        ended_at=line.at,
    )


USE_CASE = UseCase(
    "hear_bank",
    HearBank,
    BankHeard,
    handle,
    scope="payout:send",
    streams=lambda cmd, tx: all_named(cmd),
    lane=Lane.MONEY,
)
