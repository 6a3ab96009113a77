"""Each morning after ten the bills of the day before are fetched, kept whole and recorded, by one runner of many."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from commands.ports import Answer
from commands.processes.todo import Point
from commands.use_case import Command
from domain.events.bill import BillAbsent, BillFetched, BillRejected, BillRestated
from infra.bills.formats import trade_lines
from infra.bills.store import PIECE, Lost, keep, lay_open, stream
from infra.processes.bills import Bills, ask_again, plan
from infra.wechatpay.channel import WeChatPay
from tests.in_memory import Cell
from tests.infra.wechatpay.bills import DAY, change, morning, shanghai
from tests.infra.wechatpay.support import MINUTE, Bare, HeldClock, Shop
from tests.servers import Database

Pool = AsyncConnectionPool[Any]
HALF_AN_HOUR = 30 * MINUTE


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
        yield opened


class House:
    """A tenant's engine in memory, and any number of runners that fetch for it."""

    def __init__(self, pool: Pool, channel: WeChatPay, clock: HeldClock) -> None:
        self.cell = Cell()
        self.pool = pool
        self.channel = channel
        self.clock = clock
        self.refuses = False
        self.keys: list[tuple[UUID, int]] = []

    async def ask(self, point: Point, command: Command, *, mark: str = "") -> Answer:
        assert point.tenant == "acme"
        if self.refuses:
            raise ConnectionError("nobody is there")
        self.keys.append((point.subject, point.tries))
        self.cell.at = self.clock.now()
        self.cell.ask(command)
        return Answer(UUID(int=1), "accepted", b"{}", "cell_0.1.1", False)

    def runner(self) -> Bills:
        sources = {"acme": (self.channel.bills,)}
        return Bills(lambda tenant: sources.get(tenant, ()), self, self.pool, self.clock, "cell_0")

    async def looks(self) -> None:
        """Whoever comes fetches all that is due."""
        while await self.runner().look():
            pass

    @property
    def events(self) -> list[Any]:
        return [recorded.event for recorded in self.cell.log]

    async def rows(self, query: Any) -> list[tuple[Any, ...]]:
        async with self.pool.connection() as conn:
            found: list[tuple[Any, ...]] = await (await conn.execute(query)).fetchall()
        return found

    async def schedule(self, day: date = DAY, kind: str = "trade") -> tuple[str, datetime | None]:
        rows = await self.rows("select bill_date, kind, state, next_at from bills.schedule")
        [found] = [row[2:] for row in rows if row[:2] == (day, kind)]
        return found

    async def text(self, digest: str) -> bytes:
        async with self.pool.connection() as conn:
            return b"".join([text async for text in stream(conn, "acme", digest)])


@pytest.fixture
def house(pool: Pool, channel: WeChatPay, clock: HeldClock) -> House:
    return House(pool, channel, clock)


