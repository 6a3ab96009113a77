"""Every invariant holds on an honest day, and each fault breaks the one that is there for it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.events.group import GroupFailed, GroupSucceeded, SeatHeld
from domain.events.order import (
    OrderClosed,
    OrderReadied,
    OrderRefunded,
    QuotaReturned,
    QuotaTaken,
    RefundOwed,
)
from domain.events.payment import PaymentCaptured
from domain.events.refund import RefundAttemptStarted, RefundRequested, RefundSucceeded
from domain.events.stock import HoldReleased, StockCommitted, StockHeld
from domain.money import Money
from infra.simulator.world import invariants, repaid
from infra.simulator.world.invariants import CommandRow, Finding, Purchase, Waiting
from infra.simulator.world.seen import Ack, Receipt
from infra.simulator.world.story import Story
from tests.builders import HOUR, ann, bob, cat, dan, eve
from tests.in_memory import Cell
from tests.shop import Shop

Change = Callable[[Any], list[Any]]
QUIET = Waiting(0, 0, 0, 0, 0, 0, 0)


@pytest.fixture(scope="module")
def day() -> Cell:
    """One group succeeds, one fails with a member paid, one order is never paid, one is paid alone."""
    cell = Cell()
    shop = Shop(cell, stock=100, seats=2)
    full = shop.opens_and_pays(ann)
    shop.joins_and_pays(bob, full.group_id)
    shop.opens_and_pays(cat)
    shop.pays(shop.buys_alone(dan).order_id)
    shop.opens(eve)
    cell.wait(minutes=26 * 60)
    shop.follows_up()
    shop.repays()
    shop.ends()
    return cell


def told(cell: Cell, change: Change = lambda event: [event]) -> Story:
    """The story of that day, with every event replaced by what `change` makes of it."""
    story = Story(cell.at)
    changed = [each for one in cell.log for each in change(one.event)]
    for position, event in enumerate(changed, start=1):
        story.take(position, event)
    return story


def findings(story: Story) -> list[Finding]:
    every = (*invariants.FROM_STORY, *repaid.FROM_STORY)
    checks = [check(story) for check in every]
    return [*checks, invariants.all_is_settled(story, QUIET)]


def broken(story: Story) -> set[str]:
    return {one.number for one in findings(story) if not one.holds}


def without(kind: type[Any]) -> Change:
    return lambda event: [] if isinstance(event, kind) else [event]


def twice(kind: type[Any]) -> Change:
    return lambda event: [event, event] if isinstance(event, kind) else [event]


def test_an_honest_day_is_clean(day: Cell) -> None:
    story = told(day)
    assert [one for one in findings(story) if not one.holds] == []
    assert {group.status for group in story.groups.values()} == {"SUCCEEDED", "FAILED", "VOID"}
    assert all(one.checked for one in findings(story))


@pytest.mark.parametrize(
    ("fault", "number"),
    [
        (without(RefundOwed), "I7"),
        (twice(RefundOwed), "I7"),
        (twice(PaymentCaptured), "I7"),
        (without(OrderReadied), "I10"),
        (without(OrderRefunded), "I10 debts"),
        (without(RefundRequested), "I10 debts"),
        (twice(RefundAttemptStarted), "I10 debts"),
        (twice(RefundSucceeded), "I10 debts"),
        (without(RefundSucceeded), "I16 refunds"),
        (twice(GroupSucceeded), "I10"),
        (without(GroupFailed), "I16"),
        (without(OrderClosed), "I16"),
        (twice(StockHeld), "stock"),
        (twice(HoldReleased), "stock"),
        (without(HoldReleased), "stock"),
        (twice(StockCommitted), "stock"),
        (without(QuotaReturned), "quota"),
    ],
)
def test_a_fault_is_found(day: Cell, fault: Change, number: str) -> None:
    assert number in broken(told(day, fault))


def test_a_seat_too_many_is_found(day: Cell) -> None:
    def squeeze(event: Any) -> list[Any]:
        if not isinstance(event, SeatHeld):
            return [event]
        return [event, SeatHeld(event.group_id, event.group_id, eve, 1, event.at)]  # type: ignore[arg-type]

    assert "I10" in broken(told(day, squeeze))


def test_a_limit_that_is_passed_is_found(day: Cell) -> None:
    def more(event: Any) -> list[Any]:
        if isinstance(event, QuotaTaken):
            return [QuotaTaken(event.campaign_id, event.user_id, event.order_id, 99, event.at)]
        return [event]

    assert "quota" in broken(told(day, more))


def test_what_is_not_due_yet_may_wait(day: Cell) -> None:
    story = told(day, without(GroupFailed))
    opened_at = min(order.placed.at for order in story.orders.values())
    story.now = opened_at + HOUR / 60
    assert invariants.all_is_settled(story, QUIET).holds


def test_what_still_waits_is_named(day: Cell) -> None:
    finding = invariants.all_is_settled(told(day), QUIET._replace(parked=3))
    assert finding.broken == ("parked: 3",)


# --- the channel's own books -------------------------------------------------------------------


def books(story: Story) -> list[Purchase]:
    return [
        Purchase(payment.out_trade_no, transaction, fen)
        for payment in story.payments.values()
        for transaction, fen in payment.captured.items()
    ]


def test_the_channel_agrees(day: Cell) -> None:
    story = told(day)
    receipts = [Receipt(one.out_trade_no, one.transaction_id) for one in books(story)]
    assert invariants.channel_agrees(story, books(story), books(story), receipts).holds


@pytest.mark.parametrize("lose", ["ours", "theirs", "a fen", "the receipt"])
def test_money_that_one_side_does_not_know_is_found(day: Cell, lose: str) -> None:
    def less(event: Any) -> list[Any]:
        if not isinstance(event, PaymentCaptured) or lose not in ("ours", "a fen"):
            return [event]
        short = Money(event.amount.fen - 1)
        changed = PaymentCaptured(
            event.payment_id,
            event.order_id,
            event.channel,
            event.transaction_id,
            short,
            event.paid_at,
            event.at,
        )
        return [changed] if lose == "a fen" else []

    theirs = books(told(day))
    if lose in ("theirs", "the receipt"):
        receipts = [Receipt(theirs[0].out_trade_no, theirs[0].transaction_id)]
        theirs = theirs[1:]
    else:
        receipts = []
    assert not invariants.channel_agrees(told(day, less), theirs, theirs, receipts).holds


# --- what clients were told --------------------------------------------------------------------

ROW = CommandRow(UUID(int=1), "demo", "ann", "join_group", "k1", "accepted", b"{}", 7)
ACK = Ack(UUID(int=1), "join_group", "ann", "k1", "accepted", b"{}", 7)


def judged(ack: Ack, *rows: CommandRow) -> set[str]:
    return {one.number for one in invariants.acknowledged([ack], rows) if not one.holds}


def test_what_was_told_is_what_is_recorded() -> None:
    assert judged(ACK, ROW) == set()


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        ((), "I1"),
        ((ROW, ROW), "I1"),
        ((ROW._replace(reply=b"[]"),), "I1"),
        ((ROW._replace(outcome="stock_short"),), "I1"),
        ((ROW._replace(principal="bob"),), "I1"),
        ((ROW._replace(last_position=8),), "I1"),
        ((ROW, ROW._replace(command_id=UUID(int=2))), "I17"),
    ],
)
def test_a_lie_is_found(rows: tuple[CommandRow, ...], number: str) -> None:
    assert number in judged(ACK, *rows)


def test_time_spans_of_the_run_cover_every_deadline() -> None:
    from infra.simulator.world.goods import HOURS
    from infra.simulator.world.run import SPANS

    assert SPANS[0] > timedelta(hours=max(HOURS))
    assert SPANS[1] > invariants.DECIDING_MAX
    assert SPANS[3] > timedelta(days=1)
