"""The short form of an idempotency key: what the index holds and what the engine looks up."""

from hashlib import blake2b
from uuid import UUID


def key_digest(tenant: str, principal: str, route: str, key: str) -> UUID:
    """128 bits of (tenant, principal, route, key); lengths go in first, so no two scopes can meet."""
    parts = [part.encode() for part in (tenant, principal, route, key)]
    sizes = b"".join(len(part).to_bytes(4) for part in parts)
    return UUID(bytes=blake2b(b"".join((sizes, *parts)), digest_size=16).digest())
