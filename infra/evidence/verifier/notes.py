"""Signed notes: where both logs stood, as the platform signed it."""

import base64
import binascii
from hashlib import sha256
from typing import NamedTuple

from infra.evidence.verifier.ed25519 import signed
from infra.evidence.verifier.fail import Failed, demand


class Key(NamedTuple):
    """A verifier key: name, four bytes to find its signatures by, and the public key."""

    name: str
    id: bytes
    public: bytes


class Stand(NamedTuple):
    """How far both logs were, and the roots of the trees over them."""

    origin: str
    day: str
    size: int
    root: bytes
    commands: int
    command_root: bytes


def key_of(text: str) -> Key:
    """Raises: Failed."""
    name, _, rest = text.partition("+")
    id, _, data = rest.partition("+")
    raw = exact(data)
    demand(len(raw) == 33 and raw[:1] == b"\1", f"{text!r} is no Ed25519 verifier key")
    short = sha256(name.encode() + b"\n" + raw).digest()[:4]
    demand(short.hex() == id, f"the verifier key {text!r} is misspelt")
    return Key(name, short, raw[1:])


def stand(note: str, key: Key) -> Stand:
    """What the note says, once its signature is checked. Raises: Failed."""
    text, gap, signatures = note.partition("\n\n")
    text += "\n"
    mine = [
        exact(line.rpartition(" ")[2])
        for line in signatures.split("\n")
        if line.rpartition(" ")[0] == f"\u2014 {key.name}"
    ]
    demand(
        any(raw[:4] == key.id and signed(key.public, raw[4:], text.encode()) for raw in mine),
        "a checkpoint is not signed by this key",
    )
    lines = text.splitlines()
    demand(bool(gap) and len(lines) > 3, "a checkpoint is not written as one")
    said = dict(line.partition(" ")[::2] for line in lines[3:])
    try:
        return Stand(
            lines[0],
            said.get("day", ""),
            int(lines[1]),
            exact(lines[2]),
            int(said["commands"]),
            exact(said["command-root"]),
        )
    except (KeyError, ValueError) as error:
        raise Failed(f"a checkpoint is not written as one: {error!r}") from None


def exact(text: str) -> bytes:
    """Base64 in the one way to write it. Raises: Failed."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise Failed(f"{text[:20]!r} is not base64") from None
    demand(base64.b64encode(raw).decode() == text, f"{text[:20]!r} is not base64 as it is written")
    return raw
