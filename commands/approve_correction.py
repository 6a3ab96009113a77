"""Approve lines that another person wants booked. Asked by: finance."""

from commands.correcting import ClosedCorrection, record_correction
from commands.fields import Digest
from commands.use_case import Command, Lane, Stream, Tx, UseCase
from domain import correction as rules
from domain.correction import CORRECTION
from domain.ids import CorrectionId


class ApproveCorrection(Command, frozen=True):
    """`shown` is the digest of what you were shown: if it is another, nothing happens."""

    correction_id: CorrectionId
    shown: Digest


def handle(cmd: ApproveCorrection, tx: Tx) -> ClosedCorrection:
    state = tx.read(CORRECTION, cmd.correction_id)
    approved = rules.approve(state, shown=cmd.shown, by=tx.principal, at=tx.at)
    record_correction(tx, cmd.correction_id, approved)
    return ClosedCorrection(cmd.correction_id, len(approved[0].corrections))


USE_CASE = UseCase(
    "approve_correction",
    ApproveCorrection,
    ClosedCorrection,
    handle,
    scope="ledger:approve",
    streams=lambda cmd, tx: (Stream(CORRECTION, cmd.correction_id),),
    lane=Lane.MONEY,
)
