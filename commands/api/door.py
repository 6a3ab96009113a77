"""Who may come in: the token, the scope, the pace and the idempotency key of a request."""

import re
from typing import Final
from uuid import UUID

from commands.api.http import Request
from commands.api.limits import Limits
from commands.api.problems import HEADER_INVALID, KEY_INVALID, KEY_MISSING, NOT_A_BUYER, Refused
from domain.identity import Principal, TokenVerifier, Unauthenticated
from domain.problem import FORBIDDEN, UNAUTHENTICATED

KEY: Final = re.compile(rb"[\x21-\x7e]{1,128}")
TRACE: Final = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
SHOPPING: Final = frozenset({"shop"})
USER: Final = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""The one text form of a user id, so that a buyer has one name only."""


class Door:
    """Lets a caller in, or says why not."""

    def __init__(self, verifier: TokenVerifier, limits: Limits) -> None:
        self.verifier = verifier
        self.limits = limits

    async def admit(self, request: Request, needs: frozenset[str], route: str) -> Principal:
        """Raises: Refused with 401, 403 or 429, IdentityUnavailable."""
        scheme, _, token = request.headers.get(b"authorization", b"").partition(b" ")
        if not token or scheme.lower() != b"bearer":
            raise Refused(UNAUTHENTICATED)
        try:
            principal = await self.verifier.verify(token.decode("ascii", "replace"))
        except Unauthenticated:
            raise Refused(UNAUTHENTICATED) from None
        if needs.isdisjoint(principal.scopes):
            raise Refused(FORBIDDEN, needs=sorted(needs))
        if needs == SHOPPING and USER.fullmatch(principal.subject) is None:
            raise Refused(NOT_A_BUYER)
        self.limits.take(principal, route)
        return principal


def idempotency_key(request: Request) -> str:
    """Raises: Refused when it is missing or would not be safe to store."""
    key = request.headers.get(b"idempotency-key")
    if key is None:
        raise Refused(KEY_MISSING)
    if KEY.fullmatch(key) is None:
        raise Refused(KEY_INVALID)
    return key.decode("ascii")


def correlation_id(request: Request, command_id: UUID) -> UUID:
    """The trace that the caller says this belongs to (W3C traceparent), else the command itself."""
    header = request.headers.get(b"traceparent")
    traced = TRACE.fullmatch(header) if header else None
    return UUID(hex=traced[1].decode()) if traced else command_id


def causation_id(request: Request) -> UUID | None:
    """The command that made a process manager ask. Raises: Refused when it is no UUID."""
    header = request.headers.get(b"tuan-causation-id")
    if header is None:
        return None
    try:
        return UUID(header.decode("ascii"))
    except ValueError:
        raise Refused(HEADER_INVALID, header="Tuan-Causation-Id") from None


def wants_answer_later(request: Request) -> bool:
    """True for `Prefer: respond-async`."""
    prefer = request.headers.get(b"prefer")
    if not prefer:
        return False
    return any(
        part.strip().lower() == b"respond-async" for part in re.split(rb"[,;]", prefer[:200])
    )
