"""`tuan revoke`: who may no longer come in."""

from typing import Annotated

import psycopg
import typer

from infra.identity.api_keys import ApiKeys
from infra.identity.register import readmit, revoke
from infra.settings import Settings, SettingsError

KINDS = ("key:", "sub:", "jti:")


async def main(
    settings: Settings,
    what: Annotated[str, typer.Argument(help="key:ID, sub:TENANT:SUBJECT, or jti:TOKEN-ID.")],
    lift: Annotated[bool, typer.Option("--lift", help="Undo it; not for keys.")] = False,
) -> None:
    """Lock out a key, everything a subject shows, or one token: within a second, everywhere."""
    kind, _, id = what.partition(":")
    if not what.startswith(KINDS) or not id or (kind == "sub" and ":" not in id):
        raise SettingsError(f"{what!r} is neither key:ID, sub:TENANT:SUBJECT nor jti:TOKEN-ID")
    if lift and kind == "key":
        raise SettingsError("a revoked key stays revoked: issue another")
    async with await psycopg.AsyncConnection.connect(settings.dsn(), autocommit=True) as session:
        if kind == "key" and not await ApiKeys(settings.key("mac_key")).revoke(session, id):
            raise SettingsError(f"there is no live key {id}")
        if lift and not await readmit(session, what):
            raise SettingsError(f"{what} was not revoked")
        if kind != "key" and not lift:
            await revoke(session, what)
