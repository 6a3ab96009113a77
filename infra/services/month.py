"""`tuan month`: a month of the world on a private platform, closed day by day to the fen."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvloop
from rich.console import Console

from infra.embedded.child import StartFailed
from infra.settings import Settings, SettingsError
from infra.simulator.month.report import figures, show
from infra.simulator.month.run import Month, Plan, run
from infra.simulator.world.client import GaveUp
from infra.simulator.world.platform import private_platform
from infra.simulator.world.run import Pace
from infra.simulator.world.shop import Refused

WIDTH = 96  # of the table of days, whatever it is written to


def main(
    settings: Settings,
    days: Annotated[int, typer.Option(min=1, max=60, help="Bill dates to live and close.")] = 30,
    groups: Annotated[int, typer.Option(min=1, help="Groups a day.")] = 12,
    seed: Annotated[int, typer.Option(help="Everything that chance decides follows from it.")] = 1,
    faults: Annotated[bool, typer.Option(help="The channel goes wrong as in a chaos run.")] = True,
    rate: Annotated[float, typer.Option(min=0.1, help="Orders tried a real second, at most.")] = 20,
    speed: Annotated[float, typer.Option(min=1, max=120, help="While shoppers come.")] = 120,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the private platform's data in this directory.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write the report here too.")] = None,
) -> int:
    """Live through a month and close every day of it. Exit code 1: a fen is not explained."""
    console = Console(stderr=True)
    wanted, pace = Plan(seed, days, groups, faults), Pace(rate, speed, 64)
    try:
        with private_platform(keep) as private:
            finished: Month = uvloop.run(run(private, wanted, pace, console))
    except StartFailed as error:
        raise SettingsError(str(error)) from None
    except (Refused, GaveUp) as error:
        raise SettingsError(f"the month could not go on: {error}") from None
    show(finished, Console(width=max(WIDTH, Console().width)))
    if json:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(figures(finished))))
    return 0 if finished.holds else 1
