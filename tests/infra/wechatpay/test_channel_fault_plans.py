"""Plans of faults: the same seed and calls fail alike, a kill loses nothing, and healing is believed at once."""

import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from commands.ports import ChannelInDoubt
from infra.clock import SystemClock
from infra.embedded import ports
from infra.simulator.wechatpay.faults import FITS, MODERATE, moderate
from infra.wechatpay.accounts import set_up
from infra.wechatpay.channel import WeChatPay
from infra.wechatpay.credentials import load_merchant
from tests.infra.wechatpay.support import (
    JSAPI,
    MINUTE,
    NUMBER,
    Bare,
    HeldClock,
    Shop,
    Simulator,
    channel_at,
    simulating,
)
from tests.infra.wechatpay.test_wechatpay_refunds import ended
from tests.servers import Processes

RUN = "from infra.services.channel_simulator import main; from infra.settings import load; main(load())"
BAD = {"error_before": 0.3, "drop_reply": 0.2}


async def pattern(channel: WeChatPay) -> list[str]:
    """How sixty questions about ten numbers ended, in order."""
    seen: list[str] = []
    for n in range(60):
        try:
            seen.append((await channel.query(f"order-{n % 10:04d}")).state)
        except ChannelInDoubt as doubt:
            seen.append(doubt.code)
    return seen


async def test_the_same_seed_and_calls_fail_alike(
    keys: Path, tmp_path: Path, shop: Shop, clock: HeldClock
) -> None:
    patterns = []
    for n, seed in enumerate((7, 7, 8)):
        async with (
            simulating(keys, tmp_path / f"{n}.sqlite3", clock) as simulator,
            channel_at(keys, simulator.url, shop.url, clock) as channel,
        ):
            await simulator.plan(seed=seed, rates=BAD)
            patterns.append(await pattern(channel))
    assert patterns[0] == patterns[1] != patterns[2]
    assert set(patterns[0]) >= {"SYSTEM_ERROR", "reset", "not_found"}


async def test_rates_are_kept_on_the_whole(channel: WeChatPay, simulator: Simulator) -> None:
    await simulator.plan(seed=1, rates={"error_before": 0.25})
    for n in range(400):
        try:
            await channel.query(f"order-{n:04d}")
        except ChannelInDoubt:
            continue
    assert 70 <= (await simulator.fired())["error_before"] <= 130


async def test_healing_ends_everything(channel: WeChatPay, simulator: Simulator) -> None:
    await simulator.plan(rates={"error_before": 1})
    await simulator.next("busy", "query", 5)
    with pytest.raises(ChannelInDoubt):
        await channel.query(NUMBER)
    status, healed = await simulator.ask("DELETE", "/sim/faults")
    assert status == 200
    assert (healed["plan"]["rates"], healed["waiting"]) == ({}, [])
    before = await simulator.fired()
    assert (await channel.query(NUMBER)).state == "not_found"
    assert await simulator.fired() == before


async def test_a_fault_that_cannot_happen_yet_waits(
    channel: WeChatPay, bare: Bare, shop: Shop, simulator: Simulator
) -> None:
    paid = await bare.pay(shop)
    taken = await bare.refund(shop, paid)
    await simulator.next("refund_closed", "refund")
    assert await bare.refund(shop, paid) == taken  # it was taken on before: nothing left to close
    assert await simulator.fired() == {}
    _, told = await simulator.ask("GET", "/sim/faults")
    assert [(one["fault"], one["left"]) for one in told["waiting"]] == [("refund_closed", 1)]


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("PUT", "", {"rates": {"explode": 0.5}}),
        ("PUT", "", {"rates": {"delay": 1.1}}),
        ("PUT", "", {"rates": {"delay": -0.1}}),
        ("PUT", "", {"delays_ms": [5, 1]}),
        ("PUT", "", {"refund_seconds": [-1, 1]}),
        ("PUT", "", {"surprise": 1}),
        ("POST", "/next", {"fault": "delay"}),
        ("POST", "/next", {"fault": "explode", "call": "query"}),
        ("POST", "/next", {"fault": "refund_closed", "call": "query"}),
        ("POST", "/next", {"fault": "delay", "call": "query", "times": 0}),
    ],
)
async def test_nonsense_is_refused_and_changes_nothing(
    simulator: Simulator, method: str, path: str, content: Any
) -> None:
    before = await simulator.ask("GET", "/sim/faults")
    status, told = await simulator.ask(method, f"/sim/faults{path}", content)
    assert (status, told["code"]) == (400, "PARAM_ERROR")
    assert await simulator.ask("GET", "/sim/faults") == before


