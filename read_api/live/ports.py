"""What live feeds need from outside: where tickets are kept, and the limits of this installation."""

from typing import Final, NamedTuple, Protocol

from domain.identity import Principal

TICKET_SECONDS: Final = 60


class TooManyTickets(Exception):
    """The principal holds as many unspent tickets as anybody may."""


class Tickets(Protocol):
    """Keeps tickets where every process that serves feeds can redeem them."""

    async def issue(self, principal: Principal, scopes: frozenset[str]) -> str:
        """A ticket that opens one feed with those of `scopes` that the principal has.

        Raises: TooManyTickets, IdentityUnavailable.
        """

    async def redeem(self, ticket: str) -> Principal:
        """Whoever asked for it; from now on it opens nothing. Raises: Unauthenticated, IdentityUnavailable."""


class Limits(NamedTuple):
    """Feeds open at once in this process, and the web origins whose pages may open them."""

    per_tenant: int = 500
    per_principal: int = 20
    origins: frozenset[str] = frozenset()


class Live(NamedTuple):
    """Everything together."""

    tickets: Tickets
    limits: Limits = Limits()
