"""What refunds will need: waiting ones first, then open groups by deadline and odds."""

from datetime import timedelta
from typing import Any

import pytest

from projections.group_odds import EVER
from read_api.forecast import HOURS, PRIOR, Odds, forecast
from tests.builders import HOUR, NOON


def seen(*rows: tuple[int, int, int, int]) -> Odds:
    names = ("missing", "left_minutes", "succeeded", "failed")
    return Odds([dict(zip(names, row, strict=True)) for row in rows])


def groups(
    hour: int, paid: int, missing: int = 1, left: int = 60, count: int = 1
) -> dict[str, Any]:
    return {
        "hour": hour,
        "missing": missing,
        "left_minutes": left,
        "groups": count,
        "paid_fen": paid,
    }


def waiting(fen: int, refunds: int = 1) -> dict[str, Any]:
    return {"refunds": refunds, "fen": fen}


NEVER = seen((0, EVER, 10**9, 0))  # groups of this tenant never fail
ALWAYS = seen((0, EVER, 0, 10**9))


def test_without_any_history_half_of_the_groups_fail() -> None:
    assert seen().usual == seen().fails(1, 60) == 0.5


def test_many_groups_that_stood_alike_outweigh_what_is_usual() -> None:
    odds = seen((0, EVER, 900, 100), (1, 60, 0, 990))
    assert odds.usual == pytest.approx(0.1, abs=0.002)
    assert odds.fails(1, 60) == pytest.approx(0.991, abs=0.001)
    assert odds.fails(2, 60) == pytest.approx(odds.usual)


def test_a_few_groups_move_the_odds_a_little() -> None:
    odds = seen((0, EVER, 499, 499), (1, 60, 0, 1))
    assert odds.fails(1, 60) == pytest.approx((1 + PRIOR * 0.5) / (1 + PRIOR))


def test_a_group_that_misses_nobody_needs_nothing() -> None:
    assert ALWAYS.fails(0, 0) == 0
    assert ALWAYS.fails(1, 0) == pytest.approx(1)


def test_what_waits_and_cannot_be_paid_is_short_now() -> None:
    coming = forecast(NOON, [], NEVER, waiting(500), 499)
    assert (coming.short_at, coming.expected_fen, coming.worst_fen) == (NOON, 500, 500)
    assert forecast(NOON, [], NEVER, waiting(500), 500).short_at is None


def test_the_hour_that_empties_the_account_is_named() -> None:
    coming = forecast(
        NOON, [groups(0, 100), groups(3, 100), groups(4, 100)], ALWAYS, waiting(100), 299
    )
    assert coming.short_at == NOON + 4 * HOUR
    assert coming.expected_fen == pytest.approx(400, abs=1)
    assert [hour.paid_fen for hour in coming.hours[:5]] == [100, 0, 0, 100, 100]
    assert [hour.since for hour in coming.hours] == [NOON + n * HOUR for n in range(HOURS)]


def test_odds_weigh_what_was_paid_and_the_worst_does_not() -> None:
    coming = forecast(
        NOON, [groups(1, 1000), groups(1, 600, missing=2)], seen(), waiting(0, 0), 801
    )
    assert (coming.expected_fen, coming.worst_fen, coming.short_at) == (800, 1600, None)
    assert coming.hours[1].groups == 2


def test_without_a_balance_nothing_is_said_about_it() -> None:
    assert forecast(NOON, [groups(1, 10**6)], ALWAYS, waiting(10**6), None).short_at is None
    assert timedelta(hours=HOURS) >= timedelta(hours=24)
