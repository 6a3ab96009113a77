"""`tuan up`: everything on this machine, from an empty directory to a table of addresses.

What the user gives by settings is used as it is; what is missing is embedded, chosen once and remembered.
"""

import gc
import importlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from infra.embedded.child import Child, end_leftovers
from infra.embedded.home import (
    keep_or_choose_port,
    keep_or_make_secret,
    locked,
    remember,
    remembered,
)
from infra.embedded.nats import Nats
from infra.embedded.postgres import Postgres
from infra.embedded.services import SERVICES, Service
from infra.embedded.supervisor import (
    BACK_OFF_SECONDS,
    Process,
    Server,
    Supervisor,
    supervised,
)
from infra.settings import CHECKOUT, PREFIX, Settings, SettingsError, load, load_given

Say = Callable[[str], None]


def up(
    say: Say,
    services: Sequence[Service] = SERVICES,
    back_off_seconds: Sequence[float] = BACK_OFF_SECONDS,
) -> None:
    """Run until a signal. Raises: SettingsError, AlreadyRunning, StartFailed, MigrationFailed."""
    given = load_given()
    if given.postgres_dsn is not None:
        services = [service for service in services if not service.make_believe]
    with locked(given.data_dir):
        if ended := end_leftovers(given.data_dir):
            say(f"ended what an earlier run had left: {', '.join(ended)}")
        supervised(lambda supervisor: run(supervisor, given, say, services), say, back_off_seconds)


def run(supervisor: Supervisor, given: Settings, say: Say, services: Sequence[Service]) -> None:
    made = choose(given, services)
    servers = embedded_servers(given, made)
    remember(given.data_dir, made)  # before a cluster is made with a password nobody would know
    supervisor.start(*servers)
    import_services(services)
    settings = load()
    prepare(settings, embedded="postgres_dsn" in made, say=say)
    supervisor.start(*(process_of(service, settings, made) for service in services))
    say(table(services, made, settings))
    supervisor.watch()


def choose(given: Settings, services: Sequence[Service]) -> dict[str, Any]:
    """Keys, ports and our revision: from the last time where there was one."""
    made = remembered(given.data_dir)
    for secret in ("platform_key", "mac_key", "anchor_key"):
        keep_or_make_secret(made, secret)
    for service in services:
        if service.port:
            choose_port(given, made, service, services)
    made["code_rev"] = revision()
    made["clock_file"] = str(given.data_dir / "clock")
    for name in ("postgres_dsn", "nats_url"):
        made.pop(name, None)  # an earlier run's
    if given.postgres_dsn is not None:
        made.pop("clock_file")  # a database that is not ours lives in real time
    return made


def choose_port(
    given: Settings, made: dict[str, Any], service: Service, services: Sequence[Service]
) -> None:
    """The first of a kind gets the port the user asked for. Raises: SettingsError when it is taken."""
    number = [each.name for each in services if each.port == service.port].index(service.name)
    wanted: int = getattr(given, service.port)
    name = service.port if number == 0 else f"{service.name}_port"
    asked_for = number == 0 and service.port in given.model_fields_set
    if asked_for:
        made[name] = wanted
    if keep_or_choose_port(made, name, wanted + number) != wanted and asked_for:
        raise SettingsError(f"{PREFIX}{service.port.upper()}: port {wanted} is taken")


def embedded_servers(given: Settings, made: dict[str, Any]) -> list[Server]:
    """PostgreSQL and NATS of our own, unless the user has them; their addresses go into `made`."""
    servers: list[Server] = []
    if given.postgres_dsn is None:
        postgres = Postgres(
            given.data_dir,
            port=keep_or_choose_port(made, "postgres_port"),
            password=keep_or_make_secret(made, "postgres_password"),
        )
        made["postgres_dsn"] = postgres.dsn()
        servers.append(postgres)
    if given.nats_url is None:
        nats = Nats(
            given.data_dir,
            port=keep_or_choose_port(made, "nats_port"),
            monitor_port=keep_or_choose_port(made, "nats_monitor_port"),
            token=keep_or_make_secret(made, "nats_token"),
        )
        made["nats_url"] = nats.url
        servers.append(nats)
    return servers


def prepare(settings: Settings, *, embedded: bool, say: Say) -> None:
    """Reachable, migrated, with a clock; in the embedded default also with somebody to trade for."""
    from infra.clock import create_clock
    from infra.embedded.first_run import make_development_tenant
    from infra.migrate import migrate
    from infra.reachable import check

    check(settings)
    if settings.clock_file and not settings.clock_file.exists():
        create_clock(settings.clock_file)
    if applied := migrate(settings.dsn(), [settings.cell]):
        say(f"migrated: {', '.join(applied)}")
    if embedded:
        make_development_tenant(settings)


def process_of(service: Service, settings: Settings, made: dict[str, Any]) -> Process:
    env = {"PYTHONPATH": str(CHECKOUT), f"{PREFIX}DATA_DIR": str(settings.data_dir.resolve())}
    healthz = ""
    if service.port:
        port = made.get(f"{service.name}_port") or made[service.port]
        env[f"{PREFIX}{service.port.upper()}"] = str(port)
        healthz = f"http://{settings.host}:{port}{service.wait_for}" if service.wait_for else ""
    child = Child(
        service.name,
        [sys.executable, "-P", "-m", "infra", *service.argv],
        settings.data_dir,
        env,
        CHECKOUT,
        environment=service.environment,
        body=lambda: run_command(service.argv),
    )
    return Process(service.name, child, healthz)


def import_services(services: Sequence[Service]) -> None:
    """Once here, instead of once in each of them: they start as copies of this process."""
    for module in ("infra.cli", "infra.logs", "infra.reachable", "uvloop"):
        importlib.import_module(module)
    for command in sorted({service.argv[0] for service in services}):
        importlib.import_module(f"infra.services.{command.replace('-', '_')}")
    gc.collect()
    gc.freeze()  # so that the copies go on sharing this memory


def run_command(argv: Sequence[str]) -> int:
    """`tuan ARGV` in this process; returns its exit code."""
    from infra.cli import app

    try:
        app(args=list(argv), prog_name="tuan")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def table(services: Sequence[Service], made: dict[str, Any], settings: Settings) -> str:
    rows = [
        (service.name, f"http://{settings.host}:{made[service.port]}", service.shown)
        for service in services
        if service.shown
    ]
    rows.append(("logs", str(settings.data_dir / "log"), "one file a process"))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"  {name:{widths[0]}}  {url:{widths[1]}}  {what}" for name, url, what in rows]
    return "\n".join(["tuan is up; Ctrl-C stops it, data stays:", *lines])


def revision(checkout: Path = CHECKOUT) -> str:
    """The commit this code is from, marked when it was changed since."""
    try:
        git = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--abbrev=12"]
        found = subprocess.run(git, capture_output=True, text=True, check=False, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return found.stdout.strip() or "unknown"
