"""Do the database and NATS of the settings answer? Asked once at start, so that a mistake is one clear line."""

import socket
from urllib.parse import urlsplit

import psycopg

from infra.settings import PREFIX, Settings, SettingsError

WAIT_SECONDS = 5
POSTGRES_MIN = 150000  # server_version_num


def check(settings: Settings) -> None:
    """Raises: SettingsError, naming the setting, the address without secrets, and what is wrong."""
    check_postgres(settings.dsn())
    check_nats(settings.nats_servers())


def check_postgres(dsn: str) -> None:
    parts = psycopg.conninfo.conninfo_to_dict(dsn)
    where = f"{parts.get('host', 'local socket')}:{parts.get('port', 5432)}"
    try:
        with psycopg.connect(dsn, connect_timeout=WAIT_SECONDS, autocommit=True) as session:
            version = session.info.server_version
    except psycopg.OperationalError as error:
        reason = str(error).splitlines()[0].rpartition("failed: ")[2]
        raise SettingsError(f"{PREFIX}POSTGRES_DSN: no database at {where}: {reason}") from None
    if version < POSTGRES_MIN:
        raise SettingsError(f"{PREFIX}POSTGRES_DSN: PostgreSQL at {where} is older than 15")


def check_nats(servers: list[str]) -> None:
    """One server that greets is enough."""
    problems = []
    for server in servers:
        parts = urlsplit(server)
        where = f"{parts.hostname}:{parts.port or 4222}"
        try:
            with socket.create_connection(
                (parts.hostname, parts.port or 4222), WAIT_SECONDS
            ) as line:
                if line.recv(5) == b"INFO ":
                    return
            problems.append(f"{where} is not NATS")
        except (OSError, ValueError) as error:
            problems.append(f"no NATS at {where}: {error}")
    raise SettingsError(f"{PREFIX}NATS_URL: {'; '.join(problems)}")
