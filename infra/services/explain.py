"""`tuan explain`: where a number comes from."""

from typing import Annotated

import typer

from infra import explain_page
from infra.embedded.first_run import DEVELOPMENT_TENANT
from infra.settings import Settings


async def main(
    settings: Settings,
    what: Annotated[
        str,
        typer.Argument(
            help="A link out of a report's explain column, or one of entry, event, command,"
            " bill_line, order, refund, payout."
        ),
    ],
    id: Annotated[str, typer.Argument(help="The id; of an event its position.")] = "",
    cell: Annotated[str, typer.Option(help="Which column of the report's row.")] = "",
    tenant: Annotated[str, typer.Option(help="Whose books.")] = DEVELOPMENT_TENANT,
) -> int:
    """Print the entries that make up one cell of a report, or everything that an id belongs to."""
    return await explain_page.main(settings, what, id, cell=cell, tenant=tenant)
