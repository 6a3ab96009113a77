"""`tuan anchors`: what was anchored."""

import sys
from datetime import datetime
from typing import Annotated

import typer

from infra.evidence.anchoring import ROLE, open_session, signer_of
from infra.evidence.anchors import Anchors
from infra.settings import Settings


def main(
    settings: Settings,
    day: Annotated[
        datetime | None,
        typer.Argument(formats=["%Y-%m-%d"], help="Print the signed note of this business day."),
    ] = None,
) -> int:
    """List the anchors of the cell, or print one as it was signed; exit code 1 when there is none."""
    with open_session(settings.dsn(ROLE)) as session:
        stored = Anchors(session, settings.cell).stored()
    if day is not None:
        notes = [note for checkpoint, note in stored if checkpoint.day == day.date()]
        sys.stdout.write("".join(notes))
        return 0 if notes else 1
    signer = signer_of(settings)
    sys.stdout.write(f"verifier key: {signer.verifier(settings.cell) if signer else 'none here'}\n")
    for checkpoint, _ in stored:
        sys.stdout.write(
            f"{checkpoint.day}  {checkpoint.position:>12,} events  {checkpoint.command_seq:>12,} commands"
            f"  head {checkpoint.head_hash.hex()[:16]}  root {checkpoint.root.hex()[:16]}\n"
        )
    return 0 if stored else 1
