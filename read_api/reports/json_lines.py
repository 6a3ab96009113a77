"""JSON Lines for machines: one object a row with the columns' own names, amounts as integer fen, times UTC."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from read_api.reports.columns import Row, Sheet

MEDIA_TYPE: Final = "application/jsonl"


class JsonLinesWriter:
    """`columns.Writer` of JSON Lines. Totals are for people: a machine adds up itself."""

    def __init__(self, sheet: Sheet) -> None:
        self._keys = [column.key for column in sheet.columns]
        self._encoder = msgspec.json.Encoder()

    def begin(self) -> bytes:
        return b""

    def rows(self, rows: Sequence[Row]) -> bytes:
        named = [dict(zip(self._keys, row, strict=True)) for row in rows]
        return self._encoder.encode_lines(named)

    def end(self, totals: Row | None) -> Iterator[bytes]:
        yield from ()

    def close(self) -> None:
        """It holds nothing."""
