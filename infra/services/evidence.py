"""`tuan evidence`: one file that proves what happened, to people who trust nobody here."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from infra.clock import clock_from
from infra.evidence.anchoring import ROLE
from infra.evidence.checkpoint import Signer
from infra.evidence.container import TooLarge
from infra.evidence.gather import NoEvidence, TooMuch
from infra.evidence.packer import make_pack
from infra.settings import Settings


class Kind(StrEnum):
    """What can be proven."""

    order = "order"
    refund = "refund"
    payout = "payout"
    day = "day"


def main(
    settings: Settings,
    kind: Annotated[Kind, typer.Argument(help="What the id names.")],
    id: Annotated[str, typer.Argument(help="A UUID; for a day its date in Shanghai.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    tenant: Annotated[str, typer.Option(help="Whose day it is; ids say it themselves.")] = "",
) -> int:
    """Write an evidence pack: a ZIP that carries its own verifier; exit code 1 when there is nothing to prove."""
    signer = Signer(settings.key("anchor_key"))
    fresh = out.with_name(f"{out.name}.part")
    try:
        with fresh.open("w+b") as file:
            make_pack(
                *(file, settings.dsn(ROLE), settings.cell, kind.value, id, tenant, signer),
                clock_from(settings),
            )
        fresh.rename(out)
    except NoEvidence:
        return refuse(f"{settings.cell} has no {kind.value} {id}" + say_whose(kind, tenant))
    except (TooMuch, TooLarge):
        return refuse("that is more than one pack takes")
    finally:
        fresh.unlink(missing_ok=True)
    sys.stdout.write(
        f"{out}: unpack verify.py, read it, and run: python -I -S verify.py {out.name}"
    )
    sys.stdout.write(f" --key {signer.verifier(settings.cell)}\n")
    return 0


def say_whose(kind: Kind, tenant: str) -> str:
    return "; say --tenant" if kind is Kind.day and not tenant else ""


def refuse(why: str) -> int:
    sys.stderr.write(f"tuan: {why}\n")
    return 1
