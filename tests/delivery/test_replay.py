"""A read model made again takes the place of the old one while events go on arriving."""

import asyncio

from infra.delivery.connect import connect
from infra.delivery.replay import Rebuilt, digest, rebuild
from projections import PROJECTIONS, order_status, stock_levels
from tests.delivery.conftest import CELL, Pipe
from tests.delivery.history import world

UNDER_RLS = """
select relname from pg_class where relnamespace = 'read'::regnamespace and relkind = 'r'
  and relrowsecurity and has_table_privilege('tuan_reader', oid, 'select')"""


async def test_a_rebuild_while_writes_go_on_finds_the_same_rows_and_switches(pipe: Pipe) -> None:
    await pipe.relay()
    pipe.consumer()
    events = world(1, groups=100)
    half = len(events) // 2
    pipe.history.append(events[:half])
    await pipe.arrived()
    progress: list[int] = []

    async def rebuild_all() -> list[Rebuilt]:
        async with await connect(pipe.dsn, "test") as conn:
            return [
                await rebuild(conn, it, [CELL], lambda _, at, head: progress.append(at))
                for it in PROJECTIONS
            ]

    rebuilding = asyncio.create_task(rebuild_all())
    for start in range(half, len(events), 20):
        pipe.history.append(events[start : start + 20])
        await asyncio.sleep(0.005)
    assert [rebuilt.same for rebuilt in await rebuilding] == [True] * len(PROJECTIONS)
    assert progress
    await pipe.arrived()
    assert await pipe.equals_replay()


async def test_a_table_that_was_tampered_with_is_found_different_and_replaced(pipe: Pipe) -> None:
    pipe.consumer()
    pipe.history.append(world(2, groups=5))
    await pipe.arrived()
    pipe.history.conn.execute("update read.stock_levels_v1 set sold = sold + 1")
    assert not await pipe.equals_replay()
    async with await connect(pipe.dsn, "test") as conn:
        assert (await rebuild(conn, stock_levels.PROJECTION, [CELL])).same is False
    assert await pipe.equals_replay()


async def test_rebuilt_tables_are_as_guarded_as_the_first(pipe: Pipe) -> None:
    before = pipe.history.rows(UNDER_RLS)
    pipe.history.append(world(3, groups=2))
    async with await connect(pipe.dsn, "test") as conn:
        for projection in PROJECTIONS:
            await rebuild(conn, projection, [CELL])
    assert set(pipe.history.rows(UNDER_RLS)) == set(before)
    owned = {table for projection in PROJECTIONS for table in projection.tables}
    assert owned <= {name for (name,) in before}


async def test_the_digest_sees_rows_and_not_their_order(pipe: Pipe) -> None:
    pipe.consumer()
    pipe.history.append(world(4, groups=5))
    await pipe.arrived()
    tables = order_status.PROJECTION.tables
    async with await connect(pipe.dsn, "test") as conn:
        before = await digest(conn, "read", tables)
        pipe.history.conn.execute(
            "update read.order_status_v2 set position = position"
        )  # moves every row
        assert await digest(conn, "read", tables) == before
        pipe.history.conn.execute(
            "update read.order_status_v2 set amount_fen = amount_fen + 1 where kind = 'single'"
        )
        assert await digest(conn, "read", tables) != before
