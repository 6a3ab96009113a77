"""`tuan`: everything that can be run. Each command imports its service only when asked for it."""

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import typer

from infra.settings import Settings, SettingsError, load

app = typer.Typer(
    name="tuan",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Group buying on one machine or many. `tuan up` starts everything; the other services run alone by"
    " the settings in TUAN_* variables (`tuan settings` lists them).",
)

RUN = "Run everything"
SERVICE = "One service (until SIGTERM)"
LOOK = "Look, judge and repair"
HANDED_OVER: dict[str, Any] = {
    "rich_help_panel": LOOK,
    "add_help_option": False,  # it has its own
    "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True},
}


def say(line: str) -> None:
    """For people, so on standard error, at once."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def fail(reason: object) -> typer.Exit:
    """One clear line and exit code 2."""
    say(f"tuan: {reason}")
    return typer.Exit(2)


def settings_or_exit(**given: Any) -> Settings:
    try:
        return load(**given)
    except SettingsError as error:
        raise fail(error) from None


def serve(service: str, *, reaches_servers: bool = True) -> None:
    """Run `infra.services.<service>:main(settings)`, plain or async, until it returns."""
    from infra.clock import clock_from
    from infra.logs import configure
    from infra.reachable import check

    settings = settings_or_exit()
    try:
        if reaches_servers:
            check(settings)
        configure(settings, service.replace("_", "-"), clock_from(settings))
        finish(importlib.import_module(f"infra.services.{service}").main(settings))
    except SettingsError as error:
        raise fail(error) from None


def finish(result: Any) -> Any:
    """The result itself, once a coroutine has run."""
    if not inspect.iscoroutine(result):
        return result
    import uvloop

    return uvloop.run(result)


def hand_over(tool: str, arguments: list[str]) -> None:
    """Run `infra.services.<tool>:main(settings, ...)`; its other parameters are its options, its int the exit code."""
    main = importlib.import_module(f"infra.services.{tool}").main
    signature = inspect.signature(main, eval_str=True)
    options = [each for each in signature.parameters.values() if each.name != "settings"]

    def command(**given: Any) -> None:
        from psycopg import OperationalError

        try:
            code = finish(main(settings_or_exit(), **given))
        except (SettingsError, OperationalError) as error:
            raise fail(" ".join(str(error).split())) from None
        raise typer.Exit(code or 0)

    command.__doc__ = main.__doc__
    command.__annotations__ = {each.name: each.annotation for each in options}
    command.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=options, return_annotation=None
    )
    own = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    own.command()(command)
    own(args=arguments, prog_name=f"tuan {tool}")


@app.command(rich_help_panel=RUN)
def up() -> None:
    """Start PostgreSQL, NATS and every service here; Ctrl-C stops all. What TUAN_* names is used instead."""
    from infra.embedded.child import StartFailed
    from infra.embedded.home import AlreadyRunning
    from infra.embedded.up import up as run_all
    from infra.migrate import MigrationFailed

    try:
        run_all(say)
    except (SettingsError, AlreadyRunning, StartFailed, MigrationFailed, OSError) as error:
        raise fail(error) from None


@app.command(rich_help_panel=RUN)
def migrate(
    cell: Annotated[list[str] | None, typer.Option(help="A cell to make; may be repeated.")] = None,
) -> None:
    """Bring the database to the tables of this code. Safe to repeat, and at many places at once."""
    from infra.migrate import MigrationFailed
    from infra.migrate import migrate as apply
    from infra.reachable import check_postgres

    settings = settings_or_exit()
    try:
        check_postgres(settings.dsn())
        applied = apply(settings.dsn(), cell or [settings.cell])
    except (SettingsError, MigrationFailed) as error:
        raise fail(error) from None
    say("\n".join(f"applied {name}" for name in applied) or "nothing to do")


@app.command(rich_help_panel=RUN)
def forget() -> None:
    """Delete the data directory: databases, logs, keys. Refused while `tuan up` runs in it."""
    from infra.embedded.home import AlreadyRunning
    from infra.embedded.home import forget as delete

    settings = settings_or_exit()
    try:
        delete(settings.data_dir)
    except AlreadyRunning as error:
        raise fail(error) from None


@app.command(rich_help_panel=RUN, name="settings")
def show_settings() -> None:
    """List every setting with its default and meaning. Values of secrets are never shown."""
    for name, field in Settings.model_fields.items():
        say(f"TUAN_{name.upper()}={field.default if field.default is not None else ''}")
        say(f"    {field.description}")


@app.command(rich_help_panel=SERVICE)
def engine() -> None:
    """Decide and record commands of one cell, or stand by for the one that does."""
    serve("engine")


@app.command(rich_help_panel=SERVICE)
def gateway() -> None:
    """The public API: hands commands to the cell's engine, answers queries from the read models."""
    serve("gateway")


