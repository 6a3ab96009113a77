"""A bill date closes when every line has its place and the books hold what the channel says; and never otherwise."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from commands.billing import BillOf, FileOf
from commands.reconciling import Said
from commands.record_bill import RecordBill
from commands.record_late_fact import RecordLateFact
from commands.restate_bill_day import Differing
from domain.bill import bill_id
from domain.bill_day import (
    BalanceDiffers,
    BillDayUnknown,
    BillRestatedMidway,
    BillRestatedSince,
    ClearingDiffers,
    DateStillOpen,
    DayIsClosed,
    EarlierDateOpen,
    LedgerNotReady,
    LineDisposed,
    LinesMissing,
)
from domain.bill_lines import TradeSums
from domain.events.recon import (
    BreakOpened,
    DayClosed,
    LateFact,
    LineBroken,
    LinesMatched,
    LinesPending,
)
from domain.money import Money
from tests.in_memory import Cell
from tests.recon_desk import DAY, D, Recon


def acts(*what: Callable[[], Any]) -> tuple[Callable[[], Any], ...]:
    return what


@pytest.fixture
def cell() -> Cell:
    return Cell(paranoid=True)


@pytest.fixture
def day(cell: Cell) -> Recon:
    return Recon(cell)


def test_a_date_whose_lines_all_match_closes_with_its_totals_and_a_root(day: Recon) -> None:
    day.begins()
    day.matches(1, 2)
    assert day.closes().closed
    (closed,) = day.cell.happened(DayClosed)
    assert (closed.pays, closed.fees, closed.balance) == (Money(140_00), Money(84), Money(139_16))
    assert [(it.code, it.lines) for it in closed.counts] == [("MATCHED", 2)]
    assert (closed.pending, closed.open_breaks, closed.agreed) == (0, 0, 4)
    assert len(closed.root) == 64
    assert not day.closes().changed


def test_a_run_that_died_is_run_again_without_harm(day: Recon) -> None:
    day.begins()
    day.matches(1, chunk=1)
    assert not day.begins().changed
    assert not day.matches(1, chunk=1).changed
    day.matches(2, chunk=2)
    day.waits(9)
    assert not day.waits(9).changed
    day.moves(4, -5_00)
    assert not day.moves(4, -5_00).changed
    assert len(day.cell.happened(LinesMatched)) == 2


def test_the_root_does_not_hang_on_the_order_of_the_chunks() -> None:
    roots = set()
    for chunks in ((1, 2), (2, 1)):
        day = Recon(Cell())
        day.begins()
        at = day.cell.at
        for n in chunks:
            day.cell.at = at
            day.matches(n, chunk=n)
        day.closes()
        (closed,) = day.cell.happened(DayClosed)
        roots.add(closed.root)
    assert len(roots) == 1


def test_a_line_has_one_place(day: Recon) -> None:
    day.begins()
    day.matches(1)
    with pytest.raises(LineDisposed) as refusal:
        day.matches(1, chunk=9)
    assert refusal.value.facts == {"line": 1}
    with pytest.raises(LineDisposed):
        day.breaks(line=1)


def test_a_line_without_a_place_keeps_it_open(day: Recon) -> None:
    day.begins()
    day.matches(1)
    with pytest.raises(LinesMissing) as refusal:
        day.closes(agreed=3)
    assert refusal.value.facts == {"trade": 1, "fund": 1}
    assert day.cell.happened(DayClosed) == []


def test_a_ledger_that_is_behind_or_parked_keeps_it_open(day: Recon) -> None:
    day.begins()
    day.matches(1, 2)
    with pytest.raises(LedgerNotReady):
        day.closes(ledger_ready=False)
    assert day.cell.happened(DayClosed) == []


def test_a_fen_that_nobody_explains_keeps_it_open(day: Recon) -> None:
    day.begins()
    day.matches(1, 2)
    with pytest.raises(ClearingDiffers):
        day.closes(clearing_fen=1)
    with pytest.raises(BalanceDiffers) as refusal:
        day.closes(balance=139_17)
    assert refusal.value.facts == {"expected_fen": 139_16, "found_fen": 139_17}


def test_what_waits_is_what_clearing_still_holds_and_the_balance_lacks(day: Recon) -> None:
    day.begins(trade=1)
    day.matches(1)
    day.waits(2)
    day.waits(3, "fund", net_fen=69_58, number="")
    with pytest.raises(ClearingDiffers):
        day.closes(balance=69_58)
    day.closes(balance=69_58, clearing_fen=69_58)
    (closed,) = day.cell.happened(DayClosed)
    assert (closed.pending, closed.pending_ours, closed.pending_theirs) == (2, Money(69_58), Money(69_58))  # fmt: skip


def test_a_row_that_waited_and_became_a_break_waits_no_longer(day: Recon) -> None:
    day.begins(trade=1)
    day.matches(1)
    day.waits(2)
    day.breaks("LEDGER_ONLY_PAY", None, about="ledger o2", waited="ledger pay o2", side="ledger", unbooked_fen=0, unbilled_fen=69_58)  # fmt: skip
    day.closes(open_breaks=1)
    (closed,) = day.cell.happened(DayClosed)
    assert (closed.pending, closed.open_breaks) == (0, 1)


def test_dates_close_in_their_order(cell: Cell) -> None:
    first, second = Recon(cell), Recon(cell, D + timedelta(days=1))
    for day in (first, second):
        day.begins(trade=0, fund=0, closing_fen=0)
    with pytest.raises(EarlierDateOpen):
        second.closes(balance=0, agreed=0)
    first.closes(balance=0, agreed=0)
    assert second.closes(balance=0, agreed=0).closed


def test_a_closed_date_does_not_change(day: Recon) -> None:
    day.begins(trade=1)
    day.matches(1)
    day.closes()
    for act in acts(
        lambda: day.matches(2, chunk=2),
        lambda: day.waits(3),
        lambda: day.breaks(),
        lambda: day.begins(trade_sha256="c" * 64),
    ):
        with pytest.raises(DayIsClosed):
            act()


def test_nothing_happens_to_a_date_that_has_not_begun(day: Recon) -> None:
    for act in acts(lambda: day.matches(1), lambda: day.waits(1), day.closes):
        with pytest.raises(BillDayUnknown):
            act()


def test_a_late_fact_counts_to_the_next_open_date_and_only_once(day: Recon) -> None:
    late = RecordLateFact(**DAY, booked=D + timedelta(days=3), kind="pay", number="o9", channel_number="t9", net_fen=69_58, position=70)  # fmt: skip
    day.begins(trade=0)
    with pytest.raises(DateStillOpen):
        day.cell.ask(late)
    day.closes()
    assert day.cell.ask(late).changed
    assert not day.cell.ask(late).changed
    (fact,) = day.cell.happened(LateFact)
    assert (fact.bill_date, fact.booked, fact.net) == (D, D + timedelta(days=3), Money(69_58))


def test_a_bill_that_is_restated_midway_is_compared_with_the_one_before(day: Recon) -> None:
    day.begins()
    assert day.begins(trade_sha256="c" * 64).changed
    day.matches(1)
    with pytest.raises(BillRestatedMidway) as refusal:
        day.begins(trade_sha256="d" * 64)
    assert refusal.value.facts == {"trade_sha256": "c" * 64, "fund_sha256": "b" * 64}
    with pytest.raises(BillRestatedMidway):
        day.goes_on("a" * 64, "d" * 64)
    with pytest.raises(BillRestatedMidway):
        day.goes_on("c" * 64, "d" * 64, opening_fen=1)
    assert day.goes_on("c" * 64, "d" * 64).changed
    assert not day.goes_on("c" * 64, "d" * 64).changed
    day.matches(2, chunk=2)
    assert day.closes().closed


def test_a_line_that_is_gone_from_it_has_no_place_any_more(day: Recon) -> None:
    day.begins()
    day.matches(1, 2)
    gone = Differing(2, ("LEDGER_ONLY_PAY",), "pay", "o2", "t2", Said(70_00, 42, "SUCCESS", "CNY", "", None), None, -69_58)  # fmt: skip
    day.goes_on("a" * 64, "d" * 64, trade_lines=1, fund_lines=2, closing_fen=69_58, differs=(gone,))
    (opened,) = day.cell.happened(BreakOpened)
    assert (opened.short, opened.unbooked, opened.line) == (Money(69_58), Money(-69_58), None)
    assert day.closes(balance=69_58, agreed=2, open_breaks=1).closed


def test_only_an_open_date_that_has_begun_is_restated(day: Recon) -> None:
    with pytest.raises(BillDayUnknown):
        day.goes_on("a" * 64, "d" * 64)
    day.begins()
    day.matches(1, 2)
    day.closes()
    with pytest.raises(DayIsClosed):
        day.goes_on("a" * 64, "d" * 64)


def test_a_date_does_not_close_over_another_file_than_was_matched(day: Recon) -> None:
    bill = BillOf("wechatpay", "1900000001", "trade", D, "")
    file = FileOf("e" * 64, "", 10)
    day.cell.ask(RecordBill(bill, file, 2, 0, TradeSums(2, 0, 0, 0, 0)))
    trade = bill_id("acme", bill.key())
    day.begins(trade=0, fund=4, trade_bill=trade)
    with pytest.raises(BillRestatedSince):
        day.closes()
    same = Recon(day.cell)
    same.begins(trade=0, trade_bill=trade, trade_sha256="e" * 64)
    assert same.closes().closed


def test_a_gap_is_a_break_of_a_date_that_has_not_begun(day: Recon) -> None:
    day.finds_a_gap()
    assert [it.code for it in day.cell.happened(LineBroken)] == ["BALANCE_GAP"]
    assert day.cell.happened(LinesPending) == []
