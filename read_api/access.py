"""Who may ask: the token's principal, and the scopes that open a route."""

from typing import Final

from fastapi import Request
from fastapi.routing import APIRoute

from domain.identity import IdentityUnavailable, Principal, TokenVerifier, Unauthenticated
from domain.problem import FORBIDDEN, IDENTITY_DOWN, UNAUTHENTICATED
from read_api.problems import Refused

OWN: Final = "read:own"
ALL: Final = "read:all"
BOARD: Final = "read:board"
FINANCE: Final = "finance:read"
AUDIT: Final = "audit:read"
ADMIN: Final = "admin"


async def admit(request: Request, needs: frozenset[str]) -> Principal:
    """The caller, if any one of `needs` was granted. Raises: Refused with 401, 403 or 503."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not token or scheme.lower() != "bearer":
        raise Refused(UNAUTHENTICATED)
    verifier: TokenVerifier = request.app.state.verifier
    try:
        principal = await verifier.verify(token)
    except Unauthenticated:
        raise Refused(UNAUTHENTICATED) from None
    except IdentityUnavailable:
        raise Refused(IDENTITY_DOWN) from None
    return permitted(principal, needs)


def permitted(principal: Principal, needs: frozenset[str]) -> Principal:
    """The principal, if any one of `needs` was granted. Raises: Refused."""
    if not principal.may(needs):
        raise Refused(FORBIDDEN, needs=sorted(needs))
    return principal


def needs_of(route: APIRoute) -> frozenset[str]:
    """The scopes that open a route; empty when nobody said, which a test forbids."""
    for dependency in route.dependant.dependencies:
        needs = getattr(dependency.call, "needs", None)
        if needs is not None:
            return frozenset(needs)
    return frozenset()
