"""`tuan report`: what finance downloads, on a terminal or into a file."""

from typing import Annotated

import typer

from infra import report_file
from infra.embedded.first_run import DEVELOPMENT_TENANT
from infra.settings import Settings


async def main(
    settings: Settings,
    name: Annotated[str, typer.Argument(help="Which report; `list` tells them.")],
    since: Annotated[str, typer.Option("--from", help="First value date.")] = "",
    to: Annotated[str, typer.Option(help="Last value date.")] = "",
    as_of: Annotated[str, typer.Option(help="All value dates through this one.")] = "",
    as_known_at: Annotated[str, typer.Option(help="As recorded by this position, or time.")] = "",
    account: Annotated[str, typer.Option(help="Only lines of this account.")] = "",
    tenant: Annotated[str, typer.Option(help="Whose books.")] = DEVELOPMENT_TENANT,
    format: Annotated[str, typer.Option(help="csv, xlsx, jsonl or beancount.")] = "csv",
    out: Annotated[str, typer.Option(help="The file; standard output if absent.")] = "",
) -> int:
    """Write one report, of some days, as it was known at some moment."""
    asked = {"from": since, "to": to, "as_of": as_of, "as_known_at": as_known_at}
    asked |= {"account": account, "format": format}
    return await report_file.main(settings, name, asked, tenant=tenant, out=out)