@app.command(rich_help_panel=SERVICE)
def console() -> None:
    """The operator console: a web page over the public API, which is all it needs to reach."""
    serve("console", reaches_servers=False)


@app.command(rich_help_panel=SERVICE)
def relay() -> None:
    """Publish what was recorded to JetStream, in order, without a gap."""
    serve("relay")


@app.command(rich_help_panel=SERVICE)
def projector() -> None:
    """Keep every read model up to date."""
    serve("projector")


@app.command(rich_help_panel=SERVICE)
def runner() -> None:
    """Run the process managers: outcomes for members, closing of unpaid orders, debts of failed groups."""
    serve("runner")


@app.command(rich_help_panel=SERVICE)
def channel_simulator() -> None:
    """WeChat Pay v3 on this machine, with its own books."""
    serve("channel_simulator")


@app.command(rich_help_panel=SERVICE)
def dev_issuer() -> None:
    """Issue tokens for development; refuses to start outside `tuan up`."""
    serve("dev_issuer")


@app.command(rich_help_panel=SERVICE)
def world() -> None:
    """A few made-up shoppers a second in the development tenant; TUAN_WORLD_RATE says how many."""
    serve("world")


TOOLS: Final[Mapping[str, str]] = {
    "simulate": "Play real or made-up shoppers through the public API on a scaled clock, and judge the outcome.",
    "month": "Live through a month of the world and close every day of it, to the fen.",
    "chaos": "Play a world while processes, servers, connections and the channel fail; heal, judge, certify.",
    "verify": "Recompute everything stored from the logs and their anchors, and name the first bad place.",
    "anchor": "Sign where the logs stood at the end of each business day, or stand now.",
    "anchors": "List what was anchored, or print one signed anchor.",
    "evidence": "Write what proves an order, a refund, a payout or a day, with a verifier that needs nothing of ours.",
    "stream": "Print one stream: each event, the state after it, and the command behind it.",
    "ledger": "Print the trial balance, or every entry of one order, as of any position or time.",
    "reconcile": "Judge the matcher of bills against made-up days with every kind of break.",
    "report": "Write a report for finance: CSV, XLSX, JSON Lines, Beancount; `tuan report list` tells which there are.",
    "explain": "Print where a number of a report comes from, or all that belongs to an entry, an order, a bill line, ...",
    "parked": "List events that read models could not take, or replay them after a fix.",
    "rebuild": "Make a read model again from the log while writes go on, compare, and switch.",
    "tenant": "Add a tenant.",
    "key": "Issue an API key for a machine.",
    "revoke": "Lock out a key, a subject or a token, within a second.",
}
"""What `tuan <name>` does: `infra.services.<name>` says the rest."""


def tool(name: str) -> Callable[[typer.Context], None]:
    def command(context: typer.Context) -> None:
        hand_over(name, context.args)

    return command


for name, meaning in TOOLS.items():
    app.command(name, help=meaning, **HANDED_OVER)(tool(name))
