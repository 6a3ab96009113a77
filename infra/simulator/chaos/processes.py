"""kill -9, SIGSTOP and crash points: what is done to the platform's processes, and the proof that it was.

Each returns True only when it has seen the fault happen, and raises `Stuck` when the platform does not get
over it.
"""

import asyncio
import shutil
import signal
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
from psycopg import AsyncConnection, sql

from infra.settings import Settings
from infra.simulator.chaos.plan import HURRIED, Fault
from infra.simulator.chaos.platform import let_live, tell_to_die
from infra.simulator.world.processes import ENGINES, OWNER, STANDBY, Processes, Trace, until

BACK_SECONDS: Final = 60.0  # for a process to be well again, also behind a bad network
FOUND_SECONDS: Final = 60.0  # for a cell to have an owner and a standby
POINT_SECONDS: Final = 90.0  # for a process to reach the point at which it is to die
NOTICED_SECONDS: Final = 60.0

BURY: LiteralString = "update {cell}.owner set heartbeat_at = '-infinity' where address = %s"
END_SESSION: LiteralString = """
select pg_terminate_backend(a.pid) from pg_stat_activity a join {cell}.owner o on o.backend_pid = a.pid"""
LIVES: LiteralString = "select coalesce(max(stream_epoch), 0) from read.streams where cell = %s"


class Stuck(Exception):
    """The platform did not get over a fault by itself."""


