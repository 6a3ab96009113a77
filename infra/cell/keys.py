"""The short form of an idempotency key: what the index holds and what the engine looks up."""

from hashlib import blake2b
from struct import Struct
from uuid import UUID

from domain.ids import uuid_of

_sizes = Struct(">4I").pack


def key_digest(tenant: str, principal: str, route: str, key: str) -> UUID:
    """128 bits of (tenant, principal, route, key); lengths go in first, so no two scopes can meet."""
    a, b, c, d = tenant.encode(), principal.encode(), route.encode(), key.encode()
    text = b"".join((_sizes(len(a), len(b), len(c), len(d)), a, b, c, d))
    return uuid_of(blake2b(text, digest_size=16).digest())
