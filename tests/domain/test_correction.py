"""Corrections: two people, lines that balance, and accounts that are put right elsewhere."""

from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.accounts import Code
from domain.correction import (
    CORRECTION,
    OUT_OF_REACH,
    AccountOutOfReach,
    CorrectionNotFound,
    CorrectionUnbalanced,
    EntryNamedTwice,
    approve,
    decline,
    propose,
)
from domain.events.correction import (
    Correction,
    CorrectionDeclined,
    CorrectionLine,
    CorrectionProposed,
    LedgerCorrected,
)
from domain.four_eyes import ProposalStale, ProposalUnknown, SamePerson
from domain.ids import CorrectionId, MerchantId
from domain.ledger import postings
from tests.builders import DAY, NOON
from tests.given import given_for

given = given_for(CORRECTION)
C = CorrectionId(UUID(int=0xC0))
M = MerchantId(UUID(int=0x3E))
ENTRY = UUID(int=0xE1)


def line(account: Code, debit: int, credit: int) -> CorrectionLine:
    return CorrectionLine(account, str(M), debit, credit)


RIGHT = Correction(ENTRY, (line("4090", 8_00, 0), line("5110", 0, 8_00)), merchant_id=M)
ASKED: dict[str, Any] = {
    "correction_id": C, "corrections": (RIGHT,), "reason": "补贴改冲减收入", "by": "ann", "at": NOON,
}  # fmt: skip


def proposed() -> CorrectionProposed:
    (event,) = propose(CORRECTION.empty(), **ASKED)
    return event


BOOKED = LedgerCorrected(C, (RIGHT,), "补贴改冲减收入", "ann", "bob", NOON + DAY)


def test_one_proposes_and_another_who_sees_the_same_approves() -> None:
    given().when(propose, **ASKED).then(proposed())
    given(proposed()).when(approve, shown=proposed().shown, by="bob", at=NOON + DAY).then(BOOKED)


def test_it_is_booked_as_an_entry_that_names_the_one_it_corrects_on_the_day_it_was_decided() -> (
    None
):
    (entry,) = postings(BOOKED)
    assert (entry.corrects, entry.rule, entry.merchant_id) == (ENTRY, "K1", M)
    assert entry.value_date.isoformat() == "2026-06-02"
    assert [(it.account, it.debit_fen, it.credit_fen) for it in entry.lines] == [
        ("4090", 8_00, 0),
        ("5110", 0, 8_00),
    ]


def test_nobody_approves_alone_or_something_else() -> None:
    shown = proposed().shown
    given(proposed()).when(approve, shown=shown, by="ann", at=NOON).rejected(SamePerson)
    given(proposed()).when(approve, shown="0" * 64, by="bob", at=NOON).rejected(ProposalStale)
    given().when(approve, shown=shown, by="bob", at=NOON).rejected(CorrectionNotFound)
    given(proposed(), BOOKED).when(approve, shown=shown, by="bob", at=NOON).rejected(
        ProposalUnknown
    )


def test_what_is_declined_is_never_booked() -> None:
    declined = CorrectionDeclined(C, "不同意", "bob", NOON)
    given(proposed()).when(decline, note="不同意", by="bob", at=NOON).then(declined)
    given(proposed(), declined).when(approve, shown=proposed().shown, by="bob", at=NOON).rejected(
        ProposalUnknown
    )


def test_what_is_shown_is_bound_to_every_line() -> None:
    other = replace(RIGHT, lines=(line("4090", 9_00, 0), line("5110", 0, 9_00)))
    (event,) = propose(CORRECTION.empty(), **{**ASKED, "corrections": (other,)})
    assert event.shown != proposed().shown


@pytest.mark.parametrize(
    "lines",
    [
        (line("4090", 8_00, 0), line("5110", 0, 7_99)),
        (line("4090", 8_00, 8_00), line("5110", 8_00, 8_00)),
        (line("4090", 0, 0), line("5110", 0, 0)),
    ],
)
def test_lines_that_do_not_balance_are_refused(lines: tuple[CorrectionLine, ...]) -> None:
    wrong = {**ASKED, "corrections": (replace(RIGHT, lines=lines),)}
    given().when(propose, **wrong).rejected(CorrectionUnbalanced)


@pytest.mark.parametrize("account", sorted(OUT_OF_REACH))
def test_what_bills_prove_and_merchants_are_paid_is_put_right_elsewhere(account: Code) -> None:
    lines = (line("4090", 8_00, 0), line(account, 0, 8_00))
    wrong = {**ASKED, "corrections": (replace(RIGHT, lines=lines),)}
    given().when(propose, **wrong).rejected(AccountOutOfReach, account=account)


def test_an_entry_is_corrected_once_in_a_proposal() -> None:
    given().when(propose, **{**ASKED, "corrections": (RIGHT, RIGHT)}).rejected(EntryNamedTwice)
