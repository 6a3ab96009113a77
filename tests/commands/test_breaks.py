"""A break ends by an entry that two people agreed on, by a rule, or by its other half; never by a remark."""

from typing import Any

import pytest

from commands.act_on_break import ActOnBreak
from commands.approve_break import ApproveBreak
from commands.assign_break import AssignBreak
from commands.close_break import CloseBreak, knows
from commands.decline_break import DeclineBreak
from commands.reopen_break import ReopenBreak
from domain.break_desk import ResolutionNamesNothing, ResolutionUnfit, TooEarlyToWriteOff
from domain.breaks import (
    BreakNotFound,
    BreakOver,
    CauseStands,
    MoreThanSuspended,
    NotClosedByMatch,
    SuspenseLeft,
)
from domain.events.recon import (
    BreakAssigned,
    BreakAutoResolved,
    BreakClosed,
    BreakOpened,
    BreakPosted,
    BreakReopened,
    LineBroken,
)
from domain.four_eyes import ProposalPending, ProposalStale, ProposalUnknown, SamePerson
from domain.ids import BreakId, ProposalId
from domain.ledger import postings
from domain.money import Money
from domain.refund import Refund, Status
from tests.builders import order
from tests.in_memory import Cell
from tests.recon_desk import D, Recon

SHOWN = "0" * 64


@pytest.fixture
def day() -> Recon:
    made = Recon(Cell(paranoid=True))
    made.begins()
    return made


def approves(day: Recon, proposed: Any, by: str = "bob", **more: Any) -> Any:
    fields = {"shown": proposed.shown} | more
    return day.cell.ask(ApproveBreak(proposed.break_id, proposed.proposal_id, **fields), by=by)


def suspense(day: Recon, id: BreakId) -> dict[str, int]:
    """What the books hold in suspense for it."""
    held: dict[str, int] = {}
    for one in day.cell.log:
        for entry in postings(one.event):
            for line in entry.lines:
                if line.sub_key == str(id) and line.account in ("1915", "2915"):
                    held[line.account] = (
                        held.get(line.account, 0) + line.debit_fen - line.credit_fen
                    )
    return {account: fen for account, fen in held.items() if fen}


def test_a_break_opens_once_and_its_line_has_its_place(day: Recon) -> None:
    broken = day.breaks()
    assert (broken.long_fen, broken.short_fen) == (69_58, 0)
    assert not day.breaks().changed
    assert len(day.cell.happened(BreakOpened)) == 1
    assert [it.line for it in day.cell.happened(LineBroken)] == [2]
    assert suspense(day, broken.break_id) == {"2915": -69_58}


def test_two_people_resolve_it_by_an_entry_and_nothing_is_left(day: Recon) -> None:
    broken = day.breaks()
    proposed = day.proposes(broken, "order_found", 69_58, order_id=order(7))
    done = approves(day, proposed)
    assert (done.long_fen, done.closed) == (0, "entry")
    assert suspense(day, broken.break_id) == {}
    with pytest.raises(BreakOver):
        day.proposes(broken, "order_found", 1, order_id=order(7))


def test_a_part_of_it_may_be_resolved_and_the_rest_stays_open(day: Recon) -> None:
    broken = day.breaks()
    part = approves(day, day.proposes(broken, "order_found", 60_00, order_id=order(7)))
    assert (part.long_fen, part.closed) == (9_58, "")
    with pytest.raises(MoreThanSuspended) as refusal:
        day.proposes(broken, "order_found", 9_59, order_id=order(7))
    assert refusal.value.facts == {"left_fen": 9_58}


def test_who_proposed_may_not_approve_and_only_what_was_shown_is_approved(day: Recon) -> None:
    proposed = day.proposes(day.breaks(), "order_found", 69_58, order_id=order(7))
    with pytest.raises(SamePerson):
        approves(day, proposed, by="ann")
    with pytest.raises(ProposalStale):
        approves(day, proposed, shown=SHOWN)
    with pytest.raises(ProposalPending):
        day.proposes(Recon.breaks(day), "order_found", 1, order_id=order(7))
    day.cell.ask(AssignBreak(proposed.break_id, "carl"), by="dan")
    with pytest.raises(ProposalStale):
        approves(day, proposed)
    day.cell.ask(DeclineBreak(proposed.break_id, proposed.proposal_id, "no"), by="bob")
    with pytest.raises(ProposalUnknown):
        approves(day, proposed)


def test_an_entry_needs_what_it_rests_on_and_must_fit(day: Recon) -> None:
    broken = day.breaks()
    cases: tuple[tuple[str, dict[str, Any]], ...] = (
        ("order_found", {}),
        ("refund_owed", {}),
        ("order_found", {"order_id": order(7), "evidence": ""}),
    )
    for resolution, more in cases:
        with pytest.raises(ResolutionNamesNothing):
            day.proposes(broken, resolution, 1, **more)
    for resolution in ("order_unwound", "fee", "paired", "matched_bill"):
        with pytest.raises(ResolutionUnfit):
            day.proposes(broken, resolution, 1, order_id=order(7))


