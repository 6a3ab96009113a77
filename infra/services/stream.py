"""`tuan stream`: one stream, or one command, as it happened."""

from typing import Annotated

import typer

from commands.registry import DECIDERS
from infra.cell import stream
from infra.settings import Settings


def main(
    settings: Settings,
    id: Annotated[str, typer.Argument(help="A stream (order, group, pool, ...) or a command.")],
    at: Annotated[
        str, typer.Option(help="Only up to this position, or time (UTC unless it says).")
    ] = "",
    last: Annotated[int | None, typer.Option(min=1, help="Only the last so many events.")] = None,
    *,
    json: Annotated[bool, typer.Option(help="One JSON object a line.")] = False,
) -> int:
    """Print each event of a stream with the state after it and the command behind it."""
    return stream.main(settings, id, DECIDERS, at=at, last=last, as_json=json)
