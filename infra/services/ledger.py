"""`tuan ledger`: the books, or what was posted about one order."""

from typing import Annotated

import typer

from infra import ledger_page
from infra.settings import Settings


def main(
    settings: Settings,
    order: Annotated[str, typer.Option(help="Every entry of this order, with balances.")] = "",
    tenant: Annotated[str, typer.Option(help="Only this tenant's books.")] = "",
    at: Annotated[
        str, typer.Option(help="As of this position, or time (UTC unless it says).")
    ] = "",
) -> int:
    """Print the trial balance of each tenant; exit code 1 when one is not zero."""
    return ledger_page.main(settings, order=order, tenant=tenant, at=at)
