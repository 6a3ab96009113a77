"""Migrations can be repeated and raced, and nobody can rewrite what was decided."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from infra.embedded.postgres import Postgres
from infra.embedded.unprivileged import forget_home
from infra.migrate import MigrationFailed, migrate
from tests.servers import Database, drop_database, new_database, new_postgres

EVENT = """insert into cell_0.events values
  (%s, 1, 't', 'order', gen_random_uuid(), 1, 'x', '{}', gen_random_uuid(), now(), '')"""
COMMAND = """insert into cell_0.commands
  (seq, command_id, tenant, principal, name, body, body_mac, facts, outcome, reply, seen_position,
   code_rev, correlation_id, at, hash)
  values (%s, gen_random_uuid(), 't', 'p', 'x', '', '', '', 'accepted', '', 0, '', gen_random_uuid(), now(), '')"""
KEY = "insert into cell_0.idempotency values (gen_random_uuid(), %s, '', 1)"


@pytest.fixture
def engine(fresh_database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(fresh_database.dsn_as("tuan_engine"), autocommit=True) as session:
        session.execute(EVENT, (1,))
        session.execute(COMMAND, (1,))
        yield session


@pytest.fixture
def owner(fresh_database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(fresh_database.dsn, autocommit=True) as session:
        yield session


CHANGES = ["update {} set tenant = 'thief'", "delete from {}", "truncate {}"]
TABLES = ["cell_0.events", "cell_0.commands"]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES)
def test_the_engine_may_only_append(engine: psycopg.Connection, table: str, change: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        engine.execute(change.format(table))


@pytest.mark.parametrize("table", [*TABLES, "cell_0.commands_0", "cell_0.commands_default"])
@pytest.mark.parametrize("change", CHANGES)
def test_not_even_the_owner_rewrites_history(
    engine: psycopg.Connection, owner: psycopg.Connection, table: str, change: str
) -> None:
    with pytest.raises(errors.RestrictViolation):
        owner.execute(change.format(table))


@pytest.mark.parametrize("role", ["tuan_reader", "tuan_projector", "tuan_vault", "tuan_api"])
def test_nobody_else_writes_events(fresh_database: Database, role: str) -> None:
    with psycopg.connect(fresh_database.dsn_as(role), autocommit=True) as session:
        with pytest.raises(errors.InsufficientPrivilege):
            session.execute(EVENT, (1,))
        assert session.execute(
            "select application_name from pg_stat_activity where pid = pg_backend_pid()"
        ).fetchone() == (role,)


def test_a_reader_sees_where_the_log_ends_and_nothing_else_of_a_cell(
    fresh_database: Database,
) -> None:
    with psycopg.connect(fresh_database.dsn_as("tuan_reader"), autocommit=True) as session:
        assert session.execute("select epoch, head_position from cell_0.head()").fetchone() == (
            0,
            0,
        )
        for table in ("events", "commands", "owner", "inbox"):
            with pytest.raises(errors.InsufficientPrivilege):
                session.execute(f"select * from cell_0.{table}")


def test_a_second_run_finds_nothing_to_do(fresh_database: Database) -> None:
    assert migrate(fresh_database.dsn) == []
    assert migrate(fresh_database.dsn, ["cell_0", "cell_1"])[0].startswith("cell_1/")
    assert migrate(fresh_database.dsn, ["cell_0", "cell_1"]) == []


def test_many_first_runs_at_once_are_one(postgres: Postgres) -> None:
    names = ["raced_1", "raced_2"]  # two databases: roles belong to the whole server
    bases = [new_database(postgres, name, "template0").dsn for name in names]
    with ThreadPoolExecutor(6) as pool:
        applied = list(pool.map(migrate, bases * 3))
    assert sorted(map(bool, applied)) == [False] * 4 + [True] * 2
    for name in names:
        drop_database(postgres, name)


def test_a_database_of_newer_code_is_left_alone(
    fresh_database: Database, owner: psycopg.Connection
) -> None:
    owner.execute("insert into cell_0.schema_migrations values ('9999')")
    with pytest.raises(MigrationFailed, match="newer than this code: it has 9999"):
        migrate(fresh_database.dsn)


def test_a_user_who_is_not_superuser_can_migrate_and_act(tmp_path: Path) -> None:
    server = new_postgres(tmp_path)  # a server of its own: the roles do not exist yet
    try:
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as session:
            session.execute("create role plain login createrole password 'x&y/z'")
            session.execute("create database plain owner plain")
        plain = psycopg.conninfo.make_conninfo(server.dsn("plain"), user="plain", password="x&y/z")
        migrate(plain)
        with psycopg.connect(Database(plain).dsn_as("tuan_engine")) as session:
            assert session.execute("select count(*) from cell_0.events").fetchone() == (0,)
    finally:
        server.stop()
        forget_home(tmp_path)


def test_keys_fit_at_any_time_and_old_weeks_are_dropped(engine: psycopg.Connection) -> None:
    now = datetime.now(UTC)
    times = [
        now,
        now - timedelta(days=35),
        datetime(1999, 1, 1, tzinfo=UTC),
        datetime(2199, 1, 1, tzinfo=UTC),
    ]
    for at in times:
        engine.execute(KEY, (at,))
    parts = engine.execute(
        "select tableoid::regclass::text from cell_0.idempotency order by at"
    ).fetchall()
    assert [name.endswith("default") for (name,) in parts] == [True, False, False, True]
    dropped = engine.execute(
        "select cell_0.drop_idempotency_before(%s)", (now - timedelta(days=20),)
    ).fetchone()
    assert dropped is not None
    assert dropped[0] >= 2
    left = engine.execute("select at from cell_0.idempotency order by at").fetchall()
    assert left == [(now,), (datetime(2199, 1, 1, tzinfo=UTC),)]


def test_partitions_are_made_ahead_once(engine: psycopg.Connection) -> None:
    later = datetime(2040, 1, 1, tzinfo=UTC)
    engine.execute(
        KEY, (later,)
    )  # already in the default partition: its week cannot be cut out any more
    ensure = "select cell_0.ensure_idempotency_partitions(%s, 28)"
    assert engine.execute(ensure, (later + timedelta(days=14),)).fetchone() == (4,)
    assert engine.execute(ensure, (later + timedelta(days=14),)).fetchone() == (0,)
    ahead = "select cell_0.ensure_commands_partitions(200000000)"
    assert engine.execute(ahead).fetchone() == (2,)
    assert engine.execute(ahead).fetchone() == (0,)


def test_commands_beyond_every_range_are_kept_and_stay_append_only(
    engine: psycopg.Connection, owner: psycopg.Connection
) -> None:
    engine.execute("select cell_0.ensure_commands_partitions(150000000)")
    for seq in (120_000_000, 999_000_000):
        engine.execute(COMMAND, (seq,))
    for table in ("commands_2", "commands_default"):
        with pytest.raises(errors.RestrictViolation):
            owner.execute(f"delete from cell_0.{table}")
