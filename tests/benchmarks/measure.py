"""Run one load in its own process, and small sums over what came back."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psycopg

from infra.embedded import ports
from infra.settings import CHECKOUT
from tests.benchmarks.loadgen import Plan, Result
from tests.benchmarks.platform import Platform
from tests.waiting import eventually


def run(plan: Plan) -> Result:
    """Play the plan from another process; every answer must be a success."""
    with tempfile.NamedTemporaryFile(suffix=".plan") as file:
        file.write(msgspec.msgpack.encode(plan))
        file.flush()
        argv = [sys.executable, "-m", "tests.benchmarks.loadgen", file.name]
        done = subprocess.run(argv, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True)
    result = msgspec.json.decode(done.stdout, type=Result)
    bad = {status: n for status, n in result.statuses.items() if not status.startswith("2")}
    assert not bad, f"answers that are no success: {bad}"
    return result


@contextmanager
def serving(platform: Platform, module: str) -> Iterator[int]:
    """Another HTTP server beside the platform, with the same settings; yields its port."""
    port = ports.choose()
    argv = [sys.executable, "-m", f"tests.benchmarks.{module}", str(port)]
    process = subprocess.Popen(argv, cwd=CHECKOUT, env=platform.env)

    def answers() -> bool:
        assert process.poll() is None, f"{module} ended"
        return not ports.is_free(port)

    try:
        eventually(answers, 30)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def install_row_locks(
    platform: Platform, groups: list[str], campaign_id: str, pool_id: str
) -> None:
    """The rival's tables, with the same groups as the platform's."""
    sql = Path(__file__).with_name("row_locks.sql").read_bytes()
    with psycopg.connect(platform.dsn, autocommit=True) as session:
        session.execute("drop schema if exists row_locks cascade")
        session.execute(sql)
        session.execute("insert into row_locks.pools values (%s, 100000000, 0)", (pool_id,))
        for group in groups:
            session.execute(
                "insert into row_locks.groups values (%s, 'demo', %s, %s, 'open', 500, 1, "
                "now() + interval '1 day', 800, 100000, 15)",
                (group, campaign_id, pool_id),
            )
        session.execute("analyze")


class Figure(NamedTuple):
    """One measured number. `details` explains it."""

    key: str
    value: float
    unit: str
    details: dict[str, Any]


Note = Callable[..., None]
"""`note(key, value, unit="", **details)`: keeps a figure."""
