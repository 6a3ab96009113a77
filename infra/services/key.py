"""`tuan key`: an API key for a machine."""

from datetime import timedelta
from typing import Annotated

import psycopg
import typer

from infra.clock import clock_from
from infra.identity.api_keys import ApiKeys, BadKeyRequest
from infra.settings import Settings, SettingsError


async def main(
    settings: Settings,
    tenant: Annotated[str, typer.Argument(help="The only tenant the key works for.")],
    principal: Annotated[str, typer.Argument(help="Who acts with it, as it will be recorded.")],
    scope: Annotated[list[str], typer.Option(help="What it opens; may be repeated.")],
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it lives.")] = 90,
) -> None:
    """Issue an API key and print it, once: only a keyed digest of it is stored."""
    expires_at = clock_from(settings).now() + timedelta(days=days)
    try:
        async with await psycopg.AsyncConnection.connect(
            settings.dsn(), autocommit=True
        ) as session:
            issued = await ApiKeys(settings.key("mac_key")).issue(
                session, tenant=tenant, principal=principal, scopes=scope, expires_at=expires_at
            )
    except BadKeyRequest as bad:
        raise SettingsError(str(bad)) from None
    typer.echo(issued.text)
    typer.echo(f"revoke it with: tuan revoke key:{issued.id}", err=True)