async def test_bills_are_fetched_after_ten_of_the_next_morning_and_not_before(
    house: House, bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    await house.looks()
    paid = await bare.pay(shop)
    for at in (shanghai(23, 59), shanghai(9, 59, 59, day=23)):
        clock.at = at
        await house.looks()
        assert house.events == []
    clock.at = shanghai(10, day=23)
    await house.looks()
    trade, flow = sorted(house.events, key=lambda event: event.kind, reverse=True)
    assert isinstance(trade, BillFetched)
    assert (trade.bill_date, trade.lines, trade.kind, flow.kind) == (DAY, 1, "trade", "fundflow")
    text = await house.text(trade.sha256)
    assert sha256(text).hexdigest() == trade.sha256
    assert len(text) == trade.size
    [line] = trade_lines(house.channel.bills.key("trade", "", DAY), BytesIO(text))
    assert line.transaction_id == paid
    await house.looks()
    assert len(house.events) == 2


async def test_a_day_without_trade_is_recorded_as_one(house: House, clock: HeldClock) -> None:
    await house.looks()
    morning(clock)
    await house.looks()
    assert [type(event) for event in house.events] == [BillAbsent, BillAbsent]
    assert await house.rows("select count(*) from bills.files") == [(0,)]


async def test_a_bill_that_is_not_written_yet_is_asked_for_each_half_hour(
    house: House, bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    await house.looks()
    await bare.pay(shop)
    morning(clock, hour=8)
    async with house.pool.connection() as conn:  # somebody is early
        await ask_again(conn, "acme", house.channel.bills.key("trade", "", DAY), clock.now())
    await house.looks()
    assert await house.schedule() == ("creating", clock.now() + HALF_AN_HOUR)
    while not house.events and clock.at < shanghai(10, day=23):
        clock.advance(HALF_AN_HOUR)
        await house.looks()
    assert isinstance(house.events[0], BillFetched)
    assert clock.at <= shanghai(10, day=23)


async def test_three_mornings_are_enough_to_see_that_a_bill_was_restated(
    house: House, bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    await house.looks()
    await bare.pay(shop)
    morning(clock)
    await house.looks()
    [first] = [event for event in house.events if event.kind == "trade"]
    assert (await house.schedule())[1] == shanghai(10, day=24)
    await change(bare, "reissue")
    morning(clock)
    await house.looks()
    [_, second] = [
        event for event in house.events if event.kind == "trade" and event.bill_date == DAY
    ]
    assert isinstance(second, BillRestated)
    assert second.previous_sha256 == first.sha256
    assert await house.text(first.sha256) != await house.text(second.sha256)
    assert (await house.schedule())[1] == shanghai(10, day=25)
    morning(clock)
    await house.looks()
    assert await house.schedule() == ("have", None)
    assert len([event for event in house.events if event.bill_date == DAY]) == 3


async def test_a_file_that_is_no_bill_is_kept_rejected_and_told_to_people(
    house: House, bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    await house.looks()
    transaction_id = await bare.pay(shop)
    await change(bare, "set", number=transaction_id, values={"手续费": "0.12345"})
    morning(clock)
    await house.looks()
    [rejected] = [event for event in house.events if event.kind == "trade"]
    assert isinstance(rejected, BillRejected)
    assert (rejected.errors[0].line, rejected.errors[0].column) == (2, "手续费")
    assert b"0.12345" in await house.text(rejected.sha256)
    assert await house.schedule() == ("rejected", clock.now() + HALF_AN_HOUR)
    [(kind, detail)] = await house.rows("select kind, detail from alarms")
    assert kind == "bill_rejected"
    assert "手续费" in detail
    await change(bare, "set", number=transaction_id, values={"手续费": "0.12000"})
    clock.advance(HALF_AN_HOUR)
    await house.looks()
    assert isinstance(house.events[-1], BillFetched)


async def test_a_lost_call_is_made_again_soon(
    house: House, bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    await house.looks()
    await bare.pay(shop)
    morning(clock)
    await bare.simulator.next("drop_reply", "bill", times=4)
    await house.looks()
    assert await house.schedule() == ("failed", clock.now() + 5 * MINUTE)
    clock.advance(5 * MINUTE)
    await house.looks()
    assert [type(event) for event in house.events] == [BillFetched, BillFetched]


async def test_an_engine_that_is_away_loses_nothing(
    house: House, bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    await house.looks()
    await bare.pay(shop)
    morning(clock)
    house.refuses = True
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await house.runner().look()
    assert not await house.runner().look()
    assert await house.rows("select count(*) from bills.files") == [(2,)]
    house.refuses = False
    clock.advance(HALF_AN_HOUR)
    await house.looks()
    assert [type(event) for event in house.events] == [BillFetched, BillFetched]


async def test_many_runners_fetch_each_bill_once(
    house: House, bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    await house.looks()
    await bare.pay(shop)
    morning(clock)
    await asyncio.gather(*(house.looks() for _ in range(4)))
    assert len(house.keys) == len(set(house.keys)) == 2


async def test_days_in_which_nobody_ran_are_fetched_afterwards(
    house: House, clock: HeldClock
) -> None:
    await house.looks()
    clock.at = shanghai(12, day=22) + timedelta(days=5)
    await house.looks()
    assert sorted({event.bill_date for event in house.events}) == [
        DAY + timedelta(days=n) for n in range(5)
    ]
    async with house.pool.connection() as conn:
        source = house.channel.bills
        await plan(conn, "acme", source, DAY, since=DAY - timedelta(days=2))
    await house.looks()
    assert min(event.bill_date for event in house.events) == DAY - timedelta(days=2)


NOON_UTC = datetime.fromisoformat("2026-11-23T04:00:00+00:00")


async def test_a_kept_file_is_never_changed_and_comes_back_whole(
    pool: Pool, fresh_database: Database
) -> None:
    text = bytes(range(256)) * 10_000 + zlib.compress(b"x" * 1000)
    digest = sha256(text).hexdigest()
    async with pool.connection() as conn:
        assert await keep(conn, "acme", digest, BytesIO(text), NOON_UTC)
        assert not await keep(conn, "acme", digest, BytesIO(text), NOON_UTC)
        with await lay_open(conn, "acme", digest) as file:
            assert file.read() == text
        [(pieces,)] = await (await conn.execute("select pieces from bills.files")).fetchall()
        assert pieces == -(-len(text) // PIECE)
        for other in ("far", "acme"):
            with pytest.raises(Lost):
                await lay_open(conn, other, digest if other == "far" else "0" * 64)
        with pytest.raises(Lost):
            await keep(conn, "acme", "1" * 64, BytesIO(text), NOON_UTC)
        for table in ("files", "pieces"):
            for verb in (f"delete from bills.{table}", f"update bills.{table} set sha256 = 'x'"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    await conn.execute(verb)
    with psycopg.connect(fresh_database.dsn, autocommit=True) as owner:
        for table in ("files", "pieces"):
            with pytest.raises(psycopg.errors.RestrictViolation):
                owner.execute(f"delete from bills.{table}")


async def test_a_file_that_somebody_was_at_is_not_given_out(
    pool: Pool, fresh_database: Database
) -> None:
    text = b"a bill\n" * 500_000
    digest = sha256(text).hexdigest()
    async with pool.connection() as conn:
        await keep(conn, "acme", digest, BytesIO(text), NOON_UTC)
    with psycopg.connect(fresh_database.dsn, autocommit=True) as owner:
        owner.execute("set session_replication_role = replica")
        for harm in (
            "update bills.pieces set data = set_byte(data, 9, get_byte(data, 9) # 1) where place = 1",
            "delete from bills.pieces where place = 2",
        ):
            owner.execute(harm)
            async with pool.connection() as conn:
                with pytest.raises(Lost):
                    await lay_open(conn, "acme", digest)


async def test_readers_see_the_files_of_their_own_tenant_only(
    pool: Pool, fresh_database: Database
) -> None:
    async with pool.connection() as conn:
        for tenant, text in (("acme", b"ours"), ("far", b"theirs")):
            await keep(conn, tenant, sha256(text).hexdigest(), BytesIO(text), NOON_UTC)
    with psycopg.connect(fresh_database.dsn) as owner:
        owner.execute("set local role tuan_reader")
        for tenant, seen in (("acme", 1), ("far", 1), ("", 0)):
            owner.execute("select set_config('app.tenant', %s, true)", (tenant,))
            for table in ("files", "pieces"):
                counted = owner.execute(f"select count(*) from bills.{table}")
                assert counted.fetchone() == (seen,)
