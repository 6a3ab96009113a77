"""What all pages of one console process share."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from read_api.console.sessions import Clock, Sessions

ANY_ADDRESS: Final = frozenset({"0.0.0.0", "::", ""})
LOOPBACK: Final = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class House:
    """`gateway` is the public API; `issuer` mints tokens for ready-made people, or is "" outside the
    embedded default; `origin` is the address that browsers use."""

    gateway: str
    issuer: str
    origin: str
    clock: Clock
    sessions: Sessions
    http: aiohttp.ClientSession

    @property
    def secure(self) -> bool:
        return self.origin.startswith("https://")

    @property
    def hosts(self) -> frozenset[str]:
        return hosts_of(self.origin)


def hosts_of(origin: str) -> frozenset[str]:
    """Names this console answers to; none when it listens everywhere and nobody said under which name."""
    parts = urlsplit(origin)
    if (parts.hostname or "") in ANY_ADDRESS:
        return frozenset()
    if parts.hostname in LOOPBACK:
        return frozenset(f"{name}:{parts.port}" for name in LOOPBACK)
    return frozenset({parts.netloc})
