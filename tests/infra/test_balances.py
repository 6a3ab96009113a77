"""Each account is asked once a minute by whoever comes first; running short is told once, and before it happens."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from commands.ports import ChannelBalance, ChannelInDoubt
from domain.money import Money
from infra.delivery.replay import make_tables
from infra.processes.balances import Balances
from projections import PROJECTIONS, group_board, group_odds, order_status, refund_desk
from projections.recorded import Recorded
from tests.builders import MINUTE, NOON, SECOND, ann, bob
from tests.delivery.history import facts_of
from tests.in_memory import Cell
from tests.servers import Database
from tests.shop import Shop

Pool = AsyncConnectionPool[Any]
MODELS = (group_board, order_status, refund_desk, group_odds)


class Held:
    """A clock that a test holds."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class Account:
    """A channel that holds so much, or does not answer."""

    name = "wechatpay"

    def __init__(self) -> None:
        self.fen = 10_000
        self.away = False
        self.asked = 0

    async def balance(self) -> ChannelBalance:
        self.asked += 1
        if self.away:
            raise ChannelInDoubt("nothing came back", "timeout")
        return ChannelBalance(Money(self.fen), Money(77))


@pytest.fixture
async def pool(fresh_database: Database) -> AsyncIterator[Pool]:
    with psycopg.connect(fresh_database.dsn, autocommit=True) as conn:
        conn.execute(
            "insert into platform.tenants values ('acme', 'cell_0', '甲'), ('far', 'cell_1', '乙')"
        )

    async def in_read(connection: Any) -> None:
        await connection.execute("set search_path to read")

    async with AsyncConnectionPool(
        fresh_database.dsn_as("tuan_projector"), kwargs={"autocommit": True}, configure=in_read
    ) as opened:
        async with opened.connection() as conn:
            for projection in PROJECTIONS:
                await make_tables(conn, projection.tables, projection.ddl)
        yield opened


async def follow(pool: Pool, shop: Shop) -> None:
    async with pool.connection() as conn, conn.transaction():
        for model in MODELS:
            kinds = getattr(model.Interest, "__args__")  # noqa: B009
            wanted = [
                Recorded(position, fact.event.at, "acme", fact.stream, fact.event)
                for position, fact in enumerate(facts_of(shop.cell), 1)
                if isinstance(fact.event, kinds)
            ]
            await model.PROJECTION.project(wanted, conn)


def watching(pool: Pool, account: Account, clock: Held) -> Balances:
    channel: Any = account
    return Balances({"acme": channel, "far": channel}.get, pool, clock, "cell_0")


async def told(pool: Pool) -> list[tuple[Any, ...]]:
    query = "select tenant, available_fen, pending_fen, told_at, error, asked_at, short_since from channel_balances"
    async with pool.connection() as conn:
        rows: list[tuple[Any, ...]] = await (await conn.execute(query)).fetchall()
    return rows


async def alarms(pool: Pool) -> list[str]:
    async with pool.connection() as conn:
        rows = await (await conn.execute("select detail from alarms order by alarm_id")).fetchall()
    return [row[0] for row in rows]


async def test_an_account_of_the_cell_is_asked_once_a_minute_however_many_watch(pool: Pool) -> None:
    account, clock = Account(), Held()
    watchers = [watching(pool, account, clock) for _ in range(3)]
    for minute in range(3):
        for seconds in (0, 20, 59):
            clock.at = NOON + minute * MINUTE + seconds * SECOND + minute * SECOND
            await asyncio.gather(*(one.look() for one in watchers))
        assert account.asked == minute + 1
    assert await told(pool) == [
        (
            "acme",
            10_000,
            77,
            NOON + 2 * MINUTE + 2 * SECOND,
            None,
            NOON + 2 * MINUTE + 2 * SECOND,
            None,
        )
    ]


async def test_a_channel_that_does_not_answer_leaves_what_it_said_last(pool: Pool) -> None:
    account, clock = Account(), Held()
    await watching(pool, account, clock).look()
    account.away = True
    clock.at += 2 * MINUTE
    await watching(pool, account, clock).look()
    (row,) = await told(pool)
    assert row[1:4] == (10_000, 77, NOON)
    assert (row[4], row[5]) == ("ChannelInDoubt: nothing came back", NOON + 2 * MINUTE)
    account.away = False
    clock.at += 2 * MINUTE
    await watching(pool, account, clock).look()
    assert (await told(pool))[0][4] is None


async def test_a_clock_that_jumped_back_does_not_stop_the_asking(pool: Pool) -> None:
    account, clock = Account(), Held(NOON + 60 * MINUTE)
    await watching(pool, account, clock).look()
    clock.at = NOON
    await watching(pool, account, clock).look()
    assert account.asked == 2


async def test_running_short_is_told_before_it_happens_once_and_again_after_it_was_enough(
    pool: Pool,
) -> None:
    shop = Shop(Cell(), hours=20)
    for leader in (ann, bob):
        shop.opens_and_pays(leader)  # 990 each, in groups that miss two
    await follow(pool, shop)
    account, clock = Account(), Held(shop.cell.at)

    async def look_with(fen: int) -> None:
        account.fen = fen
        await watching(pool, account, clock).look()
        clock.at += 2 * MINUTE

    await look_with(991)
    assert await alarms(pool) == []  # half of them fail, as far as anybody knows
    for _ in range(3):
        await look_with(989)
    (warning,) = await alarms(pool)
    assert "acme: the account holds 989 fen; refunds are expected to need 990" in warning
    assert "1980 if every open group fails" in warning
    assert (await told(pool))[0][6] is not None
    await look_with(5000)
    assert (await told(pool))[0][6] is None
    await look_with(0)
    assert len(await alarms(pool)) == 2


async def test_refunds_that_wait_count_and_those_that_the_channel_took_on_do_not(
    pool: Pool,
) -> None:
    shop = Shop(Cell())
    opened = shop.opens_and_pays(ann)
    shop.withdraws(opened.order_id)
    other = shop.opens_and_pays(bob)
    shop.withdraws(other.order_id)
    shop.cell.wait(minutes=1)
    shop.repays(seen="processing")
    third = shop.opens_and_pays(ann)
    shop.withdraws(third.order_id)
    await follow(pool, shop)
    account, clock = Account(), Held(shop.cell.at)
    account.fen = 989
    await watching(pool, account, clock).look()
    (warning,) = await alarms(pool)
    assert "990 wait now" in warning
