"""Tickets for browsers: each opens one live feed, once, within a minute, on whichever gateway it is shown.

Only a keyed digest is stored, with what the token behind the ticket allows and how it can be revoked.
"""

import hmac
import secrets
from typing import Any, Final

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from domain.identity import IdentityUnavailable, Principal, Unauthenticated
from infra.identity.credential import derived
from read_api.live.ports import TICKET_SECONDS, TooManyTickets

PREFIX: Final = "tuan_tkt_"
SECRET_BYTES: Final = 32
UNSPENT_MAX: Final = 20  # tickets that one principal may hold

SWEEP: Final = "delete from platform.live_tickets where good_until < clock_timestamp()"
ISSUE: Final = """
insert into platform.live_tickets
select %(digest)s, %(tenant)s, %(subject)s, %(scopes)s, %(marks)s, %(expires_at)s,
  clock_timestamp() + make_interval(secs => %(seconds)s)
where %(most)s > (select count(*) from platform.live_tickets where tenant = %(tenant)s
  and subject = %(subject)s and good_until > clock_timestamp())"""
REDEEM: Final = """
delete from platform.live_tickets where digest = %s
returning tenant, subject, scopes, marks, token_expires_at, good_until > clock_timestamp()"""


class LiveTickets:
    """`read_api.live.ports.Tickets`. `pool` acts as tuan_api; `mac_key` is the platform's."""

    def __init__(self, pool: AsyncConnectionPool[Any], mac_key: bytes) -> None:
        self._pool = pool
        self._pepper = derived(mac_key, b"live-ticket")

    async def issue(self, principal: Principal, scopes: frozenset[str]) -> str:
        """Raises: TooManyTickets, IdentityUnavailable."""
        ticket = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        values = {
            "digest": self._digest(ticket),
            "tenant": principal.tenant,
            "subject": principal.subject,
            "scopes": sorted(principal.scopes & scopes),
            "marks": list(principal.marks),
            "expires_at": principal.expires_at,
            "seconds": TICKET_SECONDS,
            "most": UNSPENT_MAX,
        }
        try:
            async with self._pool.connection() as connection:
                await connection.execute(SWEEP)
                issued = await connection.execute(ISSUE, values)
        except (psycopg.OperationalError, PoolTimeout, OSError) as error:
            raise IdentityUnavailable(str(error)) from error
        if issued.rowcount != 1:
            raise TooManyTickets
        return ticket

    async def redeem(self, ticket: str) -> Principal:
        """Raises: Unauthenticated, IdentityUnavailable."""
        if not ticket.startswith(PREFIX) or not ticket.isascii():
            raise Unauthenticated
        try:
            async with self._pool.connection() as connection:
                found = await connection.execute(REDEEM, (self._digest(ticket),))
                row = await found.fetchone()
        except (psycopg.OperationalError, PoolTimeout, OSError) as error:
            raise IdentityUnavailable(str(error)) from error
        if row is None or not row[5]:
            raise Unauthenticated
        tenant, subject, scopes, marks, expires_at, _ = row
        return Principal(tenant, subject, frozenset(scopes), expires_at, marks=tuple(marks))

    def _digest(self, ticket: str) -> bytes:
        return hmac.digest(self._pepper, ticket.encode(), "sha256")
