"""`tuan verify`: is everything that is stored what was once written?"""

from pathlib import Path
from typing import Annotated

import typer

from commands.registry import DECIDERS
from infra.evidence import judge
from infra.settings import Settings


def main(
    settings: Settings,
    anchor: Annotated[
        list[Path] | None,
        typer.Option(help="A signed anchor that was kept elsewhere; may be repeated."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Only this check: logs, ledger, ...; may be repeated.")
    ] = None,
) -> int:
    """Recompute hashes, roots, books and read models from the first event on; name the first bad place."""
    return judge.main(settings, DECIDERS, anchors=anchor or (), only=only or ())
