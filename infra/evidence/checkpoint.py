"""Where the logs of a cell stood, signed: a checkpoint as C2SP writes it (tlog-checkpoint in a signed note).

The first three lines are the standard's: the log's name, how many events there are, the root of their tree.
What follows is ours: the day it ends, the chains' heads, and the same of the commands. Any tool for signed
notes reads and verifies it.
"""

import base64
import binascii
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519: Final = b"\x01"  # the algorithm's number in signed notes
DASH: Final = "\u2014 "  # before each signature
LINES: Final = ("at", "epoch", "head", "commands", "command-head", "command-root")


class BadNote(Exception):
    """This is no checkpoint of ours, or nobody we know signed it. The message says why, for people."""


class Checkpoint(NamedTuple):
    """The logs of `cell` up to one commit. `day` is None when it is not one that a business day ended with."""

    cell: str
    day: date | None
    at: datetime
    epoch: int
    position: int
    head_hash: bytes
    root: bytes
    command_seq: int
    command_hash: bytes
    command_root: bytes

    @property
    def origin(self) -> str:
        return f"tuan/{self.cell}"

    def text(self) -> str:
        """What is signed."""
        lines = [self.origin, str(self.position), b64(self.root)]
        lines += [f"day {self.day}"] if self.day else []
        ours = (
            self.at.astimezone(UTC).isoformat(timespec="microseconds"), self.epoch,
            b64(self.head_hash), self.command_seq, b64(self.command_hash), b64(self.command_root),
        )  # fmt: skip
        lines += [f"{name} {value}" for name, value in zip(LINES, ours, strict=True)]
        return "\n".join(lines) + "\n"


class Signer:
    """Holds the key that anchors are signed with."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw()

    def sign(self, checkpoint: Checkpoint) -> str:
        """The signed note."""
        text, name = checkpoint.text(), checkpoint.origin
        signature = key_id(name, self.public) + self._key.sign(text.encode())
        return f"{text}\n{DASH}{name} {b64(signature)}\n"

    def sign_bytes(self, data: bytes) -> bytes:
        return self._key.sign(data)

    def verifier(self, cell: str) -> str:
        """The verifier key, as signed notes write it: to be kept by whoever will check anchors."""
        return verifier_key(f"tuan/{cell}", self.public)


def verifier_key(name: str, public: bytes) -> str:
    return f"{name}+{key_id(name, public).hex()}+{b64(ED25519 + public)}"


def key_id(name: str, public: bytes) -> bytes:
    """Four bytes by which a signature line says whose it is."""
    return sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def public_of(verifier: str) -> bytes:
    """The public key in a verifier key. Raises: BadNote."""
    try:
        name, id, data = verifier.split("+", 2)
        raw = base64.b64decode(data, validate=True)
        public = raw.removeprefix(ED25519)
        if len(raw) != 33 or len(public) != 32 or key_id(name, public).hex() != id:
            raise ValueError
    except (ValueError, binascii.Error):
        raise BadNote(f"{verifier!r} is no verifier key") from None
    return public


def opened(note: str, publics: list[bytes]) -> Checkpoint:
    """What the note says, if one of these keys signed it. Raises: BadNote."""
    text, gap, signatures = note.partition("\n\n")
    checkpoint = parsed(text + "\n")
    if not gap or checkpoint.text() != text + "\n":
        raise BadNote("it is not written as a checkpoint is")
    name = checkpoint.origin
    *lines, end = signatures.split("\n")
    if end or not all(line.startswith(DASH) for line in lines):
        raise BadNote("it does not end with signatures")
    for line in lines:  # others may have signed it too
        signer, _, signature = line.rpartition(" ")
        raw = unb64(signature)
        for public in publics:
            if signer == DASH + name and raw[:4] == key_id(name, public):
                check(public, raw[4:], text.encode() + b"\n")
                return checkpoint
    raise BadNote("it is not signed by a key that is known here")


def check(public: bytes, signature: bytes, data: bytes) -> None:
    """Raises: BadNote."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except InvalidSignature:
        raise BadNote("its signature is not that of its words") from None


def parsed(text: str) -> Checkpoint:
    """Raises: BadNote."""
    lines = text.splitlines()
    try:
        origin, size, root, *ours = lines
        fields = dict(line.split(" ", 1) for line in ours)
        day = fields.pop("day", None)
        if tuple(fields) != LINES or not origin.startswith("tuan/"):
            raise ValueError
        return Checkpoint(
            cell=origin.removeprefix("tuan/"),
            day=date.fromisoformat(day) if day else None,
            at=datetime.fromisoformat(fields["at"]),
            epoch=int(fields["epoch"]),
            position=int(size),
            head_hash=unb64(fields["head"]),
            root=unb64(root),
            command_seq=int(fields["commands"]),
            command_hash=unb64(fields["command-head"]),
            command_root=unb64(fields["command-root"]),
        )
    except ValueError:
        raise BadNote("it is no checkpoint of a log of ours") from None


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def unb64(text: str) -> bytes:
    """Only as we write it: the last letter has bits to spare. Raises: BadNote."""
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise BadNote(f"{text[:20]!r} is not base64") from None
    if b64(data) != text:
        raise BadNote(f"{text[:20]!r} is not base64 as it is written")
    return data
