"""Where the bills of channels come from. `infra` provides it, one for each account."""

from datetime import date
from typing import BinaryIO, NamedTuple, Protocol

from domain.bill_lines import BillKey, BillKind


class BillNotReady(Exception):
    """The channel is still writing it. Ask again in half an hour."""


class NoBill(Exception):
    """There is none, and it is no use to ask again soon: nothing happened on that day."""


class BillText(NamedTuple):
    """A bill as the channel gave it, whole and unread."""

    sha256: str  # hexadecimal
    channel_hash: str  # what the channel said of it, and it was checked: "sha1:…"
    size: int  # bytes


class BillSource(Protocol):
    """One merchant account's bills."""

    channel: str
    mchid: str
    kinds: tuple[tuple[BillKind, str], ...]
    """Kind and account ("" of a trade bill) of every bill that there is for each day."""

    def key(self, kind: BillKind, account: str, day: date) -> BillKey:
        """Names the bill."""

    async def fetch(self, key: BillKey, into: BinaryIO) -> BillText:
        """Write the bill's text there, from its beginning. A text that was cut short or changed is in doubt.

        Raises: BillNotReady, NoBill, ChannelRefused, ChannelInDoubt.
        """
