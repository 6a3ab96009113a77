"""`tuan simulate`: a world of shoppers through the public API, on a scaled clock, judged at the end."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvloop
from rich.console import Console

from infra.embedded.child import StartFailed
from infra.settings import Settings, SettingsError, load
from infra.simulator.world.client import GaveUp
from infra.simulator.world.plan import World, plan
from infra.simulator.world.platform import private_platform
from infra.simulator.world.recorded import Record, from_beibei, made_up
from infra.simulator.world.report import Run, figures, show
from infra.simulator.world.run import Pace, run
from infra.simulator.world.shop import Refused as CatalogueRefused


def main(
    settings: Settings,
    beibei: Annotated[
        Path | None,
        typer.Option(
            help="Directory of BeiBei's success.tsv and failed.tsv. Unset: a made-up world."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Everything that chance decides follows from it.")] = 1,
    groups: Annotated[int, typer.Option(min=1, help="Recorded groups to play.")] = 300,
    rate: Annotated[float, typer.Option(min=0.1, help="Orders tried a real second, at most.")] = 40,
    speed: Annotated[
        float, typer.Option(min=1, max=120, help="Seconds of the world's time in a real one.")
    ] = 30,
    at_once: Annotated[
        int,
        typer.Option(
            min=1, max=512, help="Shoppers at the counter, and requests in flight, at most."
        ),
    ] = 96,
    kill: Annotated[bool, typer.Option("--kill", help="kill -9 every process in turn.")] = False,
    against: Annotated[
        Path | None,
        typer.Option(
            help="Data directory of a running `tuan up`: play there. Its clock stays; people hurry."
        ),
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the private platform's data in this directory.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write the report here too.")] = None,
) -> int:
    """Play real or made-up shoppers through the public API, and check every invariant. Exit code 1: one is broken.

    The BeiBei record tells who grouped with whom for which item. Prices, terms, times, provinces and thinking
    times are derived from its ids and the seed. The world runs on a platform of its own, made for the run.
    """
    console = Console(stderr=True)
    if against and (kill or keep):
        raise SettingsError(
            "--kill and --keep are for a platform of the run's own, not for --against"
        )
    world = plan(record_of(beibei, groups, seed), seed)
    pace = Pace(rate, speed, at_once)
    finished = played(world, pace, against=against, keep=keep, kill=kill, console=console)
    show(finished, Console())
    if json:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(figures(finished))))
    return 0 if finished.holds else 1


def played(
    world: World,
    pace: Pace,
    *,
    against: Path | None,
    keep: Path | None,
    kill: bool,
    console: Console,
) -> Run:
    """Raises: SettingsError when the platform or the world cannot begin."""
    private = against is None
    try:
        with ExitStack() as stack:
            if against:
                settings = load(data_dir=against)
            else:
                with console.status("starting a platform of its own"):
                    settings = stack.enter_context(private_platform(keep))
            playing = run(world, settings, pace, private=private, kill=kill, console=console)
            return uvloop.run(playing)
    except StartFailed as error:
        raise SettingsError(str(error)) from None
    except (CatalogueRefused, GaveUp) as error:
        raise SettingsError(f"the world could not begin: {error}") from None


def record_of(beibei: Path | None, groups: int, seed: int) -> Record:
    """Raises: SettingsError when the directory does not hold the record."""
    if beibei is None:
        return made_up(groups, seed)
    try:
        return from_beibei(beibei, groups, seed)
    except (OSError, ValueError) as error:
        raise SettingsError(f"no BeiBei record in {beibei}: {error}") from None
