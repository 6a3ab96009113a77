"""`tuan tenant`: who may be traded for."""

import re
from typing import Annotated

import psycopg
import typer

from infra.identity.credential import TENANT
from infra.settings import Settings, SettingsError


async def main(
    settings: Settings,
    tenant: Annotated[str, typer.Argument(help="Its id: lower-case letters, digits and dashes.")],
    name: Annotated[str, typer.Option(help="What people call it. Empty: the id.")] = "",
) -> None:
    """Add a tenant to the cell of the settings. Nothing happens when it is there already."""
    if not re.search(TENANT, tenant):
        raise SettingsError(f"{tenant!r} is no tenant id: up to 40 of a-z, 0-9 and -")
    async with await psycopg.AsyncConnection.connect(settings.dsn(), autocommit=True) as session:
        await session.execute(
            "INSERT INTO platform.tenants (tenant, cell, name) VALUES (%s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (tenant, settings.cell, name or tenant),
        )
