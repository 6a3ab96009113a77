"""The funds calendar: each day's needs, all days before it, and the first day on which the balance will not do."""

from datetime import date, datetime, timedelta
from typing import Any

from projections.group_odds import EVER
from read_api.calendar import CalendarDay, calendar, shanghai
from read_api.forecast import Odds
from tests.builders import DAY, NOON

TODAY = shanghai(NOON)
ALWAYS = Odds([{"missing": 0, "left_minutes": EVER, "succeeded": 0, "failed": 10**9}])


def due(n: int, kind: str, fen: int, by_bank: bool = False) -> dict[str, Any]:
    day = TODAY + timedelta(days=n)
    return {"day": day, "kind": kind, "by_bank": by_bank, "count": 1, "fen": fen}


def groups(hour: int, paid: int) -> dict[str, Any]:
    return {"hour": hour, "missing": 1, "left_minutes": 60, "groups": 1, "paid_fen": paid}


def days(
    *rows: dict[str, Any], waiting: int = 0, available: int | None = 10_000, **more: Any
) -> list[CalendarDay]:
    of_groups = [row for row in rows if "hour" in row]
    of_due = [row for row in rows if "kind" in row]
    return calendar(NOON, 4, of_due, of_groups, ALWAYS, waiting, available)


def test_a_day_is_red_from_where_everything_so_far_is_more_than_there_is() -> None:
    coming = days(due(1, "statement", 6_000), due(2, "payout", 4_000), due(3, "earning", 1))
    assert [day.needed_so_far_fen for day in coming] == [0, 6_000, 10_000, 10_001]
    assert [day.red for day in coming] == [False, False, False, True]


def test_a_balance_that_nobody_was_told_makes_no_day_red_or_green() -> None:
    assert [day.red for day in days(due(1, "payout", 1), available=None)] == [None] * 4


def test_groups_that_end_on_a_day_need_what_was_paid_into_them_by_the_odds() -> None:
    # noon in UTC is eight in the evening in Shanghai: four hours later it is tomorrow there
    coming = days(groups(3, 500), groups(4, 700), groups(99, 1))
    assert [day.refunds_worst_fen for day in coming] == [500, 700, 0, 0]
    assert [day.refunds_fen for day in coming] == [500, 700, 0, 0]
    assert [day.groups for day in coming] == [1, 1, 0, 0]


def test_refunds_that_wait_are_needed_today() -> None:
    first, *rest = days(waiting=900, available=899)
    assert (first.refunds_fen, first.refunds_worst_fen, first.red) == (900, 900, True)
    assert all(day.refunds_fen == 0 for day in rest)


def test_what_the_bank_pays_and_what_unfreezes_to_merchants_needs_nothing_of_the_balance() -> None:
    first, second, *_ = days(due(0, "payout", 5_000, by_bank=True), due(1, "split", 7_000))
    assert (first.payouts_by_bank_fen, first.needed_fen) == (5_000, 0)
    assert (second.unfreezing_fen, second.needed_fen) == (7_000, 0)


def test_a_statement_that_owes_us_does_not_pay_for_others() -> None:
    assert days(due(0, "statement", -500), due(0, "payout", 300))[0].needed_fen == 300


def test_days_are_those_of_shanghai() -> None:
    assert [day.day for day in days()] == [TODAY + timedelta(days=n) for n in range(4)]
    assert shanghai(datetime.fromisoformat("2026-11-24T15:59:59+00:00")) == date(2026, 11, 24)
    assert shanghai(datetime.fromisoformat("2026-11-24T16:00:00+00:00")) == date(2026, 11, 25)
    assert shanghai(NOON + DAY) == TODAY + timedelta(days=1)
