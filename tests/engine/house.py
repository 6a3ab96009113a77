"""Real engine processes on one cell: started, killed, stopped, continued; and how such a test ends."""

import asyncio
import logging
import os
import random
import socket
import sys
from collections.abc import Callable
from typing import LiteralString, NamedTuple

import psycopg

from infra.crash import VARIABLE
from infra.embedded import ports
from infra.embedded.child import Child
from tests.engine.books import Books, audit, no_timer_waits
from tests.engine.customers import Customers
from tests.engine.wire import Ask, encode, read_said
from tests.servers import Processes
from tests.waiting import eventually, eventually_async

STARTS_IN = 30  # seconds
SEED = int(os.environ.get("TUAN_TEST_SEED", random.randrange(1 << 30)))

END_SESSION: LiteralString = """
select pg_terminate_backend(a.pid) from pg_stat_activity a join cell_0.owner o on o.backend_pid = a.pid"""
SLOW_FLUSH: LiteralString = """
do $$ begin
  execute format('alter database %I set commit_delay = 4000', current_database());
  execute format('alter database %I set commit_siblings = 0', current_database());
end $$"""
POWERLESS: LiteralString = """
do $$ begin
  create role powerless;
exception when duplicate_object then null; end $$;
grant pg_read_all_stats to powerless;
grant usage on schema cell_0 to powerless;
grant select, update on cell_0.owner to powerless;
alter function cell_0.take_ownership owner to powerless"""

log = logging.getLogger(__name__)


class Toy(NamedTuple):
    """One process and where it listens."""

    child: Child
    address: str

    def owns(self) -> bool:
        host, port = self.address.split(":")
        with socket.create_connection((host, int(port)), 5) as line, line.makefile("rwb") as file:
            file.write(encode(Ask("owner")) + b"\n")
            file.flush()
            return read_said(file.readline()).outcome == "owner"

    def listens(self) -> bool:
        host, port = self.address.split(":")
        try:
            socket.create_connection((host, int(port)), 5).close()
        except ConnectionError:
            return False
        return True


class House:
    """`addresses` are those of processes that can be asked, the list customers look at."""

    def __init__(self, processes: Processes, dsn: str) -> None:
        self.processes = processes
        self.dsn = dsn
        self.addresses: list[str] = []

    def begin(self, *, crash_at: str = "", dsn: str = "") -> Toy:
        """A process on its way: it may not listen yet."""
        port = ports.choose()
        argv = [sys.executable, "-P", "-m", "tests.engine.toy_process", dsn or self.dsn, str(port)]
        child = self.processes.run(
            [*argv, self.dsn],
            env={VARIABLE: crash_at, "PYTHONPATH": "."},
            name="toy",
        )
        return Toy(child, f"127.0.0.1:{port}")

    def start(self, *, crash_at: str = "", dsn: str = "") -> Toy:
        """A process that listens; it owns the cell when nobody else does."""
        return self.welcome(self.begin(crash_at=crash_at, dsn=dsn))

    def welcome(self, toy: Toy) -> Toy:
        eventually(lambda: toy.listens() or not toy.child.alive, STARTS_IN)
        assert toy.child.alive, toy.child.last_words(30)
        self.addresses.append(toy.address)
        return toy

    def enthrone(self, toy: Toy) -> Toy:
        """A process that listens and owns the cell. A younger one begun before that might be faster."""
        self.welcome(toy)
        eventually(lambda: self.owner() == toy.address or not toy.child.alive, STARTS_IN)
        return toy

    def owner(self) -> str:
        with psycopg.connect(self.dsn, autocommit=True) as session:
            row = session.execute("select address from cell_0.owner").fetchone()
        return str(row[0]) if row else ""

    def bury(self, toy: Toy) -> None:
        """It is dead for certain, or will be now. Nobody has to wait until its silence shows."""
        toy.child.kill()
        self.addresses.remove(toy.address)
        with psycopg.connect(self.dsn, autocommit=True) as session:
            session.execute(
                "update cell_0.owner set heartbeat_at = '-infinity' where address = %s",
                (toy.address,),
            )


async def in_thread(condition: Callable[[], bool], seconds: float = 15) -> None:
    """Wait for what blocks while it looks, and let customers go on meanwhile."""

    async def holds() -> bool:
        return await asyncio.to_thread(condition)

    await eventually_async(holds, seconds)


async def one_more_answer(crowd: Customers, seconds: float = 30) -> None:
    """Commands are being answered at this moment."""
    before = crowd.met["answer"]

    async def answered() -> bool:
        crowd.are_content()
        return crowd.met["answer"] > before

    await eventually_async(answered, seconds)


async def finish(crowd: Customers, dsn: str) -> Books:
    """Everybody has a definite answer; promises are kept; the books agree; and nothing said ever changes."""
    await crowd.leave()
    await crowd.collect_promises()
    await in_thread(lambda: no_timer_waits(dsn))
    books = await asyncio.to_thread(audit, dsn, crowd.settled)
    await crowd.check_what_was_told()
    log.warning("seed %d: %d settled, %s", SEED, len(crowd.settled), dict(crowd.met))
    return books
