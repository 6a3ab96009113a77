"""Real engine processes on one cell: started, killed, stopped, continued."""

import socket
import sys
from typing import NamedTuple

import psycopg

from infra.crash import VARIABLE
from infra.embedded import ports
from infra.embedded.child import Child
from infra.settings import acting_as
from tests.engine.wire import Ask, encode, read_said
from tests.servers import Processes
from tests.waiting import eventually

STARTS_IN = 30  # seconds


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
            [*argv, acting_as(self.dsn, "tuan_api")],
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

    def bury(self, toy: Toy) -> None:
        """It is dead for certain, or will be now. Nobody has to wait until its silence shows."""
        toy.child.kill()
        self.addresses.remove(toy.address)
        with psycopg.connect(self.dsn, autocommit=True) as session:
            session.execute(
                "update cell_0.owner set heartbeat_at = '-infinity' where address = %s",
                (toy.address,),
            )
