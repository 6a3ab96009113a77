"""Which reader reads which bill, and the three things that are asked of a file: is it good, and its lines."""

from collections.abc import Callable, Iterator
from hashlib import new
from typing import BinaryIO, Final, Protocol

from domain.bill_lines import BillKey, FundLine, TradeLine
from infra.alipay import bill_trade as alipay_trade
from infra.bills.reading import Found, Notes
from infra.wechatpay import bill_fundflow, bill_trade

PIECE: Final = 1024 * 1024  # bytes
DIGESTS: Final = frozenset({"sha1"})


class Reader(Protocol):
    """Of one file."""

    def lines(self, file: BinaryIO) -> Iterator[TradeLine | FundLine]: ...


READERS: Final[dict[tuple[str, str], Callable[[Notes], Reader]]] = {
    ("wechatpay", "trade"): bill_trade.Reader,
    ("wechatpay", "fundflow"): bill_fundflow.Reader,
    ("alipay", "trade"): alipay_trade.Reader,
}


def examine(key: BillKey, file: BinaryIO, channel_hash: str = "") -> Found:
    """Read the whole file, from its beginning. Raises: Unreadable, KeyError for a bill that nobody reads."""
    notes = Notes(key)
    reader = READERS[key.channel, key.kind](notes)
    if channel_hash and not carries(file, channel_hash):
        notes.fault(0, "", "与渠道给出的摘要不符 not what the channel's digest says")
        notes.found()
    file.seek(0)
    for _ in reader.lines(file):
        pass
    return notes.found()


def trade_lines(key: BillKey, file: BinaryIO) -> Iterator[TradeLine]:
    """The lines of a trade bill; at the end it is known whether the file is good. Raises: Unreadable."""
    for line in _lines(key, file):
        assert isinstance(line, TradeLine), key
        yield line


def fund_lines(key: BillKey, file: BinaryIO) -> Iterator[FundLine]:
    """The lines of a fund-flow bill; at the end it is known whether the file is good. Raises: Unreadable."""
    for line in _lines(key, file):
        assert isinstance(line, FundLine), key
        yield line


def carries(file: BinaryIO, channel_hash: str) -> bool:
    """Is this the text that the channel means? "sha1:…" in hexadecimal."""
    name, _, said = channel_hash.partition(":")
    assert name in DIGESTS, channel_hash
    digest = new(name, usedforsecurity=False)
    file.seek(0)
    while piece := file.read(PIECE):
        digest.update(piece)
    return digest.hexdigest() == said


def _lines(key: BillKey, file: BinaryIO) -> Iterator[TradeLine | FundLine]:
    notes = Notes(key)
    file.seek(0)
    yield from READERS[key.channel, key.kind](notes).lines(file)
    notes.found()
