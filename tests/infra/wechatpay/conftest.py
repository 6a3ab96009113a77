"""One merchant account for all tests, and for each test a channel, a shop and a clock that stands still."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from infra.wechatpay.channel import WeChatPay
from infra.wechatpay.credentials import ensure, load_merchant
from tests.infra.wechatpay.support import (
    NOON,
    Bare,
    HeldClock,
    Shop,
    Simulator,
    channel_at,
    open_shop,
    simulating,
)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys") / "wechatpay"
    ensure(directory, NOON)
    return directory


@pytest.fixture(scope="session")
def other_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another account: same mchid by accident, all keys different."""
    directory = tmp_path_factory.mktemp("keys") / "other"
    ensure(directory, NOON)
    return directory


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as shop:
        yield shop


@pytest_asyncio.fixture
async def simulator(keys: Path, tmp_path: Path, clock: HeldClock) -> AsyncIterator[Simulator]:
    async with simulating(keys, tmp_path / "books.sqlite3", clock) as simulator:
        yield simulator


@pytest_asyncio.fixture
async def channel(
    keys: Path, simulator: Simulator, shop: Shop, clock: HeldClock
) -> AsyncIterator[WeChatPay]:
    async with channel_at(keys, simulator.url, shop.url, clock) as channel:
        yield channel


@pytest.fixture
def bare(keys: Path, simulator: Simulator, clock: HeldClock) -> Bare:
    return Bare(load_merchant(keys), simulator, clock)
