"""Who is asking: the verified principal, the permissions there are, and the port that verifies.

Both edges, writing and reading, need the same words and may not import each other, so the words are here.
"""

from datetime import datetime
from typing import Final, NamedTuple, Protocol

SCOPES: Final = {
    "shop": "Open and join groups, buy, pay, cancel and withdraw as the buyer that the token names.",
    "catalog:write": "Register goods, receive stock, launch and end campaigns.",
    "payment:start": "Start a payment with a sealed payer, as the buyer that the token names. For services.",
    "payment:record": "Record what a payment channel says. For services.",
    "refund:propose": "Propose refunds, and what to do with those that do not go through.",
    "refund:approve": "Approve or decline what another person proposed at the refund desk.",
    "payout:propose": "Propose what to do with payouts that do not go through.",
    "payout:approve": "Approve or decline what another person proposed for a payout.",
    "payout:send": "Make the bank's file of payouts, and read its answer in.",
    "merchant:write": "Onboard merchants, sign agreements, set how their books are kept, receive deposits.",
    "merchant:onboard": "Onboard a merchant with a sealed account. For services.",
    "ledger:propose": "Propose corrections of the books.",
    "ledger:approve": "Approve or decline corrections that another person proposed.",
    "settlement:propose": "Propose who holds a merchant's money, and adjustments of what it earned.",
    "settlement:approve": "Approve or decline what another person proposed about settlement.",
    "split:request": "Share orders out inside the channel, and ask shares back for refunds.",
    "recon:record": "Record what reconciliation finds in the bills of channels. For services.",
    "break:propose": "Look after breaks, and propose the entries that resolve them.",
    "break:approve": "Approve or decline what another person proposed for a break.",
    "process:act": "Carry out the decisions of process managers. For services.",
    "read:own": "Read the orders of the buyer that the token names.",
    "read:all": "Read everything of the tenant.",
    "finance:read": "Read the ledger and what reconciles it.",
    "audit:read": "Read anchors of the log, and take evidence of the tenant out.",
    "read:board": "Read what any shopper may see: groups, campaigns, stock.",
    "admin": "Operate the platform: parked events, rebuilds, keys.",
    "bench": "Load tests: a much higher rate limit. Opens nothing by itself.",
}

PUBLIC: Final = frozenset({"public"})
"""What a route needs when no token is asked: it gives nothing away, or proves its caller otherwise."""


class Principal(NamedTuple):
    """The verified caller. Tenant and owner come from here and from nowhere else.

    `platform` is true only for tokens signed by the platform's own key: its services acting for a tenant.
    `marks` are the names under which this very token can be revoked.
    """

    tenant: str
    subject: str
    scopes: frozenset[str]
    expires_at: datetime
    platform: bool = False
    marks: tuple[str, ...] = ()

    def may(self, needs: frozenset[str]) -> bool:
        """True when any one of `needs` was granted."""
        return not needs.isdisjoint(self.scopes)


class Unauthenticated(Exception):
    """The token is missing, malformed, unknown, expired or revoked. The caller is not told which."""


class IdentityUnavailable(Exception):
    """Revocations cannot be read, so nobody is let in: fail closed."""


class TokenVerifier(Protocol):
    """Turns the text after `Bearer ` into a principal."""

    async def verify(self, token: str) -> Principal:
        """Raises: Unauthenticated, IdentityUnavailable."""

    def still_valid(self, principal: Principal) -> bool:
        """False once what let the principal in has expired or was revoked. Raises: IdentityUnavailable."""