async def test_a_rate_of_the_settings_holds_until_somebody_says_otherwise(
    keys: Path, tmp_path: Path, clock: HeldClock
) -> None:
    for turn in range(2):
        books = tmp_path / "books.sqlite3"
        async with simulating(keys, books, clock, fault_rate=0.5) as simulator:
            _, told = await simulator.ask("GET", "/sim/faults")
            assert told["by_default"] is (turn == 0)
            assert bool(told["plan"]["rates"]) is (turn == 0)
            await simulator.ask("DELETE", "/sim/faults")


def test_the_moderate_plan_has_every_fault_of_an_honest_channel() -> None:
    assert FITS.keys() - MODERATE.keys() == {"notify_wrong_amount"}
    assert moderate(0).rates == {}
    assert all(rate <= 0.1 for rate in moderate(0.1).rates.values())


def started(processes: Processes, data_dir: Path, port: int) -> Any:
    return processes.run(
        [sys.executable, "-P", "-c", RUN],
        env={
            "PYTHONPATH": ".",
            "TUAN_DATA_DIR": str(data_dir),
            "TUAN_CHANNEL_SIMULATOR_PORT": str(port),
        },
        healthz=f"http://127.0.0.1:{port}/healthz",
        name="channel-simulator",
    )


async def test_kill_9_loses_neither_plan_nor_requests_nor_what_fired(
    processes: Processes, tmp_path: Path, shop: Shop
) -> None:
    set_up(tmp_path / "channels.json", tmp_path / "keys", ["acme"], SystemClock().now())
    keys, port = tmp_path / "keys" / "acme", ports.choose()
    async with aiohttp.ClientSession() as session:
        simulator = Simulator(f"http://127.0.0.1:{port}", session)
        bare = Bare(load_merchant(keys), simulator, SystemClock())
        child = started(processes, tmp_path, port)
        await simulator.plan(seed=3, rates={"error_before": 0.5})
        await simulator.next("busy", "close", 2)
        await simulator.next("refund_closed", "refund", 3)
        for n in range(20):
            await bare.ask("POST", JSAPI, bare.order(shop, out_trade_no=f"order-{n:04d}"))
        mine = {"mchid": bare.merchant.account.mchid}
        await bare.ask("POST", "/v3/pay/transactions/out-trade-no/order-0000/close", mine)
        _, before = await simulator.ask("GET", "/sim/faults")
        child.kill()
        started(processes, tmp_path, port)
        _, after = await simulator.ask("GET", "/sim/faults")
    assert after == before
    assert before["fired"]["busy"] == 1
    assert before["fired"]["error_before"] > 0
    assert [one["left"] for one in before["waiting"]] == [1, 3]


async def test_a_refund_taken_on_keeps_its_fate_through_a_restart(
    keys: Path, tmp_path: Path, shop: Shop
) -> None:
    clock, books = HeldClock(), tmp_path / "books.sqlite3"
    async with simulating(keys, books, clock) as simulator:
        await simulator.next("refund_closed", "refund")
        bare = Bare(load_merchant(keys), simulator, clock)
        await bare.refund(shop, await bare.pay(shop))
    clock.advance(MINUTE)
    async with (
        simulating(keys, books, clock) as simulator,
        channel_at(keys, simulator.url, shop.url, clock) as channel,
    ):
        await simulator.ask("DELETE", "/sim/faults")
        assert (await ended(channel)).state == "closed"
