"""Read models: each is made again from the log beside the one in use, and holds the same rows, or the first other one."""

import asyncio
from contextlib import closing
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection, sql

from infra.cell.damage import Bad
from infra.delivery.checkpoints import OPEN
from infra.delivery.connect import connect
from infra.delivery.messages import START
from infra.delivery.replay import LOCK, catch_up, empty_tables, equal, goals, make_tables
from infra.evidence.checks import Found, Scene, is_there, of_cell, snapshot, strangers
from infra.evidence.checks_ledger import differing
from projections import PROJECTIONS, ledger, refusals
from projections.recorded import Projection

CELLS: Final = "select distinct cell from read.checkpoints union select %s order by 1"
ONE_AT_A_TIME: Final = "select pg_try_advisory_lock(hashtextextended('tuan rebuild', 0))"
PRIMARY_KEY: LiteralString = """
select array_agg(a.attname::text order by k.n) from pg_index i
cross join unnest(i.indkey) with ordinality as k(number, n)
join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
where i.indrelid = %s::regclass and i.indisprimary"""
OTHER: LiteralString = """
select to_jsonb(kept), to_jsonb(made) from read.{table} kept full join rebuild.{table} made using ({keys})
where to_jsonb(kept) is distinct from to_jsonb(made) order by {keys} limit 1"""
REFUSALS: LiteralString = """
with kept as (select * from read.refusals_v1 where tenant <> all(%s)),
     made as (select tenant, date_trunc('minute', at) as minute, name as command, outcome,
                     count(*) as times, max(seq) as seq
              from {}.commands where seq <= (select position from read.checkpoints where handler = %s and cell = %s)
              group by 1, 2, 3, 4)
select to_jsonb(kept), to_jsonb(made) from kept full join made using (tenant, minute, command, outcome)
where to_jsonb(kept) is distinct from to_jsonb(made) order by minute, tenant, command, outcome limit 1"""


def check_read_models(scene: Scene) -> Found:
    """Replay each but the ledger, whose lines are compared with their events one by one."""
    return asyncio.run(replayed(scene))


async def replayed(scene: Scene) -> Found:
    async with await connect(scene.settings.dsn("tuan_projector"), "tuan-verify") as conn:
        row = await (await conn.execute(ONE_AT_A_TIME)).fetchone()
        if row is None or not row[0]:
            return Found("read models: not compared, a rebuild is running")
        cells = [cell for (cell,) in await (await conn.execute(CELLS, (scene.cell,))).fetchall()]
        same = 0
        for projection in PROJECTIONS:
            if projection.name == ledger.NAME or not await in_use(conn, projection):
                continue
            scene.told(projection.name)
            bad = await other(conn, projection, cells)
            if bad is not None:
                return Found(f"read models: {projection.name} is DAMAGED at {bad}", bad)
            same += 1
    bad = miscounted(scene)
    if bad is not None:
        return Found(f"read models: {refusals.NAME} is DAMAGED at {bad}", bad)
    return Found(f"read models: {same} hold what a replay of the log makes of it")


async def in_use(conn: AsyncConnection[Any], projection: Projection) -> bool:
    """Has any projector begun with it?"""
    query = "select exists (select from read.checkpoints where handler = %s and position > 0)"
    row = await (await conn.execute(query, (projection.name,))).fetchone()
    return bool(row and row[0])


async def other(conn: AsyncConnection[Any], projection: Projection, cells: list[str]) -> Bad | None:
    """The first row that is not what a replay makes. Only the last few events hold the model up."""
    await make_tables(conn, projection.tables, projection.ddl)
    for cell in cells:
        await conn.execute(OPEN, ([projection.name], cell))
    places = dict.fromkeys(cells, START)
    await empty_tables(conn, projection)
    try:
        await catch_up(conn, projection, places, lambda cell, position, head: None)
        async with conn.transaction():
            await conn.execute(LOCK, (projection.name,))
            reached = await goals(conn, projection, places)
            for cell in [cell for cell, position in reached.items() if position is None]:
                return Bad(f"read.checkpoints {projection.name} {cell}", "hash", "not in the log", "one of it")  # fmt: skip
            await catch_up(conn, projection, places, lambda cell, position, head: None)
            if await equal(conn, projection):
                return None
            for table in projection.tables:
                if (bad := await first_other(conn, table)) is not None:
                    return bad
        return Bad(f"read.{projection.tables[0]}", "its digest", "another", "that of a replay")
    finally:
        await drop_tables(conn, projection)


async def first_other(conn: AsyncConnection[Any], table: LiteralString) -> Bad | None:
    row = await (await conn.execute(PRIMARY_KEY, (f"read.{table}",))).fetchone()
    if row is None or row[0] is None:
        return None
    keys: list[str] = row[0]
    names = sql.SQL(", ").join(map(sql.Identifier, keys))
    query = sql.SQL(OTHER).format(table=sql.Identifier(table), keys=names)
    found = await (await conn.execute(query)).fetchone()
    return differing(f"read.{table}", keys, *found) if found else None


async def drop_tables(conn: AsyncConnection[Any], projection: Projection) -> None:
    if conn.broken:
        return
    for table in projection.tables:
        await conn.execute(sql.SQL("drop table if exists rebuild.{}").format(sql.Identifier(table)))


def miscounted(scene: Scene) -> Bad | None:
    """The first count of refusals that is not what the commands say."""
    with closing(snapshot(scene, "tuan_projector")) as session:
        if not is_there(session, refusals.TABLES[0]):
            return None
        values = (strangers(session, scene.cell), refusals.NAME, scene.cell)
        row = session.execute(of_cell(REFUSALS, scene.cell), values).fetchone()
    keys = ["tenant", "minute", "command", "outcome"]
    return differing(f"read.{refusals.TABLES[0]}", keys, *row) if row else None
