"""The channel's rules of refunds: one a number, never more than was paid, and always on their way to an end."""

import json
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.simulator.wechatpay.books import add
from infra.wechatpay.channel import WeChatPay
from infra.wechatpay.credentials import load_merchant
from tests.infra.wechatpay.support import (
    MINUTE,
    NUMBER,
    REFUND,
    REFUNDS,
    Bare,
    HeldClock,
    Shop,
    Simulator,
    simulating,
)
from tests.waiting import eventually_async

SECOND = timedelta(seconds=1)
OTHER = REFUND[:-1] + "1"
INVALID = (400, "INVALID_REQUEST")


def said(answer: tuple[int, Any]) -> tuple[int, str]:
    """Status, and the channel's word for it."""
    return answer[0], answer[1].get("code") or answer[1]["status"]


async def ended(bare: Bare, number: str = REFUND) -> dict[str, Any]:
    """The refund, once it is not under way any more."""

    async def over() -> dict[str, Any] | None:
        _, refund = await bare.ask("GET", f"{REFUNDS}/{number}")
        return refund if refund["status"] != "PROCESSING" else None

    refund = await eventually_async(over)
    assert refund is not None
    return refund


async def test_a_refund_is_accepted_and_arrives_a_moment_later(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    transaction_id = await bare.pay(shop)
    status, taken = await bare.refund(shop, transaction_id)
    assert (status, taken["status"]) == (200, "PROCESSING")
    assert "success_time" not in taken
    clock.advance(SECOND)
    arrived = await ended(bare)
    assert arrived == taken | {
        "status": "SUCCESS",
        "success_time": "2026-11-22T12:00:01+08:00",
        "amount": taken["amount"],
    }
    assert arrived["transaction_id"] == transaction_id
    assert (arrived["amount"]["refund"], arrived["amount"]["total"]) == (1990, 1990)


async def test_the_same_words_again_are_the_same_refund(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    transaction_id = await bare.pay(shop)
    first = await bare.refund(shop, transaction_id)
    assert await bare.refund(shop, transaction_id) == first
    clock.advance(SECOND)
    await ended(bare)
    status, again = await bare.refund(shop, transaction_id)
    assert (status, again["status"]) == (200, "SUCCESS")
    assert again["refund_id"] == first[1]["refund_id"]
    assert len(await bare.simulator.rows("refunds")) == 1


@pytest.mark.parametrize(
    "changed",
    [{"refund": 1}, {"reason": "另一个原因"}, {"notify_url": "https://elsewhere.example/paid"}],
)
async def test_the_same_number_in_other_words_is_refused(
    bare: Bare, shop: Shop, changed: dict[str, Any]
) -> None:
    transaction_id = await bare.pay(shop)
    await bare.refund(shop, transaction_id)
    answer = await bare.refund(shop, transaction_id, **changed)
    assert said(answer) == INVALID
    assert "参数与首次请求时不一致" in answer[1]["message"]


@pytest.mark.parametrize(
    ("changed", "no"),
    [
        ({"refund": 1991}, INVALID),
        ({"total": 2000}, INVALID),
        ({"refund": 0}, (400, "PARAM_ERROR")),
        ({"transaction_id": "4200"}, (404, "RESOURCE_NOT_EXISTS")),
        ({"transaction_id": None}, (400, "PARAM_ERROR")),
        ({"out_trade_no": NUMBER}, (400, "PARAM_ERROR")),
        ({"notify_url": None}, (400, "PARAM_ERROR")),
        ({"notify_url": "http://shop.example/paid"}, (400, "PARAM_ERROR")),
        ({"reason": "长" * 81}, (400, "PARAM_ERROR")),
        ({"out_refund_no": "x" * 65}, (400, "PARAM_ERROR")),
        ({"unknown": 1}, (400, "PARAM_ERROR")),
    ],
)
async def test_these_refunds_are_refused(
    bare: Bare, shop: Shop, changed: dict[str, Any], no: tuple[int, str]
) -> None:
    fen = {name: value for name, value in changed.items() if name in ("refund", "total")}
    other = {name: value for name, value in changed.items() if name not in fen}
    proper = bare.refund_of(shop, await bare.pay(shop), **fen)
    body = {name: value for name, value in (proper | other).items() if value is not None}
    assert said(await bare.ask("POST", REFUNDS, body)) == no
    assert await bare.simulator.rows("refunds") == []


async def test_a_payment_may_be_named_by_the_merchants_own_number(bare: Bare, shop: Shop) -> None:
    await bare.pay(shop)
    body = bare.refund_of(shop, "") | {"out_trade_no": NUMBER}
    del body["transaction_id"]
    assert said(await bare.ask("POST", REFUNDS, body)) == (200, "PROCESSING")


async def test_parts_add_up_to_the_whole_and_not_a_fen_more(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    paid = await bare.pay(shop)
    assert (await bare.refund(shop, paid, refund=1000))[0] == 200
    clock.advance(MINUTE)
    over = await bare.refund(shop, paid, refund=991, out_refund_no=OTHER)
    assert said(over) == INVALID
    assert (await bare.refund(shop, paid, refund=990, out_refund_no=OTHER))[0] == 200
    clock.advance(MINUTE)
    none = await bare.refund(shop, paid, refund=1, out_refund_no=REFUND[:-1] + "2")
    assert (said(none), none[1]["message"]) == (INVALID, "订单已全额退款")


async def test_two_numbers_of_one_payment_are_a_minute_apart(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    paid = await bare.pay(shop)
    await bare.refund(shop, paid, refund=1)
    clock.advance(MINUTE - SECOND)
    soon = await bare.refund(shop, paid, refund=1, out_refund_no=OTHER)
    assert said(soon) == (429, "FREQUENCY_LIMITED")
    assert (await bare.refund(shop, paid, refund=1))[0] == 200  # the first number, once more
    clock.advance(SECOND)
    assert (await bare.refund(shop, paid, refund=1, out_refund_no=OTHER))[0] == 200


async def test_a_payment_has_fifty_refund_numbers(bare: Bare, shop: Shop, clock: HeldClock) -> None:
    paid = await bare.pay(shop)
    for n in range(50):
        answer = await bare.refund(shop, paid, refund=1, out_refund_no=f"{n:034d}")
        assert answer[0] == 200
        clock.advance(MINUTE)
    assert said(await bare.refund(shop, paid, refund=1, out_refund_no=OTHER)) == INVALID


async def test_a_payment_can_be_refunded_for_a_year(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    paid = await bare.pay(shop)
    clock.advance(timedelta(days=365))
    assert (await bare.refund(shop, paid, refund=1))[0] == 200
    clock.advance(MINUTE)
    assert said(await bare.refund(shop, paid, refund=1, out_refund_no=OTHER)) == INVALID


async def test_an_unknown_refund_is_not_found(bare: Bare) -> None:
    assert said(await bare.ask("GET", f"{REFUNDS}/{REFUND}")) == (404, "RESOURCE_NOT_EXISTS")


async def test_a_restart_forgets_no_refund(keys: Path, tmp_path: Path, shop: Shop) -> None:
    clock, books = HeldClock(), tmp_path / "books.sqlite3"
    async with simulating(keys, books, clock) as before:
        bare = Bare(load_merchant(keys), before, clock)
        await bare.refund(shop, await bare.pay(shop))
        await shop.next()
    clock.advance(MINUTE)
    shop.statuses = [500]
    async with simulating(keys, books, clock) as after:
        await ended(Bare(load_merchant(keys), after, clock))
        await after.rows("refund_deliveries", 1)
    clock.advance(MINUTE)
    async with simulating(keys, books, clock) as again:
        rows = await again.rows("refund_deliveries", 2)
        assert [(row["attempt"], row["status"]) for row in rows] == [(1, 500), (2, 204)]


async def test_the_books_themselves_refuse_what_the_rules_would(
    bare: Bare, shop: Shop, tmp_path: Path, clock: HeldClock
) -> None:
    await bare.refund(shop, await bare.pay(shop), refund=1000)
    clock.advance(SECOND)
    await ended(bare)
    books = sqlite3.connect(tmp_path / "books.sqlite3", isolation_level=None)
    [mchid] = books.execute("SELECT mchid FROM refunds").fetchone()
    refund = {"mchid": mchid, "payment": 1, "parameters": "{}", "fee": 0, "notify_url": "-"}
    refund["transaction_id"] = books.execute("SELECT transaction_id FROM payments").fetchone()[0]
    for number, fen, why in ((OTHER, 991, "more was refunded"), (REFUND, 1, "UNIQUE")):
        with pytest.raises(sqlite3.IntegrityError, match=why):
            add(
                books,
                "refunds",
                out_refund_no=number,
                refund_id=number,
                amount=fen,
                at="-",
                **refund,
            )
    step = {"refund": 1, "account": "-", "at": "-"}
    for n, state in ((3, "CLOSED"), (3, "ABNORMAL"), (4, "SUCCESS")):
        with pytest.raises(sqlite3.IntegrityError, match="a way that there is not"):
            add(books, "refund_steps", step=n, state=state, notification_id=f"{n}", **step)
    for kind in ("refund", "fee_back"):
        balance = books.execute("SELECT balance FROM funds ORDER BY seq DESC").fetchone()[0]
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            add(books, "funds", mchid=mchid, kind=kind, amount=0, balance=balance, refund=1, at="-")
    with pytest.raises(sqlite3.IntegrityError, match="not the sum"):
        add(books, "funds", mchid=mchid, kind="deposit", amount=5, balance=1_000_000, at="-")


async def test_refunds_are_paid_from_the_account(bare: Bare, shop: Shop, clock: HeldClock) -> None:
    paid = await bare.pay(shop)
    assert (await bare.simulator.deposit(-1979))[0] == 409  # the fee of 12 fen is gone
    assert (await bare.simulator.deposit(-1))[1]["balance_fen"] == 1977
    refused = await bare.refund(shop, paid)
    assert said(refused) == (403, "NOT_ENOUGH")
    assert await bare.simulator.rows("refunds") == []
    await bare.simulator.deposit(1)
    assert (await bare.refund(shop, paid))[0] == 200
    assert [
        (row["kind"], row["amount"], row["balance"]) for row in await bare.simulator.rows("funds")
    ] == [
        ("payment", 1990, 1990),
        ("fee", -12, 1978),
        ("withdrawal", -1, 1977),
        ("deposit", 1, 1978),
        ("fee_back", 12, 1990),
        ("refund", -1990, 0),
    ]


async def test_the_fee_goes_back_in_shares_that_add_up(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    paid = await bare.pay(shop)
    for number, part in ((REFUND, 663), (OTHER, 663), (REFUND[:-1] + "2", 664)):
        assert (await bare.refund(shop, paid, refund=part, out_refund_no=number))[0] == 200
        clock.advance(MINUTE)
    fees = [row["fee"] for row in await bare.simulator.rows("refunds")]
    assert fees == [4, 4, 4]
    assert (await bare.simulator.sums())["balance_fen"] == 0


async def test_an_account_is_opened_once_with_its_deposit(keys: Path, tmp_path: Path) -> None:
    clock, books = HeldClock(), tmp_path / "books.sqlite3"
    for _ in range(2):
        async with simulating(keys, books, clock, deposit_fen=5000) as simulator:
            assert [row["balance"] for row in await simulator.rows("funds")] == [5000]


async def test_the_sums_tell_refunds_by_state(
    bare: Bare, shop: Shop, simulator: Simulator, channel: WeChatPay, clock: HeldClock
) -> None:
    paid = await bare.pay(shop)
    await bare.refund(shop, paid, refund=1000)
    clock.advance(MINUTE)
    await ended(bare)
    await bare.refund(shop, paid, refund=990, out_refund_no=OTHER)
    await simulator.rows("refund_deliveries", 1)
    sums = await simulator.sums()
    assert (sums["refunds"], sums["refunded_fen"], sums["refunds_notified"]) == (2, 1000, 1)
    assert sums["refunds_by_state"] == {
        "SUCCESS": {"refunds": 1, "fen": 1000},
        "PROCESSING": {"refunds": 1, "fen": 990},
    }
    assert json.loads((await simulator.rows("refunds"))[1]["parameters"])["amount"]["refund"] == 990
