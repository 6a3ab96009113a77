"""The bills of one merchant account: asked for with a signature, fetched without one, and checked by their digest."""

import hmac
import zlib
from collections.abc import Iterator
from datetime import date
from hashlib import sha1, sha256
from typing import BinaryIO, Final, Literal

import msgspec
from yarl import URL

from commands.bill_source import BillNotReady, BillText, NoBill
from commands.ports import ChannelInDoubt, ChannelRefused
from domain.bill_lines import BillKey, BillKind
from infra.wechatpay.client import Client

NOT_READY: Final = frozenset({"STATEMENT_CREATING", "BILL_CREATING"})
NOTHING: Final = frozenset({"NO_STATEMENT_EXIST", "NO_BILL_EXIST"})
GZIP: Final = b"\x1f\x8b"
GZIP_BITS: Final = zlib.MAX_WBITS | 16
PIECE: Final = 1024 * 1024  # bytes that are unpacked at once
TEXT_MAX: Final = 2**31  # bytes: seven times the longest bill that is to be expected


class Told(msgspec.Struct, frozen=True):
    """Where a bill is, and what its text adds up to."""

    hash_type: Literal["SHA1"]
    hash_value: str
    download_url: str


class WeChatBills:
    """`commands.bill_source.BillSource`."""

    channel = "wechatpay"
    kinds: tuple[tuple[BillKind, str], ...] = (("trade", ""), ("fundflow", "BASIC"))

    def __init__(self, mchid: str, client: Client) -> None:
        self.mchid = mchid
        self._client = client

    def key(self, kind: BillKind, account: str, day: date) -> BillKey:
        return BillKey(self.channel, self.mchid, kind, day, account)

    async def fetch(self, key: BillKey, into: BinaryIO) -> BillText:
        """The address may name any host: what is asked for there is asked of the one we know."""
        told = await self._told(key)
        address = URL(told.download_url)
        ours, theirs, size, unpacked = sha256(), sha1(usedforsecurity=False), 0, Unpacked()
        async for packed in self._client.pieces(address.raw_path_qs):
            for piece in unpacked.take(packed):
                size += len(piece)
                if size > TEXT_MAX:
                    raise ChannelInDoubt(f"{key}: more than {TEXT_MAX} bytes", "too_long")
                ours.update(piece)
                theirs.update(piece)
                into.write(piece)
        said = told.hash_value.lower()
        if not unpacked.whole or not hmac.compare_digest(said, theirs.hexdigest()):
            raise ChannelInDoubt(f"{key}: the text is not the one of {said}", "digest")
        return BillText(ours.hexdigest(), f"sha1:{said}", size)

    async def _told(self, key: BillKey) -> Told:
        try:
            answer = await self._client.get(target_of(key))
        except ChannelRefused as no:
            if no.code in NOT_READY:
                raise BillNotReady(str(no)) from no
            if no.code in NOTHING:
                raise NoBill(str(no)) from no
            raise
        try:
            return msgspec.json.decode(answer.body, type=Told)
        except msgspec.DecodeError as unreadable:
            raise ChannelInDoubt(f"unreadable answer: {unreadable}") from unreadable


def target_of(key: BillKey) -> str:
    """Path and query, as they are signed and sent."""
    if key.kind == "trade":
        return f"/v3/bill/tradebill?bill_date={key.date}&bill_type=ALL&tar_type=GZIP"
    return f"/v3/bill/fundflowbill?bill_date={key.date}&account_type={key.account}&tar_type=GZIP"


class Unpacked:
    """A text that comes packed, or not after all. However much a piece holds, it is unpacked little by little."""

    def __init__(self) -> None:
        self._gzip: zlib._Decompress | None = None
        self._first = True

    @property
    def whole(self) -> bool:
        """Has the end been seen, and nothing behind it?"""
        return self._gzip is None or (self._gzip.eof and not self._gzip.unused_data)

    def take(self, piece: bytes) -> Iterator[bytes]:
        """Raises: ChannelInDoubt."""
        if self._first and piece.startswith(GZIP):
            self._gzip = zlib.decompressobj(GZIP_BITS)
        self._first = False
        if self._gzip is None:
            yield piece
            return
        left = piece
        try:
            while True:
                made = self._gzip.decompress(left, PIECE)
                yield made
                left = self._gzip.unconsumed_tail
                if (
                    not left and len(made) < PIECE
                ):  # else it may hold more that it has unpacked already
                    return
        except zlib.error as broken:
            raise ChannelInDoubt(f"a packed text is broken: {broken}", "digest") from broken
