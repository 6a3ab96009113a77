"""Payouts by the bank: a file of those that wait, all or none, and an answer that is believed line by line."""

from typing import Any
from uuid import UUID

import pytest

from commands.advance_payout import AdvancePayout
from commands.approve_payout_resolution import ApprovePayoutResolution
from commands.decline_payout_resolution import DeclinePayoutResolution
from commands.escalate_payout import EscalatePayout
from commands.hear_bank import BankNumberTwice, BankNumberUnknown, BankWord, HearBank
from commands.propose_payout_resolution import ProposePayoutResolution
from commands.record_payout_rejection import RecordPayoutRejection
from commands.send_payouts_by_bank import SendPayoutsByBank
from domain.events.payout import PayoutConfirmed, PayoutReturned
from domain.ids import PayoutId
from domain.money import Money
from domain.payout import PAYOUT, PayoutNotFound, Status
from domain.payout_calls import NotForTheFile
from tests.builders import DAY, HOUR
from tests.in_memory import Cell
from tests.payouts import initiate


def word(cell: Cell, line: Any, result: Any = "confirmed", **more: Any) -> BankWord:
    return BankWord(line.number, result, line.amount_fen, cell.at, f"B{line.number[:6]}", **more)


def sent(count: int = 3) -> tuple[Cell, list[PayoutId], Any]:
    cell = Cell(paranoid=True)
    ids = [initiate(cell, n, "bank_file") for n in range(count)]
    return cell, ids, cell.ask(SendPayoutsByBank(tuple(ids)), by="cat")


def test_a_file_holds_each_payout_once_and_its_totals_add_up() -> None:
    cell, ids, batch = sent()
    assert [line.payout_id for line in batch.lines] == ids
    assert (batch.count, batch.total_fen) == (3, 3003)
    assert {cell.state(PAYOUT, id).status for id in ids} == {Status.ATTEMPTING}
    with pytest.raises(NotForTheFile):
        cell.ask(SendPayoutsByBank((ids[0],)))


def test_all_of_them_or_none() -> None:
    cell = Cell()
    by_bank, by_channel = initiate(cell, 1, "bank_file"), initiate(cell, 2, "channel_transfer")
    with pytest.raises(NotForTheFile):
        cell.ask(SendPayoutsByBank((by_bank, by_channel)))
    with pytest.raises(PayoutNotFound):
        cell.ask(SendPayoutsByBank((by_bank, PayoutId(UUID(int=9)))))
    assert cell.state(PAYOUT, by_bank).status is Status.WAITING


def test_the_answer_says_of_each_line_what_became_of_it_and_twice_is_once() -> None:
    cell, ids, batch = sent()
    paid, refused, under_way = batch.lines
    answer = HearBank(
        (
            word(cell, paid, fee_fen=100),
            word(cell, refused, "failed", code="NO_SUCH_ACCOUNT"),
            word(cell, under_way, "processing"),
        )
    )
    told = cell.ask(answer)
    assert (told.lines, told.new, told.troubled) == (3, 3, 1)
    assert [cell.state(PAYOUT, id).status for id in ids] == [
        Status.CONFIRMED,
        Status.FAILED,
        Status.IN_TRANSIT,
    ]
    (confirmed,) = cell.happened(PayoutConfirmed)
    assert (confirmed.amount, confirmed.fee) == (Money(1000), Money(100))
    assert cell.ask(answer).new == 0


def test_the_bank_may_send_back_what_it_had_paid() -> None:
    cell, ids, batch = sent(1)
    cell.ask(HearBank((word(cell, batch.lines[0]),)))
    cell.at += 2 * DAY
    cell.ask(HearBank((word(cell, batch.lines[0], "returned", code="ACCOUNT_CLOSED"),)))
    (returned,) = cell.happened(PayoutReturned)
    assert returned.was_confirmed
    state = cell.state(PAYOUT, ids[0])
    assert (state.status, state.trouble) == (Status.RETURNED, "returned")


def test_an_answer_with_a_strange_line_is_refused_as_a_whole() -> None:
    cell, _, batch = sent(2)
    good, other = (word(cell, line) for line in batch.lines)
    strange = BankWord("nonsense", "confirmed", 1, cell.at)
    before = len(cell.log)
    with pytest.raises(BankNumberUnknown):
        cell.ask(HearBank((good, strange)))
    with pytest.raises(BankNumberTwice):
        cell.ask(HearBank((good, other, good)))
    by_channel = initiate(cell, 7, "channel_transfer")
    foreign = BankWord(cell.state(PAYOUT, by_channel).asking.number, "confirmed", 1007, cell.at)
    with pytest.raises(BankNumberUnknown):
        cell.ask(HearBank((good, foreign)))
    assert len(cell.log) == before + 1  # the initiation


def test_two_people_send_a_refused_transfer_by_the_bank_and_it_arrives() -> None:
    cell = Cell(paranoid=True)
    id = initiate(cell, 1, "channel_transfer")
    worker = UUID(int=0xF1)
    step = cell.ask(AdvancePayout(id, worker))
    cell.ask(RecordPayoutRejection(id, step.attempt, worker, "NO_AUTH", "无权限"))
    cell.at += HOUR
    first = cell.ask(ProposePayoutResolution(id, "reissue", ""), by="cat")
    cell.ask(DeclinePayoutResolution(id, first.proposal_id, "by the bank, please"), by="dan")
    wish = ProposePayoutResolution(id, "reissue_by_bank", "", "sealed:6222-1")
    proposed = cell.ask(wish, by="cat")
    cell.ask(ApprovePayoutResolution(id, proposed.proposal_id, proposed.shown), by="dan")
    assert cell.ask(AdvancePayout(id, worker)).do == "wait"
    (line,) = cell.ask(SendPayoutsByBank((id,))).lines
    assert line.payee == "sealed:6222-1"
    assert line.number != step.number
    cell.ask(HearBank((word(cell, line),)))
    assert cell.state(PAYOUT, id).status is Status.CONFIRMED


def test_a_worker_that_crashes_over_a_payout_calls_people_until_it_is_paid() -> None:
    cell, ids, batch = sent(1)
    cell.ask(EscalatePayout(ids[0], "worker_crashed", "KeyError"))
    assert cell.state(PAYOUT, ids[0]).trouble == "worker_crashed"
    cell.ask(HearBank((word(cell, batch.lines[0]),)))
    assert cell.ask(EscalatePayout(ids[0], "worker_crashed", "KeyError")).trouble is None
