"""The channel tells the shop that it was paid, and keeps telling until it is heard; restarts included."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from infra.simulator.wechatpay.notifier import DELAYS
from infra.wechatpay.channel import WeChatPay
from infra.wechatpay.credentials import load_merchant
from tests.infra.wechatpay.support import (
    JSAPI,
    NOON,
    NUMBER,
    Bare,
    HeldClock,
    Shop,
    Simulator,
    simulating,
)
from tests.waiting import eventually_async


async def paid(bare: Bare, shop: Shop) -> None:
    await bare.ask("POST", JSAPI, bare.order(shop))
    assert (await bare.simulator.pay(out_trade_no=NUMBER))[0] == 200


async def deliveries(simulator: Simulator, count: int) -> list[dict[str, Any]]:
    """The books' attempts, once there are `count` of them."""

    async def written() -> list[dict[str, Any]] | None:
        rows: list[dict[str, Any]] = (await simulator.book("deliveries"))["rows"]
        return rows if len(rows) >= count else None

    rows = await eventually_async(written)
    assert rows is not None
    return rows


async def test_it_is_told_again_at_the_documented_times(
    bare: Bare, shop: Shop, channel: WeChatPay, clock: HeldClock
) -> None:
    shop.statuses = [500, 503, 404]
    await paid(bare, shop)
    for attempt, delay in enumerate((15, 15, 30), start=1):
        await deliveries(bare.simulator, attempt)
        clock.advance(timedelta(seconds=delay - 1))
        await bare.simulator.book()
        assert len(shop.told) == attempt
        clock.advance(timedelta(seconds=1))
        await shop.next(attempt + 1)
    rows = await deliveries(bare.simulator, 4)
    assert [row["status"] for row in rows] == [500, 503, 404, 204]
    after = [datetime.fromisoformat(row["at"]) - NOON for row in rows]
    assert [delay.total_seconds() for delay in after] == [0, 15, 30, 60]
    read = [channel.read_notification(told.headers, told.body) for told in shop.told[-1:]]
    assert [told.state for told in read] == ["paid"]
    signatures = {told.headers["Wechatpay-Signature"] for told in shop.told}
    assert len(signatures) == 4


async def test_after_sixteen_attempts_it_is_for_the_shop_to_ask(
    bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    shop.statuses = [500] * 20
    await paid(bare, shop)
    for attempt, delay in enumerate(DELAYS, start=1):
        await deliveries(bare.simulator, attempt)
        clock.advance(delay)
    assert len(await deliveries(bare.simulator, 16)) == 16
    assert sum(DELAYS, timedelta(0)) == timedelta(hours=24, minutes=4)
    clock.advance(timedelta(days=2))
    await bare.simulator.notify(NUMBER)  # by hand it is always possible
    assert len(shop.told) == 17


async def test_a_restart_forgets_nobody(keys: Path, tmp_path: Path, shop: Shop) -> None:
    clock, books = HeldClock(), tmp_path / "books.sqlite3"
    shop.statuses = [500]
    async with simulating(keys, books, clock) as before:
        await paid(Bare(load_merchant(keys), before, clock), shop)
        await deliveries(before, 1)
    clock.advance(timedelta(seconds=15))
    async with simulating(keys, books, clock) as after:
        await shop.next(2)
        assert [row["attempt"] for row in await deliveries(after, 2)] == [1, 2]
    async with simulating(keys, books, clock):
        clock.advance(timedelta(days=1))
    assert len(shop.told) == 2


async def test_a_shop_that_is_away_is_told_later(bare: Bare, shop: Shop, clock: HeldClock) -> None:
    away = bare.order(shop, notify_url="http://127.0.0.1:9/paid")
    assert (await bare.ask("POST", JSAPI, away))[0] == 200
    await bare.simulator.pay(out_trade_no=NUMBER)
    assert [row["status"] for row in await deliveries(bare.simulator, 1)] == [0]
    clock.advance(timedelta(seconds=15))
    assert [row["attempt"] for row in await deliveries(bare.simulator, 2)] == [1, 2]


async def test_duplicates_come_on_request(bare: Bare, shop: Shop, channel: WeChatPay) -> None:
    await paid(bare, shop)
    await shop.next()
    assert await bare.simulator.notify(NUMBER) == 204
    first, second = (channel.read_notification(told.headers, told.body) for told in shop.told)
    assert first == second
