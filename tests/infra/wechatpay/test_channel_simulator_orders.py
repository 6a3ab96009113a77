"""What becomes of an order at the channel: ordered, closed, paid; once, and never two of the last."""

from datetime import timedelta
from typing import Any

import pytest

from tests.infra.wechatpay.support import BUYER, JSAPI, MINUTE, NOON, NUMBER, Bare, HeldClock, Shop

QUERY = f"/v3/pay/transactions/out-trade-no/{NUMBER}"
HOUR = timedelta(hours=1)


async def ordered(bare: Bare, shop: Shop, **changed: Any) -> str:
    status, told = await bare.ask("POST", JSAPI, bare.order(shop, **changed))
    assert status == 200, told
    prepay_id: str = told["prepay_id"]
    return prepay_id


async def closed(bare: Bare) -> tuple[int, Any]:
    return await bare.ask("POST", f"{QUERY}/close", {"mchid": bare.merchant.account.mchid})


async def asked(bare: Bare, place: str = QUERY) -> tuple[int, Any]:
    return await bare.ask("GET", f"{place}?mchid={bare.merchant.account.mchid}")


async def test_an_unpaid_order_is_told_as_it_was_made(bare: Bare, shop: Shop) -> None:
    await ordered(bare, shop, attach="campaign 7")
    status, told = await asked(bare)
    assert status == 200
    assert (told["trade_state"], told["attach"]) == ("NOTPAY", "campaign 7")
    assert told["amount"] == {"total": 1990, "currency": "CNY"}
    assert "transaction_id" not in told


async def test_a_paid_order_is_found_by_either_number(bare: Bare, shop: Shop) -> None:
    await ordered(bare, shop)
    _, receipt = await bare.simulator.pay(out_trade_no=NUMBER)
    _, told = await asked(bare)
    assert await asked(bare, f"/v3/pay/transactions/id/{receipt['transaction_id']}") == (200, told)
    assert (told["trade_state"], told["success_time"]) == ("SUCCESS", "2026-11-22T12:00:00+08:00")
    assert told["payer"] == {"openid": BUYER}
    assert len(told["transaction_id"]) == 28


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": {"total": 1991, "currency": "CNY"}},
        {"description": "something else"},
        {"payer": {"openid": "o-somebody-else"}},
        {"time_expire": "2026-11-22T12:20:00+08:00"},
        {"notify_url": "https://shop.example/paid"},
        {"attach": "x"},
    ],
)
async def test_the_same_number_means_the_same_words(
    bare: Bare, shop: Shop, changed: dict[str, Any]
) -> None:
    first = await ordered(bare, shop)
    status, told = await bare.ask("POST", JSAPI, bare.order(shop, **changed))
    assert (status, told["code"]) == (400, "INVALID_REQUEST")
    assert "请求重入时，参数与首次请求时不一致" in told["message"]
    assert await ordered(bare, shop) == first


async def test_the_order_of_fields_and_left_out_defaults_are_the_same_words(
    bare: Bare, shop: Shop
) -> None:
    first = await ordered(bare, shop)
    turned = dict(reversed(bare.order(shop, amount={"total": 1990}, attach="").items()))
    assert await bare.ask("POST", JSAPI, turned) == (200, {"prepay_id": first})


async def test_a_prepay_id_lives_two_hours(bare: Bare, shop: Shop, clock: HeldClock) -> None:
    late = {"time_expire": "2026-11-23T12:00:00+08:00"}
    first = await ordered(bare, shop, **late)
    clock.advance(2 * HOUR)
    assert (await bare.simulator.pay(prepay_id=first))[1]["code"] == "PREPAY_EXPIRED"
    second = await ordered(bare, shop, **late)
    assert second != first
    assert (await bare.simulator.pay(prepay_id=second))[0] == 200


async def test_it_is_paid_once(bare: Bare, shop: Shop) -> None:
    await ordered(bare, shop)
    assert (await bare.simulator.pay(out_trade_no=NUMBER))[0] == 200
    status, told = await bare.simulator.pay(out_trade_no=NUMBER)
    assert (status, told["code"]) == (409, "OUT_TRADE_NO_USED")
    books = await bare.simulator.book()
    [mine] = books["merchants"].values()
    assert (mine["payments"], mine["paid_fen"]) == (1, 1990)


