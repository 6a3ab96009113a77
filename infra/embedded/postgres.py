"""PostgreSQL 18 from its wheel: initialised once, started, asked whether it answers, stopped fast."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import psycopg

from infra.embedded.child import Child, StartFailed, birth
from infra.embedded.forked import POLL_SECONDS
from infra.embedded.unprivileged import give, home_for, programs_for, rights, user_for

MAJOR = "18"
NAME = "tuan"  # of the superuser and of the database
START_SECONDS = 60  # crash recovery included
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "wal_compression": "pglz",
    "jit": "off",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
    "log_checkpoints": "off",
}


class Postgres:
    """One server. `start` makes what is missing and returns when queries are answered."""

    name = "postgres"

    def __init__(
        self, data_dir: Path, *, port: int, password: str, options: Mapping[str, str] | None = None
    ) -> None:
        self.port = port
        self.password = password
        self.user = user_for(data_dir / "postgres" / "cluster")
        self.home = home_for(data_dir, self.user)
        self.cluster = self.home / "cluster"
        self.programs = programs_for(self.home, self.user)
        settings = {**OPTIONS, "port": str(port), **(options or {})}
        self.child = Child(
            self.name,
            argv=[
                str(self.programs / "postgres"),
                *("-D", str(self.cluster)),
                *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
            ],
            data_dir=data_dir,
            cwd=self.home,
            user=self.user,
            stop_signal=signal.SIGINT,  # fast shutdown: sessions end, everything is on disk
            stop_seconds=60,
        )

    def dsn(self, database: str = NAME) -> str:
        return f"postgresql://{NAME}:{self.password}@127.0.0.1:{self.port}/{database}"

    @property
    def alive(self) -> bool:
        return self.child.alive

    def start(self) -> None:
        """Raises: StartFailed."""
        self._initialise()
        self._forget_dead_postmaster()
        self.child.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if not self.alive:
                words = self.child.last_words()
                if "shared memory block" not in words or time.monotonic() > deadline:
                    raise StartFailed(f"postgres ended:\n{words}\n(log: {self.child.log})")
                self.child.start()  # sessions of a killed server take a moment to notice
            elif time.monotonic() > deadline:
                self.child.stop()
                raise StartFailed(
                    f"postgres was silent for {START_SECONDS} s (log: {self.child.log})"
                )
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Sessions end, everything is on disk."""
        self.child.stop()

    def _initialise(self) -> None:
        version = self.cluster / "PG_VERSION"
        if version.exists():
            if (found := version.read_text().strip()) != MAJOR:
                raise StartFailed(f"{self.cluster} is of PostgreSQL {found}; this is {MAJOR}")
            return
        unfinished = self.home / "cluster.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        secret = self.home / "password"
        with open(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(self.password)
        give(secret, self.user)
        done = subprocess.run(
            [
                str(self.programs / "initdb"),
                *("-D", str(unfinished), "--username", NAME, "--pwfile", str(secret)),
                *("--auth=scram-sha-256", "--locale=C", "--encoding=UTF8", "--no-instructions"),
            ],
            cwd=self.home,
            check=False,
            capture_output=True,
            text=True,
            **rights(self.user),
        )
        secret.unlink()
        if done.returncode:
            raise StartFailed(f"initdb: {done.stderr.strip() or done.stdout.strip()}")
        unfinished.rename(self.cluster)

    def _forget_dead_postmaster(self) -> None:
        """After kill -9 its number may be another program's by now, and PostgreSQL would wait for that one."""
        note = self.cluster / "postmaster.pid"
        if not note.exists():
            return
        pid = int(note.read_text().split("\n", 1)[0])
        running = Path(f"/proc/{pid}/cmdline")
        ours = running.exists() and bytes(self.cluster) in running.read_bytes().split(b"\0")
        if not birth(pid) or (Path("/proc").exists() and not ours):
            note.unlink()

    def _answers(self) -> bool:
        try:
            with psycopg.connect(
                self.dsn("postgres"), autocommit=True, connect_timeout=5
            ) as session:
                known = session.execute("select 1 from pg_database where datname = %s", (NAME,))
                if not known.fetchone():
                    session.execute(f"create database {NAME}")
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise StartFailed(
                    f"the password of {self.cluster} is lost: `make clean` forgets that database"
                ) from None
            return False
        return True
