"""The routes of payouts and of the funds calendar, on real tables: whose they are, what they show, what they refuse."""

import asyncio
from typing import Any

import pytest

from read_api.calendar import shanghai
from tests.builders import DAY, NOON
from tests.delivery.history import Fact, History
from tests.payouts import (
    DUE,
    ONE,
    M,
    P,
    accepted,
    awaiting,
    confirmed,
    escalated,
    initiated,
    proposed,
    started,
)
from tests.read_api.conftest import Readers, tell
from tests.servers import Database

FINANCE = "acme/fin/finance:read"
NOW = NOON + 7 * DAY


@pytest.fixture(scope="module", autouse=True)
def paid_out(database: Database, history: History, delivered: None) -> None:
    facts = [initiated(), started(), accepted(), awaiting()]
    asyncio.run(tell(database, history, [Fact("payout", P, one) for one in facts], "acme"))
    balance = """
        insert into read.channel_balances (tenant, channel, available_fen, pending_fen, told_at, asked_at)
        values ('acme', 'wechatpay', 5000, 0, %s, %s)"""
    history.conn.execute(balance, (NOW, NOW))


def others(history: History, tenant: str) -> int:
    """Fen of the world's own payouts that are on their way by the channel."""
    query = """
        select coalesce(sum(fen), 0)::bigint from read.funds_due_v1
        where tenant = %s and kind = 'payout' and not over and not by_bank and id <> %s"""
    found = history.conn.execute(query, (tenant, P)).fetchone()
    assert found is not None
    return int(found[0])


async def test_a_payout_on_its_way_is_needed_today_and_makes_the_day_red(
    readers: Readers, history: History
) -> None:
    told = await readers.json("/v1/funds/calendar?days=3", FINANCE)
    today = told["days"][0]
    assert [day["day"] for day in told["days"]] == [f"{shanghai(NOW + n * DAY)}" for n in range(3)]
    assert today["payouts_fen"] == DUE.fen + others(history, "acme")
    assert today["needed_fen"] >= DUE.fen
    assert told["available_fen"] == 5000
    assert (today["red"], told["red_day"]) == (True, today["day"])


async def test_another_tenant_sees_nothing_of_it(readers: Readers, history: History) -> None:
    told = await readers.json("/v1/funds/calendar", "other/fin/finance:read")
    assert sum(day["payouts_fen"] for day in told["days"]) == others(history, "other")
    assert (told["available_fen"], told["red_day"]) == (None, None)
    assert len(told["days"]) == 14
    assert (await readers.get(f"/v1/payouts/{P}", "other/fin/finance:read")).status_code == 404


@pytest.mark.parametrize("asked", ["days=0", "days=63", "days=x", "day=3"])
async def test_what_makes_no_sense_is_refused(readers: Readers, asked: str) -> None:
    assert (await readers.get(f"/v1/funds/calendar?{asked}", FINANCE)).status_code == 422


async def test_only_finance_may_ask(readers: Readers) -> None:
    for path in ("/v1/funds/calendar", "/v1/payouts", f"/v1/payouts/{P}"):
        assert (await readers.get(path, "acme/x/read:all")).status_code == 403


async def test_each_number_of_a_day_opens_what_it_is_made_of(
    readers: Readers, history: History
) -> None:
    calendar = await readers.json("/v1/funds/calendar?days=3", FINANCE)
    numbers = ("refunds", "maturing", "statements", "payouts", "payouts_by_bank", "unfreezing")
    for day in calendar["days"]:
        for number in numbers:
            path = f"/v1/funds/calendar/{day['day']}/{number}"
            told = await readers.json(path, FINANCE)
            assert told["fen"] == day[f"{number}_fen"]
            parts = await readers.pages(f"{path}?limit=1", FINANCE)
            if number != "refunds":  # each group is rounded by itself
                assert max(sum(it["fen"] for it in parts), 0) == max(told["fen"], 0)
            assert len({it["id"] for it in parts}) == len(parts)
    today = calendar["days"][0]["day"]
    parts = await readers.pages(f"/v1/funds/calendar/{today}/payouts", FINANCE)
    assert {"kind": "payout", "merchant_id": str(M), "fen": DUE.fen}.items() <= next(
        it.items() for it in parts if it["id"] == str(P)
    )
    others_see = await readers.pages(f"/v1/funds/calendar/{today}/payouts", "other/f/finance:read")
    assert str(P) not in {it["id"] for it in others_see}


async def test_the_desk_shows_who_is_waited_for_and_then_what_two_people_decide(
    readers: Readers, database: Database, history: History
) -> None:
    one = await readers.json(f"/v1/payouts/{P}", FINANCE)
    assert (one["status"], one["package"], one["number"]) == ("AWAITING_PAYEE", "package", ONE)
    assert (one["merchant_id"], one["proposal"]) == (str(M), None)
    assert await readers.pages("/v1/payouts?status=AWAITING_PAYEE", FINANCE) == [one]
    assert await readers.pages("/v1/payouts?troubled=true", FINANCE) == []
    more: list[Any] = [escalated("worker_crashed", "KeyError"), proposed("retry")]
    await tell(database, history, [Fact("payout", P, event) for event in more], "acme")
    (troubled,) = await readers.pages("/v1/payouts?troubled=true", FINANCE)
    assert (troubled["trouble"], troubled["detail"]) == ("worker_crashed", "KeyError")
    assert troubled["proposal"]["action"] == "retry"
    assert troubled["proposal"]["shown"] == "5" * 64
    await tell(database, history, [Fact("payout", P, confirmed())], "acme")
    paid = await readers.json(f"/v1/payouts/{P}", FINANCE)
    assert (paid["status"], paid["trouble"], paid["fee_fen"]) == ("CONFIRMED", None, 0)
    (today,) = (await readers.json("/v1/funds/calendar?days=1", FINANCE))["days"]
    assert today["payouts_fen"] == others(history, "acme")


@pytest.mark.parametrize(
    ("path", "status"),
    [("2026-01-01/payouts", 404), ("2099-01-01/payouts", 404), ("x/payouts", 422)],
)
async def test_days_out_of_sight_have_no_parts(readers: Readers, path: str, status: int) -> None:
    answer = await readers.get(f"/v1/funds/calendar/{path}", FINANCE)
    assert answer.status_code == status
    assert (await readers.get(f"/v1/funds/calendar/{path}", "acme/x/read:all")).status_code == 403
