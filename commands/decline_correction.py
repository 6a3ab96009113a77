"""Decline lines that somebody wants booked. Asked by: finance."""

from commands.correcting import ClosedCorrection, record_correction
from commands.fields import Note
from commands.use_case import Command, Lane, Stream, Tx, UseCase
from domain import correction as rules
from domain.correction import CORRECTION
from domain.ids import CorrectionId


class DeclineCorrection(Command, frozen=True):
    """The books stay as they are."""

    correction_id: CorrectionId
    note: Note


def handle(cmd: DeclineCorrection, tx: Tx) -> ClosedCorrection:
    state = tx.read(CORRECTION, cmd.correction_id)
    declined = rules.decline(state, note=cmd.note, by=tx.principal, at=tx.at)
    record_correction(tx, cmd.correction_id, declined)
    return ClosedCorrection(cmd.correction_id, 0)


USE_CASE = UseCase(
    "decline_correction",
    DeclineCorrection,
    ClosedCorrection,
    handle,
    scope="ledger:approve",
    streams=lambda cmd, tx: (Stream(CORRECTION, cmd.correction_id),),
    lane=Lane.MONEY,
)
