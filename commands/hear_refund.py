"""Hear the channel's word about a refund. Asked by: the refund worker, the channel's own notifications."""

from commands.fields import Fen, Instant, Note
from commands.refunding import RefundState, dice, known_refund, record_refund, whole_refund
from commands.use_case import Command, Lane, Tx, UseCase
from domain import refund_words as words
from domain.events.refund import Evidence, Seen
from domain.ids import RefundId
from domain.money import Money
from domain.refund_words import Word


class HearRefund(Command, frozen=True):
    """What the channel says of one of our numbers, in whatever order its words come. Repeat it freely."""

    refund_id: RefundId
    number: Note
    seen: Seen
    evidence: Evidence
    channel_refund_id: Note = ""
    amount_fen: Fen | None = None
    received_by: Note = ""
    accepted_at: Instant | None = None  # when the channel took it on
    succeeded_at: Instant | None = None


def handle(cmd: HearRefund, tx: Tx) -> RefundState:
    word = Word(
        number=cmd.number,
        seen=cmd.seen,
        evidence=cmd.evidence,
        channel_refund_id=cmd.channel_refund_id,
        amount=None if cmd.amount_fen is None else Money(cmd.amount_fen),
        received_by=cmd.received_by,
        accepted_at=cmd.accepted_at,
        succeeded_at=cmd.succeeded_at,
    )
    refund = known_refund(tx, cmd.refund_id)
    return record_refund(tx, refund, words.hear(refund, word, at=tx.at, dice=dice(tx)))


USE_CASE = UseCase(
    "hear_refund",
    HearRefund,
    RefundState,
    handle,
    scope="payment:record",
    streams=lambda cmd, tx: whole_refund(tx, cmd.refund_id),
    lane=Lane.MONEY,
)
