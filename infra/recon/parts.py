"""Large bills: lines and rows are spilled into parts on disk, and the parts joined in as many processes as there are cores.

A part holds everything under the numbers of ours that fall into it, so memory is that of a part's rows, whatever
the bill. What a part settles goes back to disk; what it leaves over is small.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar
from zlib import crc32

import msgspec

from domain.bill_lines import TradeLine
from domain.matching_join import Join, Leftover
from domain.matching_rows import Equal, Row, own_number

T = TypeVar("T")

ROWS_OF_A_PART: Final = 50_000
CORES: Final = os.cpu_count() or 1
HEAD: Final = 4  # bytes before each record: its length


class Parts(NamedTuple):
    """Where the parts of one bill date are, and how many."""

    folder: Path
    total: int
    bill_date: date

    def file(self, what: str, part: int) -> Path:
        return self.folder / f"{what}.{part}"


def parts_for(rows: int) -> int:
    """How many parts so many rows make."""
    return max(1, -(-rows // ROWS_OF_A_PART))


def spill_lines(parts: Parts, lines: Iterable[TradeLine]) -> None:
    spill(parts, "lines", lines, own_number)


def spill_rows(parts: Parts, rows: Iterable[Row]) -> None:
    spill(parts, "rows", rows, lambda row: row.number)


def spill(parts: Parts, what: str, items: Iterable[T], number: Callable[[T], str]) -> None:
    encode, total = msgspec.msgpack.Encoder().encode, parts.total
    with ExitStack() as stack:
        files = [
            stack.enter_context(parts.file(what, part).open("wb", buffering=1 << 18))
            for part in range(total)
        ]
        for item in items:
            body = encode(item)
            file = files[crc32(number(item).encode()) % total]
            file.write(len(body).to_bytes(HEAD))
            file.write(body)


def read(file: Path, kind: Any) -> Iterator[Any]:
    """The records of one file, one at a time."""
    decode = msgspec.msgpack.Decoder(kind).decode
    with file.open("rb", buffering=1 << 18) as stream:
        while head := stream.read(HEAD):
            yield decode(stream.read(int.from_bytes(head)))


def settle(parts: Parts, part: int) -> Leftover:
    """Join one part; its equal pairs go to disk."""
    join = Join(read(parts.file("rows", part), Row), parts.bill_date)
    join.hear(read(parts.file("lines", part), TradeLine))
    encode = msgspec.msgpack.Encoder().encode
    with parts.file("equal", part).open("wb", buffering=1 << 18) as file:
        for equal in join.equal():
            body = encode(equal)
            file.write(len(body).to_bytes(HEAD))
            file.write(body)
    return join.leftover()


def settle_all(parts: Parts, cores: int = CORES) -> list[Leftover]:
    """Join all parts, `cores` of them at a time; in this process when there is but one."""
    if parts.total == 1:
        return [settle(parts, 0)]
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        return list(pool.map(settle, [parts] * parts.total, range(parts.total)))


def settled(parts: Parts) -> Iterator[Equal]:
    """What the parts have settled, part after part."""
    for part in range(parts.total):
        yield from read(parts.file("equal", part), Equal)
