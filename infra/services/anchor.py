"""`tuan anchor`: sign where the logs stand."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from infra.clock import clock_from
from infra.evidence.anchoring import ROLE, directory_of, open_session
from infra.evidence.anchors import Anchors, write_out
from infra.evidence.checkpoint import Signer
from infra.settings import Settings


def main(
    settings: Settings,
    out: Annotated[
        Path | None, typer.Option(help="Write here, instead of <data_dir>/anchors.")
    ] = None,
    *,
    head: Annotated[
        bool, typer.Option(help="Print one of the logs as they are now; nothing is stored.")
    ] = False,
) -> None:
    """Anchor every business day that has ended, as the runner does by itself, and write the files out."""
    signer, now = Signer(settings.key("anchor_key")), clock_from(settings).now()
    with open_session(settings.dsn(ROLE)) as session:
        anchors = Anchors(session, settings.cell)
        if head:
            sys.stdout.write(signer.sign(anchors.at_head(now)))
            return
        anchors.grow()
        for made in anchors.make_due(signer, now):
            sys.stdout.write(f"{made.day}: anchored at position {made.position:,}\n")
        for path in write_out(out or directory_of(settings), anchors.stored()):
            sys.stdout.write(f"written: {path}\n")
