"""Connections to Postgres as delivery uses them, and which of their errors pass by themselves."""

from typing import Any, Final, TypeAlias

import psycopg
from psycopg import AsyncConnection

Connection: TypeAlias = AsyncConnection[Any]

UNREACHABLE: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.InternalError,
    OSError,
    TimeoutError,
)
"""Connection, disk, deadlock, timeout, read-only: nothing is wrong with what was asked; ask again later."""


async def connect(dsn: str, application_name: str) -> Connection:
    """A connection in UTC, each statement its own transaction until one is begun."""
    return await AsyncConnection.connect(
        dsn,
        autocommit=True,
        application_name=application_name,
        connect_timeout=5,
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=10_000,  # milliseconds: a dead peer is noticed, and the session begun again
        options=session_options(dsn),
    )


def session_options(dsn: str) -> str:
    """The options of `dsn` and ours: read models are found without naming their schema."""
    given = psycopg.conninfo.conninfo_to_dict(dsn).get("options") or ""
    return f"{given} -c timezone=UTC -c search_path=read -c lock_timeout=10s".strip()