async def test_paying_after_the_last_moment_is_refused(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    await ordered(bare, shop)
    clock.advance(15 * MINUTE)
    at_the_end = (NOON + 15 * MINUTE).isoformat()
    assert (await bare.simulator.pay(out_trade_no=NUMBER, at=at_the_end))[0] == 409
    just_before = (NOON + 15 * MINUTE - timedelta(microseconds=1)).isoformat()
    status, receipt = await bare.simulator.pay(out_trade_no=NUMBER, at=just_before)
    assert (status, receipt["success_time"]) == (200, "2026-11-22T12:14:59+08:00")


async def test_nobody_pays_before_the_order_or_in_the_future(bare: Bare, shop: Shop) -> None:
    await ordered(bare, shop)
    for at in (NOON - MINUTE, NOON + MINUTE):
        status, told = await bare.simulator.pay(out_trade_no=NUMBER, at=at.isoformat())
        assert (status, told["code"]) == (409, "WRONG_MOMENT")


async def test_only_the_payer_of_the_order_pays(bare: Bare, shop: Shop) -> None:
    await ordered(bare, shop)
    status, told = await bare.simulator.pay(out_trade_no=NUMBER, payer_openid="o-somebody-else")
    assert (status, told["code"]) == (409, "OPENID_MISMATCH")


async def test_what_was_paid_cannot_be_closed_or_ordered_again(bare: Bare, shop: Shop) -> None:
    await ordered(bare, shop)
    await bare.simulator.pay(out_trade_no=NUMBER)
    status, told = await closed(bare)
    assert (status, told["code"]) == (400, "ORDERPAID")
    status, told = await bare.ask("POST", JSAPI, bare.order(shop))
    assert (status, told["code"]) == (403, "OUT_TRADE_NO_USED")


async def test_what_was_closed_cannot_be_paid_or_ordered_again(bare: Bare, shop: Shop) -> None:
    await ordered(bare, shop)
    assert await closed(bare) == (204, None)
    assert await closed(bare) == (204, None)
    assert (await bare.simulator.pay(out_trade_no=NUMBER))[1]["code"] == "ORDER_CLOSED"
    status, told = await bare.ask("POST", JSAPI, bare.order(shop))
    assert (status, told["code"]) == (400, "ORDER_CLOSED")
    assert (await asked(bare))[1]["trade_state"] == "CLOSED"


async def test_what_was_closed_before_it_was_ordered_never_can_be(bare: Bare, shop: Shop) -> None:
    assert await closed(bare) == (204, None)
    assert (await asked(bare))[0] == 404
    status, told = await bare.ask("POST", JSAPI, bare.order(shop))
    assert (status, told["code"]) == (400, "INVALID_REQUEST")


async def test_nothing_is_known_of_an_order_that_never_was(bare: Bare) -> None:
    assert await asked(bare) == (404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"})
    assert (await bare.simulator.pay(out_trade_no=NUMBER))[0] == 404
    assert (await bare.simulator.pay(prepay_id="wx-nothing"))[0] == 404


async def test_the_side_doors_check_what_they_are_asked(bare: Bare, shop: Shop) -> None:
    await ordered(bare, shop)
    for asked_for in ({"out_trade_no": 1}, {"at": "2026-11-22T12:00:00"}, {"amount": 1}):
        assert (await bare.simulator.pay(**asked_for))[1]["code"] == "PARAM_ERROR"
    status, told = await bare.simulator.ask("POST", "/sim/notify", {"out_trade_no": NUMBER})
    assert (status, told["code"]) == (409, "NOT_PAID")
    assert (await bare.simulator.ask("GET", "/sim/books/secrets"))[0] == 404
    assert (await bare.simulator.ask("GET", "/sim/books/orders?after=-1"))[0] == 400


async def test_the_books_are_read_page_by_page(bare: Bare, shop: Shop) -> None:
    numbers = [f"order-{n:04d}" for n in range(5)]
    for number in numbers:
        await ordered(bare, shop, out_trade_no=number)
    seen, cursor = [], 0
    while page := (told := await bare.simulator.book("orders", after=str(cursor), limit="2"))[
        "rows"
    ]:
        seen += [row["out_trade_no"] for row in page]
        cursor = told["next"]
    assert seen == numbers
    [mine] = (await bare.simulator.book())["merchants"].values()
    assert (mine["orders"], mine["ordered_fen"], mine["paid_fen"]) == (5, 9950, 0)
