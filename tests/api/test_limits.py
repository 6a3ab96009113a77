"""How fast one caller may ask."""

import pytest

from commands.api import limits
from commands.api.limits import Limits, Pace
from commands.api.problems import Refused
from domain.identity import Principal
from tests.api.edge import ANN, BOB, NOON, Edge, Ticker, code_of, token

SLOW = Pace(per_second=2, burst=3)
FAST = Pace(per_second=1000, burst=1000)


def principal(*scopes: str, subject: str = ANN) -> Principal:
    return Principal("demo", subject, frozenset(scopes), NOON)


async def test_a_caller_beyond_its_pace_is_told_when_to_come_back() -> None:
    edge = Edge(callers=SLOW)
    for number in range(3):
        assert (await edge.post(key=f"k{number}")).status_code == 200
    response = await edge.post(key="k4")
    assert code_of(response) == (429, "too_many_requests")
    assert response.headers["retry-after"] == "1"
    edge.ticker.now = 0.5
    assert (await edge.post(key="k4")).status_code == 200


async def test_one_caller_s_haste_is_nobody_else_s_wait() -> None:
    edge = Edge(callers=SLOW)
    for number in range(4):
        await edge.post(key=f"k{number}")
    assert (await edge.post(who=token("shop", subject=BOB))).status_code == 200
    other_route = await edge.post("/v1/commands/withdraw_order")
    assert other_route.status_code == 200


def test_services_have_a_pace_of_their_own() -> None:
    limits_ = Limits(SLOW, FAST, Ticker())
    for scope in ("payment:record", "process:act", "bench"):
        for _ in range(100):
            limits_.take(principal("shop", scope, subject=scope), "join_group")
    for _ in range(3):
        limits_.take(principal("shop"), "join_group")
    with pytest.raises(Refused):
        limits_.take(principal("shop"), "join_group")


def test_callers_at_rest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BUCKETS_MAX", 10)
    ticker = Ticker()
    limits_ = Limits(SLOW, SLOW, ticker)
    for number in range(10):
        limits_.take(principal("shop", subject=str(number)), "x")
    ticker.now = 1.0
    for _ in range(3):
        limits_.take(principal("shop", subject="hasty"), "x")
    ticker.now = 1.6
    limits_.take(principal("shop", subject="new"), "x")
    limits_.take(principal("shop", subject="hasty"), "x")
    with pytest.raises(Refused):
        limits_.take(principal("shop", subject="hasty"), "x")
