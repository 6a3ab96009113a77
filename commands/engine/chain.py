"""Hash chains over events and commands: change, drop or swap one stored byte and every later link breaks.

Every field goes in with its length before it, so no two different records can look the same.
"""

from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from struct import Struct
from uuid import UUID

VERSION = 1  # of the layouts below; hashed first, so that a later layout can stand beside this one
GENESIS = b"\0" * 32

_event = Struct(">B32sqqHH16siHI32s").pack
_command = Struct(">B16sHHHHIHI16s16sqH").pack
_link = Struct(">B32sq32sHIqqq").pack
_NOBODY = b"\0" * 16


@lru_cache(maxsize=8)  # all commands of a batch have one time
def micros(at: datetime) -> int:
    """Microseconds since 1970, exactly as Postgres keeps a timestamptz."""
    whole = int(at.timestamp())
    return whole * 1_000_000 + at.microsecond


def event_hash(
    previous: bytes,
    position: int,
    epoch: int,
    tenant: str,
    category: str,
    stream: UUID,
    version: int,
    type: str,
    data: bytes,
    command_digest: bytes,
) -> bytes:
    """The link of one event: all that is stored of it, and who caused it."""
    where, kind, name = tenant.encode(), category.encode(), type.encode()
    head = _event(
        VERSION,
        previous,
        position,
        epoch,
        len(where),
        len(kind),
        stream.bytes,
        version,
        len(name),
        len(data),
        command_digest,
    )
    return sha256(b"".join((head, where, kind, name, data))).digest()


def command_digest(
    command_id: UUID,
    tenant: str,
    principal: str,
    name: str,
    key: str | None,
    body: bytes,
    body_mac: bytes,
    facts: bytes,
    correlation: UUID,
    causation: UUID | None,
    at: datetime,
    code_rev: str,
) -> bytes:
    """Who asked for what, when, and under which code."""
    where, who, what, under = (
        tenant.encode(),
        principal.encode(),
        name.encode(),
        (key or "").encode(),
    )
    revision = code_rev.encode()
    cause = causation.bytes if causation else _NOBODY
    head = _command(
        VERSION,
        command_id.bytes,
        len(where),
        len(who),
        len(what),
        len(under),
        len(body),
        len(body_mac),
        len(facts),
        correlation.bytes,
        cause,
        micros(at),
        len(revision),
    )
    return sha256(
        b"".join((head, where, who, what, under, revision, body, body_mac, facts))
    ).digest()


def command_hash(
    previous: bytes,
    seq: int,
    digest: bytes,
    outcome: str,
    reply: bytes,
    seen: int,
    first: int | None,
    last: int | None,
) -> bytes:
    """The link of one command: its digest and what came of it."""
    said = outcome.encode()
    head = _link(VERSION, previous, seq, digest, len(said), len(reply), seen, first or 0, last or 0)
    return sha256(b"".join((head, said, reply))).digest()
