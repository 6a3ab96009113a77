"""Real servers and processes for tests: our own PostgreSQL and NATS, and anything `tuan` can run."""

import itertools
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import psycopg

from infra.dsn import acting_as
from infra.embedded import ports
from infra.embedded.child import Child
from infra.embedded.healthz import healthy
from infra.embedded.nats import Nats
from infra.embedded.postgres import Postgres
from infra.settings import CHECKOUT, Settings
from tests.waiting import eventually

PROCESS_STARTS_IN = 30  # seconds


class Database(NamedTuple):
    """A migrated database of one's own."""

    dsn: str

    def dsn_as(self, role: str) -> str:
        """The same, acting in this role: tuan_engine, tuan_projector, ..."""
        return acting_as(self.dsn, role)


class Processes:
    """Real processes, each with its log; whatever still runs at the end of the test is killed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.started: list[Child] = []
        self._numbers = itertools.count(1)

    def tuan(
        self,
        *arguments: str,
        settings: Settings | None = None,
        env: Mapping[str, str] | None = None,
        healthz: str = "",
    ) -> Child:
        """Run `tuan ARGUMENTS`; with `healthz`, return when that URL answers 200.

        The child can be sent `kill()`, `stop()`, `signal(...)`, and has `pid`, `alive` and `last_words()`.
        """
        named = settings.as_environment() if settings else {}
        argv = [sys.executable, "-P", "-m", "infra", *arguments]
        environment = {"PYTHONPATH": str(CHECKOUT), **named, **(env or {})}
        return self.run(argv, env=environment, healthz=healthz, name=arguments[0])

    def run(
        self,
        argv: list[str],
        *,
        env: Mapping[str, str] | None = None,
        healthz: str = "",
        name: str = "process",
    ) -> Child:
        """Run any program in the same way."""
        name = f"{name}-{next(self._numbers)}"
        child = Child(name, argv, self.directory, env or {}, cwd=CHECKOUT)
        child.start()
        self.started.append(child)
        if healthz:
            eventually(lambda: healthy(healthz) or not child.alive, PROCESS_STARTS_IN)
            assert child.alive, f"{name} ended:\n{child.last_words(30)}"
        return child

    def end_all(self) -> None:
        for child in reversed(self.started):
            if child.alive:
                child.kill()


def new_postgres(directory: Path, **options: str) -> Postgres:
    """A started server of one's own, to be killed and restarted at will. Whoever asks stops it."""
    server = Postgres(
        directory, port=ports.choose(), password=secrets.token_hex(16), options=options
    )
    server.start()
    return server


def new_nats(directory: Path) -> Nats:
    """A started server of one's own."""
    server = Nats(
        directory,
        port=ports.choose(),
        monitor_port=ports.choose(),
        token=secrets.token_hex(16),
    )
    server.start()
    return server


def new_database(server: Postgres, name: str, template: str) -> Database:
    """A copy of the template. Whoever asks drops it."""
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as session:
        session.execute(f"create database {name} template {template}")
    return Database(server.dsn(name))


def drop_database(server: Postgres, name: str) -> None:
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as session:
        session.execute(f"drop database if exists {name} with (force)")
