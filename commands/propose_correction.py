"""Propose lines that put entries of the books right. Asked by: finance; another one approves."""

from typing import Annotated

from msgspec import Meta

from commands.correcting import record_correction
from commands.fields import Note
from commands.use_case import Command, Lane, Reply, Tx, UseCase
from domain import correction as rules
from domain.correction import CORRECTION
from domain.events.correction import Correction
from domain.ids import CorrectionId


class ProposeCorrection(Command, frozen=True):
    """Each correction names the entry that it puts right. Nothing is booked before another person approves."""

    corrections: Annotated[tuple[Correction, ...], Meta(min_length=1, max_length=200)]
    reason: Note


class ProposedCorrection(Reply, frozen=True):
    """`shown` is the digest that the approver has to repeat."""

    correction_id: CorrectionId
    shown: str


def handle(cmd: ProposeCorrection, tx: Tx) -> ProposedCorrection:
    correction_id = CorrectionId(tx.id("correction"))
    proposed = rules.propose(
        tx.create(CORRECTION, correction_id),
        correction_id=correction_id,
        corrections=cmd.corrections,
        reason=cmd.reason,
        by=tx.principal,
        at=tx.at,
    )
    record_correction(tx, correction_id, proposed)
    return ProposedCorrection(correction_id, proposed[0].shown)


USE_CASE = UseCase(
    "propose_correction",
    ProposeCorrection,
    ProposedCorrection,
    handle,
    scope="ledger:propose",
    lane=Lane.MONEY,
)
