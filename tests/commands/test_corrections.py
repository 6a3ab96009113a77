"""Corrections of the books, asked for as finance does."""

from uuid import UUID

import pytest

from commands.approve_correction import ApproveCorrection
from commands.decline_correction import DeclineCorrection
from commands.propose_correction import ProposeCorrection
from domain.correction import CORRECTION
from domain.events.correction import Correction, CorrectionLine, LedgerCorrected
from domain.four_eyes import ProposalUnknown, SamePerson
from tests.in_memory import Cell

WRONG = Correction(
    UUID(int=0xE1),
    (CorrectionLine("4090", "coupon", 8_00, 0), CorrectionLine("5110", "m", 0, 8_00)),
)
WISH = ProposeCorrection((WRONG,), "补贴改冲减收入")


def test_two_people_put_an_entry_right() -> None:
    cell = Cell()
    wish = cell.ask(WISH, by="ann")
    approve = ApproveCorrection(wish.correction_id, wish.shown)
    with pytest.raises(SamePerson):
        cell.ask(approve, by="ann")
    assert cell.happened(LedgerCorrected) == []
    assert cell.ask(approve, by="bob").entries == 1
    (booked,) = cell.happened(LedgerCorrected)
    assert (booked.corrections, booked.proposed_by, booked.by) == ((WRONG,), "ann", "bob")


def test_what_was_declined_cannot_be_approved() -> None:
    cell = Cell()
    wish = cell.ask(WISH, by="ann")
    assert cell.ask(DeclineCorrection(wish.correction_id, "不同意"), by="bob").entries == 0
    with pytest.raises(ProposalUnknown):
        cell.ask(ApproveCorrection(wish.correction_id, wish.shown), by="bob")
    assert cell.state(CORRECTION, wish.correction_id).wish is None
    assert cell.happened(LedgerCorrected) == []
