"""The pinned issuer's public keys: fetched from the one address in the settings, never from a token's words."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx
import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from domain.identity import IdentityUnavailable

log = logging.getLogger(__name__)

FRESH_SECONDS: Final = 300.0  # then the issuer is asked again, so that withdrawn keys go
PAUSE_SECONDS: Final = 2.0  # between two questions, however many strange key ids are tried on us
TIMEOUT_SECONDS: Final = 3.0

Fetch = Callable[[], Awaitable[bytes]]


class Jwks(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


class IssuerKeys:
    """Keys by id. `fetch` returns a JWKS document; real time decides when to ask again."""

    def __init__(self, fetch: Fetch, monotonic: Callable[[], float]) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._keys: dict[str, ECKey] = {}
        self._fetched_at = float("-inf")
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def find(self, kid: str) -> ECKey | None:
        """None when the issuer has no such key. Raises: IdentityUnavailable when we cannot know."""
        stale = self._monotonic() - self._fetched_at > FRESH_SECONDS
        if kid not in self._keys or stale:
            await self._ask()
        if kid not in self._keys and self._fetched_at == float("-inf"):
            raise IdentityUnavailable("the issuer's keys were never reachable")
        return self._keys.get(kid)

    async def _ask(self) -> None:
        async with self._asking:
            if self._monotonic() - self._asked_at < PAUSE_SECONDS:
                return
            self._asked_at = self._monotonic()
            try:
                self._keys = usable(await self._fetch())
                self._fetched_at = self._monotonic()
            except (httpx.HTTPError, OSError, ValueError) as error:
                log.warning("issuer keys cannot be fetched: %s", error)  # the old ones stay


def usable(document: bytes) -> dict[str, ECKey]:
    """The P-256 signing keys of a JWKS, by id. Others are passed over. Raises: ValueError."""
    keys = {}
    for entry in msgspec.json.decode(document, type=Jwks).keys:
        if (
            entry.get("kty") != "EC"
            or entry.get("crv") != "P-256"
            or entry.get("use", "sig") != "sig"
        ):
            continue
        try:
            keys[str(entry["kid"])] = ECKey.import_key(
                {name: entry[name] for name in ("kty", "crv", "x", "y")}
            )
        except (JoseError, KeyError, ValueError) as error:
            log.warning("a key of the issuer is unusable: %s", error)
    return keys


def fetch_from(url: str) -> Fetch:
    """Reads the document over HTTP."""

    async def fetch() -> bytes:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            answer = await client.get(url)
            return answer.raise_for_status().content

    return fetch