def test_nothing_is_written_off_that_may_still_turn_up(day: Recon) -> None:
    broken = day.breaks()
    day.cell.wait(minutes=7 * 24 * 60 - 1)
    with pytest.raises(TooEarlyToWriteOff):
        day.proposes(broken, "written_off", 69_58)
    day.cell.wait(minutes=1)
    approves(day, day.proposes(broken, "written_off", 69_58))
    (entry,) = postings(day.cell.happened(BreakPosted)[0])
    assert [(line.account, line.debit_fen - line.credit_fen) for line in entry.lines] == [
        ("2915", 69_58), ("4910", -69_58),
    ]  # fmt: skip


def test_money_of_another_merchant_is_paired_by_people_only(day: Recon) -> None:
    broken = day.breaks("MERCHANT_DIFF", unbilled_fen=69_58)
    assert (broken.long_fen, broken.short_fen) == (69_58, 69_58)
    done = approves(day, day.proposes(broken, "paired", 69_58))
    assert (done.long_fen, done.short_fen, done.closed) == (0, 0, "entry")
    assert suspense(day, broken.break_id) == {}


def test_a_small_fee_is_booked_at_once_by_its_rule(day: Recon) -> None:
    broken = day.breaks("FEE_DIFF", through_fen=69_57, unbooked_fen=0, unbilled_fen=1, rule="FEE_ROUNDING")  # fmt: skip
    assert broken.closed == "entry"
    (ruled,) = day.cell.happened(BreakAutoResolved)
    assert (ruled.rule, ruled.version) == ("FEE_ROUNDING", 1)
    assert suspense(day, broken.break_id) == {}


def test_its_other_half_closes_it_exactly_once(day: Recon) -> None:
    broken = day.breaks()
    assert day.settles(broken).closed == "match"
    assert day.settles(broken).closed == "match"
    (posted,) = day.cell.happened(BreakPosted)
    assert (posted.resolution, posted.amount, posted.booked) == ("matched_ledger", Money(69_58), D)
    assert [it.code for it in day.cell.happened(LineBroken)] == ["CHANNEL_ONLY_PAY", "MATCHED"]
    assert suspense(day, broken.break_id) == {}


def test_another_sum_is_not_its_other_half(day: Recon) -> None:
    with pytest.raises(MoreThanSuspended):
        day.settles(day.breaks(), amount_fen=69_59)


def test_a_match_that_was_wrong_is_taken_back_and_an_entry_is_not(day: Recon) -> None:
    broken = day.breaks()
    with pytest.raises(NotClosedByMatch):
        day.cell.ask(ReopenBreak(broken.break_id, "too early"))
    day.settles(broken)
    back = day.cell.ask(ReopenBreak(broken.break_id, "another order"))
    assert (back.long_fen, back.closed) == (69_58, "")
    assert suspense(day, broken.break_id) == {"2915": -69_58}
    assert len(day.cell.happened(BreakReopened)) == 1
    approves(day, day.proposes(broken, "order_found", 69_58, order_id=order(7)))
    with pytest.raises(NotClosedByMatch):
        day.cell.ask(ReopenBreak(broken.break_id, "no"))


def test_a_remark_closes_nothing(day: Recon) -> None:
    broken = day.breaks()
    with pytest.raises(SuspenseLeft):
        day.cell.ask(CloseBreak(broken.break_id, "handled"))
    assert day.cell.happened(BreakClosed) == []


def test_a_gap_closes_once_a_whole_bill_is_there() -> None:
    day = Recon(Cell(paranoid=True))
    gap = day.finds_a_gap()
    with pytest.raises(CauseStands):
        day.cell.ask(CloseBreak(gap.break_id, "bill again"))
    day.begins()
    assert day.cell.ask(CloseBreak(gap.break_id, "bill again")).closed == "match"


@pytest.mark.parametrize(
    ("status", "number", "heard"),
    [
        (Status.PROCESSING, "A", False),
        (Status.SUCCEEDED, "A", False),  # the bill says that it did not: for people
        (Status.SUCCEEDED, "B", True),  # under another number, since this one ended
        (Status.CLOSED, "A", True),
        (Status.ABNORMAL, "A", True),
    ],
)
def test_a_refund_knows_of_a_dead_number_once_it_has_ended_or_been_replaced(
    status: Status, number: str, heard: bool
) -> None:
    assert knows(Refund(status=status, number=number), "A") is heard


def test_a_rule_acts_once_and_somebody_looks_after_it(day: Recon) -> None:
    broken = day.breaks()
    for _ in range(2):
        day.cell.ask(ActOnBreak(broken.break_id, "ASK_AND_CAPTURE", "paid"))
        day.cell.ask(AssignBreak(broken.break_id, "carl"), by="dan")
    assert len(day.cell.happened(BreakAutoResolved)) == 1
    assert [it.owner for it in day.cell.happened(BreakAssigned)] == ["carl"]


def test_what_does_not_exist_is_said_so() -> None:
    cell, nowhere = Cell(), BreakId(order(99))
    for command in (
        AssignBreak(nowhere, "carl"),
        DeclineBreak(nowhere, ProposalId(order(1)), ""),
        CloseBreak(nowhere, "x"),
    ):
        with pytest.raises(BreakNotFound):
            cell.ask(command)
