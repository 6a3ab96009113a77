"""What a toy process and its customers say to each other: one JSON value a line over TCP."""

from typing import Literal
from uuid import UUID

import msgspec

LINE_MAX = 1 << 20


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command; or, by `name`, "status" of the command id in `key`, or "owner": do you own the cell?"""

    name: str
    key: str = ""
    body: str = "{}"
    tenant: str = "demo"
    principal: str = "ann"
    later: bool = False  # promise it, answer when asked for its status


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer; or where to go; or why there is none."""

    kind: Literal["answer", "promised", "elsewhere", "later", "reused", "unknown", "failed"]
    command_id: UUID | None = None
    outcome: str = ""
    reply: str = ""
    token: str = ""
    replayed: bool = False
    address: str = ""  # of the owner, or why it failed


encode = msgspec.json.Encoder().encode
read_ask = msgspec.json.Decoder(Ask).decode
read_said = msgspec.json.Decoder(Said).decode
