"""`tuan reconcile`: is the matcher right?"""

from typing import Annotated, Final

import typer
from rich.console import Console

from infra.recon.judge import judge, report
from infra.settings import Settings

SEEDS: Final = 240


def main(
    settings: Settings,
    selftest: Annotated[
        bool, typer.Option("--selftest", help="Bend made-up bills in every way, and count.")
    ] = False,
    seeds: Annotated[int, typer.Option(min=1, help="How many days to make up.")] = SEEDS,
    first: Annotated[int, typer.Option(min=0, help="The first seed.")] = 1,
) -> int:
    """Judge the matcher by an oracle that shares no code with it: precision and recall of every code.

    Exit code 1 unless both are 1 for every code. Needs no database.
    """
    console = Console(stderr=True)
    if not selftest:
        console.print("tuan reconcile --selftest judges the matcher")
        return 2
    verdict = judge(range(first, first + seeds))
    report(verdict, lambda line: console.print(line, highlight=False, soft_wrap=True))
    words = "every break found, none invented" if verdict.perfect else "NOT as it should be"
    console.print(f"{seeds} days from seed {first}: {words}", highlight=False)
    return 0 if verdict.perfect else 1
