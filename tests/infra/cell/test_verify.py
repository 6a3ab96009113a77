"""Whoever changes one stored byte is found out; an honest log, live or not, is intact."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

import psycopg
import pytest
from pydantic import SecretStr

from commands.engine.batch import Encoded
from commands.engine.parts import Limits
from infra.cell.offline import Offline, OfflineWriter
from infra.cell.verify import Report, verify
from infra.clock import SystemClock
from infra.evidence.judge import main
from infra.settings import Settings
from tests.engine.running import HandClock, Running, running
from tests.engine.toy import COUNTER, Bump, Fault, Open
from tests.infra.cell.tampering import Tamperer, tampered
from tests.servers import Database
from tests.waiting import eventually_async

EVENT_COLUMNS = """position epoch tenant category stream_id version type data command_id recorded_at
hash"""
COMMAND_COLUMNS = """seq command_id tenant principal name idempotency_key body body_mac facts outcome
reply seen_position first_position last_position code_rev correlation_id causation_id at hash"""
SEEDS = range(4)  # of each change of one column
MORE_SEEDS = range(8)  # of each change of whole rows


@pytest.fixture(scope="module")
def log(database: Database) -> str:
    """A DSN: two owners, two tenants, refusals, errors, bursts and timers are in its cell."""
    asyncio.run(write_a_log(database.dsn))
    return database.dsn


async def write_a_log(dsn: str) -> None:
    clock, counters = HandClock(), [uuid4() for _ in range(3)]
    for owner in (1, 2):
        async with running(dsn, clock=clock, limits=Limits(batch_commands=7)) as cell:
            await cell.ask(Open(late_seconds=5), principal="站长")
            for step in range(10):
                also = tuple(counters[1:]) if step % 3 == 0 else ()
                await cell.ask(Bump(counters[0], by=step, limit=60, also=also))
                await cell.ask(Bump(uuid4()), tenant="other")
                clock.forward(seconds=1)
            await cell.ask(Fault())
            await eventually_async(lambda: rung(cell, owner))  # noqa: B023  awaited here


async def rung(cell: Running, times: int) -> bool:
    return bool(cell.one("select count(*) from commands where name = 'ring'") == times)


ROWS: Sequence[Callable[[Tamperer, str], None]] = (
    *(Tamperer.delete, Tamperer.cut, Tamperer.cut_both),
    *(Tamperer.swap, Tamperer.swap_data, Tamperer.repeat),
)


def changes() -> Sequence[object]:
    """Every kind of change with its seeds."""
    columns = [("events", name) for name in EVENT_COLUMNS.split()]
    columns += [("commands", name) for name in COMMAND_COLUMNS.split()]
    tables = [(way, of) for way in ROWS for of in ("events", "commands")]
    return [
        *(pytest.param(Tamperer.change, of, seed, id=f"{'.'.join(of)}-{seed}")
          for of in columns for seed in SEEDS),
        *(pytest.param(way, (of,), seed, id=f"{way.__name__}-{of}-{seed}")
          for way, of in tables for seed in MORE_SEEDS),
    ]  # fmt: skip


@pytest.mark.parametrize(("way", "of", "seed"), changes())
def test_every_change_is_found(
    log: str, way: Callable[..., None], of: tuple[str, ...], seed: int
) -> None:
    with tampered(log, lambda tamperer: way(tamperer, *of), seed):
        assert verify(log, "cell_0", [COUNTER]).bad is not None


def flip(table: str, row: int, column: str) -> Callable[[Tamperer], None]:
    return lambda tamperer: tamperer.put(table, row, column, b"{}")


def test_the_first_bad_place_is_named_in_one_line(
    log: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(postgres_dsn=SecretStr(log))
    assert main(settings, [COUNTER]) == 0
    assert capsys.readouterr().out.startswith("cell_0 is intact: ")
    with tampered(log, flip("events", 7, "data"), 0):
        assert main(settings, [COUNTER]) == 1
        (line,) = capsys.readouterr().out.splitlines()
        assert line.startswith("cell_0 is DAMAGED at events position 7: hash is ")
    with tampered(log, flip("commands", 5, "reply"), 0):
        assert "at commands seq 5: hash is" in str(verify(log, "cell_0", [COUNTER]))
    with tampered(log, lambda tamperer: tamperer.run("delete from events where position = 9"), 0):
        assert "events after position 8: position is 10, expected 9" in str(
            verify(log, "cell_0", [COUNTER])
        )
    with tampered(log, lambda tamperer: tamperer.run("delete from commands where seq = 3"), 0):
        assert "commands after seq 2: seq is 4, expected 3" in str(verify(log, "cell_0", None))


def test_a_time_beyond_any_calendar_is_damage_too(log: str) -> None:
    change = "update events set recorded_at = 'infinity' where position = 4"
    with tampered(log, lambda tamperer: tamperer.run(change), 0):
        assert "unreadable" in str(verify(log, "cell_0", [COUNTER]).bad)


def test_the_owner_row_knows_where_the_log_ends(fresh_database: Database) -> None:
    dsn = fresh_database.dsn
    assert verify(dsn, "cell_0", [COUNTER]).bad is None
    offline(dsn, [row(uuid4(), 1)])
    for column in ("head_position", "command_seq"):
        with psycopg.connect(dsn, autocommit=True) as session:
            session.execute(f"update cell_0.owner set {column} = {column} + 1".encode())
            assert f"owner: {column} is 2, expected 1" in str(verify(dsn, "cell_0", None).bad)
            session.execute(f"update cell_0.owner set {column} = {column} - 1".encode())


async def test_beside_a_live_engine_the_log_is_intact(fresh_database: Database) -> None:
    async with running(fresh_database.dsn) as cell:
        counter, reports = uuid4(), set[Report]()

        async def client() -> None:
            while len(reports) < 5:
                await cell.ask(Bump(counter))

        clients = asyncio.gather(*(client() for _ in range(8)))
        while len(reports) < 5:
            reports.add(await asyncio.to_thread(verify, fresh_database.dsn, "cell_0", [COUNTER]))
        await clients
        assert {report.bad for report in reports} == {None}
        assert len({report.events for report in reports}) > 1


def offline(dsn: str, rows: Sequence[Encoded], tenant: str = "demo") -> None:
    """Write with an honest chain what no engine would write."""
    writer = OfflineWriter(dsn, "cell_0", Offline(tenant, "operator", "test", SystemClock()))
    writer.write(lambda: rows)
    writer.close()


def row(
    stream: UUID,
    version: int,
    *,
    category: str = "counter",
    type: str = "counter.bumped.v1",
    data: bytes = b'{"type":"counter.bumped.v1","by":1}',
) -> Encoded:
    return category, stream, version, type, data


ONE = UUID(int=1)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([row(ONE, 2)], "version is 2, expected 1"),
        ([row(ONE, 1), row(ONE, 3)], "version is 3, expected 2"),
        ([row(ONE, 2), row(ONE, 1)], "its place in the log is 1, expected after 2"),
        ([row(ONE, 1, category="other")], "category is other, expected one of counter"),
        ([row(ONE, 1, data=b'{"by":1}')], "data is unreadable"),
        ([row(ONE, 1, data=b"\xff")], "data is unreadable"),
        ([row(ONE, 1, type="counter.bumped.v2")], "type is counter.bumped.v2, expected"),
    ],
)
def test_an_honest_chain_over_a_wrong_log_is_no_excuse(
    fresh_database: Database, rows: Sequence[Encoded], says: str
) -> None:
    offline(fresh_database.dsn, rows)
    report = verify(fresh_database.dsn, "cell_0", [COUNTER])
    assert says in str(report.bad)


def test_a_stream_belongs_to_one_tenant(fresh_database: Database) -> None:
    offline(fresh_database.dsn, [row(ONE, 1)])
    offline(fresh_database.dsn, [row(ONE, 2)], tenant="other")
    report = verify(fresh_database.dsn, "cell_0", [COUNTER])
    assert "tenant is other, expected demo" in str(report.bad)
