"""Bring a database to the tables this code needs: SQL files in order, forward only, safe to repeat.

dbmate runs the files, the platform's first and then each cell's in the cell's own schema; each schema keeps
its own record of what was applied. dbmate itself does not wait for another one, so all of it happens under
an advisory lock of ours.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql

MIGRATIONS = Path(__file__).with_name("migrations")
LOCK = 0x7475_616E  # "tuan": one migration at a time in a database
APPLIED: LiteralString = "select version from {} order by version"


class MigrationFailed(Exception):
    """The database is as it was before the file named in the message."""


def migrate(dsn: str, cells: Sequence[str] = ("cell_0",)) -> list[str]:
    """Apply what is missing; returns what it applied, as schema/version. Raises: MigrationFailed."""
    with locked(dsn) as session:
        applied: list[str] = []
        for schema, files in [("platform", "platform"), *((cell, "cell") for cell in cells)]:
            missing = pending(session, schema, MIGRATIONS / files)
            if missing:
                run_dbmate(url_of(session, dsn, schema), MIGRATIONS / files, schema)
            applied += [f"{schema}/{version}" for version in missing]
        return applied


@contextmanager
def locked(dsn: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(dsn, autocommit=True) as session:
        session.execute("select pg_advisory_lock(%s)", (LOCK,))
        yield session  # closing the session releases the lock


def pending(session: psycopg.Connection, schema: str, files: Path) -> list[str]:
    """Versions on disk that the schema has not seen. Raises: MigrationFailed when it has seen others."""
    known = sorted(path.name.partition("_")[0] for path in files.glob("*.sql"))
    found = session.execute("select to_regclass(%s)", (f"{schema}.schema_migrations",)).fetchone()
    if not found or found[0] is None:
        return known
    record = sql.SQL(APPLIED).format(sql.Identifier(schema, "schema_migrations"))
    applied = {str(row[0]) for row in session.execute(record)}
    if newer := sorted(applied - set(known)):
        raise MigrationFailed(f"schema {schema} is newer than this code: it has {', '.join(newer)}")
    return [version for version in known if version not in applied]


def run_dbmate(url: str, files: Path, schema: str) -> None:
    """Raises: MigrationFailed."""
    program = Path(sys.executable).with_name("dbmate")
    done = subprocess.run(
        [
            str(program),
            "--env-file",
            os.devnull,
            "-d",
            str(files),
            "--no-dump-schema",
            "migrate",
            "--strict",
        ],
        env={**os.environ, "DATABASE_URL": url},  # not an argument: others can see those
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        reason = " ".join(done.stderr.split()) or " ".join(done.stdout.split())
        raise MigrationFailed(f"schema {schema}: {reason}")


def url_of(session: psycopg.Connection, dsn: str, schema: str) -> str:
    """The server this session found, as dbmate's driver wants it named."""
    info = session.info
    given = psycopg.conninfo.conninfo_to_dict(dsn)
    encrypted = session.pgconn.ssl_in_use
    options = {
        "search_path": schema,
        "lock_timeout": "30000",  # milliseconds: rather fail than hold up everybody behind us
        "sslmode": str(given.get("sslmode") or "require") if encrypted else "disable",
    }
    options |= {
        name: str(given[name]) for name in ("sslrootcert", "sslcert", "sslkey") if name in given
    }
    host = info.host
    if host.startswith("/"):  # a socket's directory
        options["host"], host = host, ""
    user = f"{quote(info.user, safe='')}:{quote(info.password, safe='')}"
    return (
        f"postgres://{user}@{host}:{info.port}/{quote(info.dbname, safe='')}?{urlencode(options)}"
    )
