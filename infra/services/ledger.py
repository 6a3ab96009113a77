"""`tuan ledger`: the books, what was posted about one order, or a month told again under other terms."""

from typing import Annotated, Literal

import typer

from infra import ledger_page, replay_page
from infra.settings import Settings


def main(
    settings: Settings,
    what: Annotated[
        Literal["books", "replay"], typer.Argument(help="`replay` tells a month again.")
    ] = "books",
    order: Annotated[str, typer.Option(help="Every entry of this order, with balances.")] = "",
    tenant: Annotated[str, typer.Option(help="Only this tenant's books.")] = "",
    at: Annotated[
        str, typer.Option(help="As of this position, or time (UTC unless it says).")
    ] = "",
    month: Annotated[str, typer.Option(help="replay: like 2026-11.")] = "",
    policy: Annotated[
        str,
        typer.Option(
            help="replay: recognise_at=sale|verification, subsidy_as=expense|contra_revenue,"
            " accounting=agent|principal; several with commas."
        ),
    ] = "",
    agreement: Annotated[str, typer.Option(help="replay: a file with its JSON.")] = "",
    merchant: Annotated[str, typer.Option(help="replay: only this one's.")] = "",
    out: Annotated[str, typer.Option(help="replay: write what would put it right here.")] = "",
) -> int:
    """Print the trial balance of each tenant; exit code 1 when one is not zero. Or tell a month again."""
    if what == "books":
        return ledger_page.main(settings, order=order, tenant=tenant, at=at)
    return replay_page.main(
        settings, month=month, tenant=tenant, policy=policy, agreement=agreement,
        merchant=merchant, out=out,
    )  # fmt: skip
