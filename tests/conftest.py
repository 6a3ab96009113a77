"""What every test may ask for: a real PostgreSQL and NATS, a fresh migrated database, real processes."""

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from infra.embedded.nats import Nats
from infra.embedded.postgres import Postgres
from infra.embedded.unprivileged import BELONGS_TO, ELSEWHERE, forget_home
from infra.migrate import migrate
from infra.settings import PREFIX, Settings
from tests.servers import Database, Processes, drop_database, new_database, new_nats, new_postgres

for name in [name for name in os.environ if name.startswith(PREFIX)]:
    if not name.startswith("TUAN_TEST_"):  # how often, how many: meant for the tests
        del os.environ[name]  # the shell's settings are not the tests'

numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """The session's PostgreSQL. Do not kill it: `private_postgres` is for that."""
    forget_killed_sessions(tmp_path_factory.getbasetemp().parent)
    yield from running_postgres(tmp_path_factory.mktemp("postgres"))


@pytest.fixture
def private_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL of the test's own, migrated (`.dsn()`): `.child.kill()`, `.stop()`, `.start()`."""
    for server in running_postgres(tmp_path_factory.mktemp("postgres")):
        migrate(server.dsn())
        yield server


def forget_killed_sessions(ours: Path) -> None:
    """Clusters of sessions that were killed, once pytest has tidied their data directories away."""
    for note in ELSEWHERE.glob(f"tuan-*/{BELONGS_TO}"):
        data_dir = Path(note.read_text())
        if data_dir.is_relative_to(ours) and not data_dir.exists():
            shutil.rmtree(note.parent, ignore_errors=True)


def running_postgres(directory: Path) -> Iterator[Postgres]:
    server = new_postgres(directory)
    yield server
    server.stop()
    forget_home(directory)


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> str:
    """Name of a migrated database that others are copied from."""
    new_database(postgres, "migrated", "template0")
    migrate(postgres.dsn("migrated"))
    return "migrated"


@pytest.fixture(scope="module")
def database(postgres: Postgres, template: str) -> Iterator[Database]:
    """A fresh migrated database for this module."""
    name = f"test_{next(numbers)}"
    yield new_database(postgres, name, template)
    drop_database(postgres, name)


@pytest.fixture
def fresh_database(postgres: Postgres, template: str) -> Iterator[Database]:
    """A fresh migrated database for this test."""
    name = f"test_{next(numbers)}"
    yield new_database(postgres, name, template)
    drop_database(postgres, name)


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    """This module's NATS, empty at first: `.url`, `.child.kill()`, `.stop()`, `.wipe()`, `.start()`."""
    server = new_nats(tmp_path_factory.mktemp("nats"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def nats_url(nats: Nats) -> str:
    return nats.url


@pytest.fixture(scope="module")
def settings(
    database: Database, nats_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """Settings of a process in this module's database and NATS, with keys and a data directory."""
    return Settings(
        data_dir=tmp_path_factory.mktemp("data"),
        postgres_dsn=SecretStr(database.dsn),
        nats_url=SecretStr(nats_url),
        platform_key=SecretStr("11" * 32),
        mac_key=SecretStr("22" * 32),
    )


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Start real processes; whatever is left of them at the end is killed."""
    started = Processes(tmp_path / "processes")
    yield started
    started.end_all()