class Assault:
    """`processes` are the platform's; `settings` lead to its database without a proxy."""

    def __init__(self, processes: Processes, settings: Settings) -> None:
        self._processes = processes
        self._settings = settings
        self._directory = settings.data_dir

    # --- kill -9 -------------------------------------------------------------------------------

    async def kill(self, fault: Fault) -> bool:
        name = await self._who(fault.target)
        killed = await self._killed(name)
        if fault.target == OWNER and fault.detail == HURRIED:
            await self._bury(name)
        await self._back(name, killed)
        if name == "postgres":
            await self._database_answers()
        return not killed.alive

    async def wipe(self, _: Fault) -> bool:
        """NATS dies and loses all it had; the relay has to begin a new life of the stream."""
        lives = await self._lives()
        await self._lose_nats()

        async def noticed() -> bool:
            return await self._lives() > lives

        if not await until(noticed, NOTICED_SECONDS):
            raise Stuck("no relay noticed that NATS had lost everything")
        return True

    # --- SIGSTOP -------------------------------------------------------------------------------

    async def stop(self, fault: Fault) -> bool:
        """Longer than any lease; a stopped owner has to be replaced before it wakes."""
        name = await self._who(fault.target)
        stopped = self._processes.send(name, signal.SIGSTOP)
        try:
            await asyncio.sleep(fault.seconds)
            was_stopped = stopped.alive and state(stopped.pid) == "T"
            if was_stopped and fault.target == OWNER:
                heir = next(engine for engine in ENGINES if engine != name)

                async def took_over() -> bool:
                    return await self._processes.owns(heir) is True

                if not await until(took_over, FOUND_SECONDS):
                    raise Stuck(f"{heir} did not take over from {name}, which was stopped")
        finally:
            self._processes.send(name, signal.SIGCONT)

        async def well() -> bool:
            return await self._processes.health(name) is not None

        if not await until(well, BACK_SECONDS):
            raise Stuck(f"{name} was not well after it had been stopped")
        return was_stopped

    # --- crash points --------------------------------------------------------------------------

    async def crash(self, fault: Fault) -> bool:
        """Its next life ends at a named point; whoever starts it sees to that, and its log tells."""
        point = fault.detail.partition(":")[0]
        name = fault.target if fault.target != "engine" else await self._who(STANDBY)
        told = Log(self._directory / "log" / f"{name}.log", f"SIGKILL at {point}")
        tell_to_die(self._directory, name, fault.detail)
        try:
            killed = await self._killed(name)
            if fault.target == "engine" or point == "life_noted":
                await self._back(name, killed)
            if point == "life_noted":
                await self._lose_nats()

            async def died_there() -> bool:
                if fault.target == "engine" and not told.appeared:
                    await self._enthrone(name)
                if point == "resolved" and not told.appeared:
                    await self._ask(END_SESSION)  # a session lost over a batch leads there
                return told.appeared

            seen = await until(died_there, POINT_SECONDS)
        finally:
            let_live(self._directory, name)
        self._processes.send(name, signal.SIGKILL)  # a life that was told to die, too
        for one in ENGINES if fault.target == "engine" else (name,):
            await self._back(one, None)
        return seen

    async def _enthrone(self, name: str) -> None:
        """Only an owner comes by its points: whoever else owns the cell dies, until it is this one's turn."""
        owner = await self._processes.name(OWNER)
        if owner in (None, name):
            return
        killed = await self._killed(owner)
        await self._bury(owner)
        await self._back(owner, killed)

    async def _lose_nats(self) -> None:
        store: Path = self._directory / "nats" / "store"
        lost = store.with_name("lost")
        # Stopped first, so that it cannot write, nor be started again, while its store goes away.
        killed = self._processes.send("nats", signal.SIGSTOP)
        store.rename(lost)
        self._processes.send("nats", signal.SIGKILL)
        shutil.rmtree(lost)
        await self._back("nats", killed)

    # --- parts ---------------------------------------------------------------------------------

    async def _who(self, target: str) -> str:
        """Which process that is. A cell may have no owner for a moment."""
        found: list[str] = []

        async def known() -> bool:
            name = await self._processes.name(target)
            found[:] = [name] if name else []
            return bool(found)

        if not await until(known, FOUND_SECONDS):
            raise Stuck(f"for {FOUND_SECONDS:.0f} s there was no {target}")
        return found[0]

    async def _killed(self, name: str) -> Trace:
        killed = self._processes.send(name, signal.SIGKILL)

        async def gone() -> bool:
            return not killed.alive

        if not await until(gone, BACK_SECONDS):
            raise Stuck(f"{name} outlived kill -9")
        return killed

    async def _back(self, name: str, before: Trace | None) -> None:
        if not await self._processes.back(name, before, BACK_SECONDS):
            raise Stuck(f"{name} was not well again within {BACK_SECONDS:.0f} s")

    async def _bury(self, engine: str) -> None:
        """It is dead for certain: nobody has to wait until its silence shows."""
        await self._ask(BURY, self._processes.address(engine))

    async def _lives(self) -> int:
        rows = await self._ask(LIVES, self._settings.cell)
        return int(rows[0][0]) if rows else 0

    async def _database_answers(self) -> None:
        async def answers() -> bool:
            return bool(await self._ask("select 1"))

        if not await until(answers, BACK_SECONDS):
            raise Stuck("postgres did not answer again")

    async def _ask(self, query: LiteralString, *values: Any) -> list[Any]:
        """Around every proxy; nothing when the database is away just now."""
        statement = sql.SQL(query).format(cell=sql.Identifier(self._settings.cell))
        try:
            async with await AsyncConnection.connect(
                self._settings.dsn(), autocommit=True, connect_timeout=2
            ) as conn:
                cursor = await conn.execute(statement, values)
                return await cursor.fetchall() if cursor.description else [()]
        except psycopg.OperationalError:
            return []


class Log:
    """Has this line come into the log since we began to look?"""

    def __init__(self, path: Path, line: str) -> None:
        self._path = path
        self._line = line.encode()
        self._from = path.stat().st_size if path.exists() else 0

    @property
    def appeared(self) -> bool:
        with self._path.open("rb") as file:
            if self._path.stat().st_size >= self._from:  # else it was set aside meanwhile
                file.seek(self._from)
            return self._line in file.read()


def state(pid: int) -> str:
    """One letter: R running, S sleeping, T stopped, Z gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"
