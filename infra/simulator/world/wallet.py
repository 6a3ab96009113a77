"""Tokens of the world's people, minted in batches by the development issuer."""

from collections.abc import Iterable
from itertools import islice

import msgspec

from infra.simulator.world.client import Client

SHOPPER = ("shop", "read:own", "read:board")
OPERATOR = ("catalog:write", "read:all", "read:board")
OPERATOR_NAME = "world-operator"
MAKER_NAME, CHECKER_NAME = "world-finance-maker", "world-finance-checker"
STAFF = {
    OPERATOR_NAME: OPERATOR,
    MAKER_NAME: (
        *("merchant:write", "settlement:propose", "refund:propose"),
        *("payout:propose", "break:propose"),
    ),
    CHECKER_NAME: (
        *("settlement:approve", "refund:approve", "payout:approve", "break:approve"),
        *("payout:send", "finance:read"),
    ),
}
BATCH = 500
LIFE_SECONDS = 30 * 86_400  # of the shared clock, which may jump days


class Wallet:
    """Bearer tokens by subject. Minting is a question to the issuer, so it is done before the load."""

    def __init__(self, issuer: Client, tenant: str) -> None:
        self._issuer = issuer
        self._tenant = tenant
        self._tokens: dict[str, str] = {}

    async def fill(self, subjects: Iterable[str]) -> None:
        """Have a token for each of these."""
        missing = iter([one for one in dict.fromkeys(subjects) if one not in self._tokens])
        while batch := list(islice(missing, BATCH)):
            await self._mint(batch)

    async def bearer(self, subject: str) -> str:
        if subject not in self._tokens:
            await self._mint([subject])
        return f"Bearer {self._tokens[subject]}"

    def drop(self, subject: str) -> None:
        """Its token is not taken any more."""
        self._tokens.pop(subject, None)

    async def _mint(self, subjects: list[str]) -> None:
        asked = [
            {
                "tenant": self._tenant,
                "sub": subject,
                "scopes": STAFF.get(subject, SHOPPER),
                "ttl_seconds": LIFE_SECONDS,
            }
            for subject in subjects
        ]
        answer = await self._issuer.call("POST", "/tokens", body=msgspec.json.encode(asked))
        if not answer.ok:
            raise RuntimeError(f"the issuer gives no tokens: {answer.raw[:300]!r}")
        for subject, token in zip(subjects, msgspec.json.decode(answer.raw), strict=True):
            self._tokens[subject] = token["access_token"]
