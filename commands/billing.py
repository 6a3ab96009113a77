"""How commands name a bill and a file of it."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from commands.fields import Name
from domain.bill import File
from domain.bill_lines import BillKey, BillKind


class BillOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of bill of one merchant account and day. `account` is "" for a trade bill."""

    channel: Name
    mchid: Name
    kind: BillKind
    date: date
    account: Literal["", "BASIC", "OPERATION", "FEES"] = ""

    def key(self) -> BillKey:
        return BillKey(self.channel, self.mchid, self.kind, self.date, self.account)


class FileOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text of it, by its digests: ours, and the one that the channel gave ("" when it gave none)."""

    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    channel_hash: Annotated[str, Meta(pattern="^(sha1:[0-9a-f]{40})?$")]
    size: Annotated[int, Meta(ge=0, le=2**40)]

    def file(self) -> File:
        return File(self.sha256, self.channel_hash, self.size)
