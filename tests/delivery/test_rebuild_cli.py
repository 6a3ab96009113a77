"""`tuan rebuild` as an operator uses it: while writes go on, with a bar, a verdict, and an exit code."""

import asyncio
import subprocess
import sys

import psycopg
import pytest
from pydantic import SecretStr

from infra.delivery.connect import connect
from infra.delivery.decisions import Decisions
from infra.delivery.replay import make_tables
from infra.services.rebuild import NAMES
from infra.settings import CHECKOUT, Settings
from projections import refusals
from tests.delivery.conftest import CELL, Pipe
from tests.delivery.history import world
from tests.delivery.test_decisions import decide

TAMPER = "update read.stock_levels_v1 set sold = sold + 1"


async def rebuild(settings: Settings, pipe: Pipe, *arguments: str) -> tuple[int, str, str]:
    """Exit code, what it found, and what it showed on the way."""
    dsn = SecretStr(pipe.dsn.partition("?options")[0])
    mine = settings.model_copy(update={"postgres_dsn": dsn})
    env = {"PYTHONPATH": str(CHECKOUT), **mine.as_environment()}
    done = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "infra", "rebuild", *arguments),
        env=env, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(90):
        out, err = await done.communicate()
    assert done.returncode is not None
    return done.returncode, out.decode(), err.decode()


async def follow_commands(pipe: Pipe) -> None:
    async with await connect(pipe.dsn, "test") as conn:
        await make_tables(conn, refusals.TABLES, refusals.TABLE)
    pipe.run(Decisions(CELL, pipe.dsn).run())


async def test_all_are_rebuilt_while_writes_go_on(settings: Settings, pipe: Pipe) -> None:
    pipe.consumer()
    await follow_commands(pipe)
    events = world(1, groups=60)
    half = len(events) // 2
    pipe.history.append(events[:half])
    decide(pipe.history, "join_group", "group_full", 3000)
    await pipe.arrived()
    rebuilding = asyncio.create_task(rebuild(settings, pipe, "--all"))
    for start in range(half, len(events), 20):
        pipe.history.append(events[start : start + 20])
        decide(pipe.history, "open_group", "stock_short", 10)
        await asyncio.sleep(0.005)
    code, found, shown = await rebuilding
    assert code == 0, found + shown
    assert [line.partition(":")[0] for line in found.splitlines()] == list(NAMES)
    assert {line.partition(", ")[2] for line in found.splitlines()} == {"the same rows as before"}
    assert f"order_status_v2 {CELL}" in shown
    await pipe.arrived([*NAMES[:-1]])
    assert await pipe.equals_replay()


async def test_rows_that_were_tampered_with_are_replaced_and_exit_with_1(
    settings: Settings, pipe: Pipe
) -> None:
    pipe.consumer()
    await follow_commands(pipe)
    pipe.history.append(world(2, groups=5))
    decide(pipe.history, "join_group", "group_full", 12)
    await pipe.arrived()
    pipe.history.conn.execute(TAMPER)
    code, found, _ = await rebuild(settings, pipe, "stock_levels_v1")
    assert (code, "OTHER rows" in found) == (1, True)
    assert await pipe.equals_replay()
    assert (await rebuild(settings, pipe, "stock_levels_v1"))[0] == 0
    code, _, _ = await rebuild(settings, pipe, refusals.NAME)
    assert code == 0
    pipe.history.conn.execute("update read.refusals_v1 set times = times + 1")
    assert (await rebuild(settings, pipe, refusals.NAME))[0] == 1
    assert pipe.history.rows("select sum(times)::int from read.refusals_v1") == [(12,)]


async def test_one_that_never_ran_is_made_and_goes_on_from_there(
    settings: Settings, pipe: Pipe
) -> None:
    pipe.history.append(world(3, groups=5))
    pipe.history.conn.execute("drop table read.order_status_v2")
    assert (await rebuild(settings, pipe, "order_status_v2"))[0] == 0
    pipe.consumer()
    await pipe.arrived()
    assert await pipe.equals_replay()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("order_status",), "tuan: there is no read model 'order_status'; there are order_status_v2, "),
        ((), "tuan: name one read model, or say --all\n"),
        (("--all", "order_status_v2"), "tuan: name one read model, or say --all\n"),
    ],
)  # fmt: skip
async def test_what_cannot_be_meant_is_refused_in_one_line(
    settings: Settings, pipe: Pipe, arguments: tuple[str, ...], line: str
) -> None:
    code, found, shown = await rebuild(settings, pipe, *arguments)
    assert (code, found) == (2, "")
    assert shown.startswith(line)
    assert shown.count("\n") == 1


async def test_only_one_rebuild_at_a_time(settings: Settings, pipe: Pipe) -> None:
    with psycopg.connect(pipe.dsn) as other:
        other.execute("select pg_advisory_lock(hashtextextended('tuan rebuild', 0))")
        code, _, shown = await rebuild(settings, pipe, "order_status_v2")
    assert (code, shown) == (2, "tuan: another rebuild is running\n")
