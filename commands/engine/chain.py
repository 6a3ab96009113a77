"""Hash chains over events and commands: change, drop or swap one stored byte and every later link breaks.

Every field goes in with its length before it, so no two different records can look the same.
"""

from datetime import datetime
from hashlib import sha256
from struct import Struct
from uuid import UUID

VERSION = 1  # of the layouts below; hashed first, so that a later layout can stand beside this one
GENESIS = b"\0" * 32

_event = Struct(">B32sqqHH16siHI32s")
_command = Struct(">B16sHHHHIHI16s16sqH")
_link = Struct(">B32sq32sHIqqq")


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
    head = _event.pack(
        *(VERSION, previous, position, epoch, len(where), len(kind), stream.bytes, version),
        *(len(name), len(data), command_digest),
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
    texts = [text.encode() for text in (tenant, principal, name, key or "", code_rev)]
    head = _command.pack(
        VERSION,
        command_id.bytes,
        *(len(text) for text in texts[:4]),
        len(body),
        len(body_mac),
        len(facts),
        correlation.bytes,
        causation.bytes if causation else b"\0" * 16,
        micros(at),
        len(texts[4]),
    )
    return sha256(b"".join((head, *texts, body, body_mac, facts))).digest()


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
    head = _link.pack(
        VERSION, previous, seq, digest, len(said), len(reply), seen, first or 0, last or 0
    )
    return sha256(b"".join((head, said, reply))).digest()
