"""CSV for people who open it in a spreadsheet: UTF-8 with its mark, RFC 4180, and nothing in it is ever run.

A spreadsheet takes a field that begins like a formula for one, and a long number for a rounded one. Such texts
and ids get an apostrophe before them; so does what begins with an apostrophe, which makes the way back unique:
take one off. Amounts, counts and dates are ours and stay what they are, also when they are negative.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

from read_api.reports.columns import SHANGHAI, Column, Row, Sheet, Value, yuan

MEDIA_TYPE: Final = "text/csv; charset=utf-8"
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"  # or Excel reads it in the code page of the machine
APOSTROPHE: Final = "'"
INVISIBLE: Final = " \t\r\n\v\f\0\x85\xa0\u200b\u200c\u200d\u2060\u3000\ufeff"
RUNS: Final = tuple("=+-@＝＋－＠")
"""How a formula begins, in half and in full width."""
LIKE_A_NUMBER: Final = re.compile(r"[0-9.][0-9.,:/eE+-]*")


class CsvWriter:
    """`columns.Writer` of text/csv."""

    def __init__(self, sheet: Sheet) -> None:
        self._columns = sheet.columns

    def begin(self) -> bytes:
        return BYTE_ORDER_MARK + lines([[safe(column.heading) for column in self._columns]])

    def rows(self, rows: Sequence[Row]) -> bytes:
        return lines([fields(self._columns, row) for row in rows])

    def end(self, totals: Row | None) -> Iterator[bytes]:
        if totals is not None:
            yield self.rows([totals])

    def close(self) -> None:
        """It holds nothing."""


def lines(rows: Sequence[Sequence[str]]) -> bytes:
    """RFC 4180: fields with commas, quotes or line breaks quoted, quotes doubled, CRLF."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode()


def fields(columns: Sequence[Column], row: Row) -> list[str]:
    return [field(column, value) for column, value in zip(columns, row, strict=True)]


def field(column: Column, value: Value) -> str:
    """One value as its column wants it."""
    if isinstance(value, int):
        return yuan(value) if column.kind == "fen" else str(value)
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    text = value or ""
    if column.kind == "id" and LIKE_A_NUMBER.fullmatch(text):
        return APOSTROPHE + text
    return safe(text)


def safe(text: str) -> str:
    """The same text, and no spreadsheet runs it. What hides before a formula does not hide it from us."""
    hidden = text[:1] in INVISIBLE and text[:1] not in ("", " ")
    if hidden or text.startswith(APOSTROPHE) or text.lstrip(INVISIBLE).startswith(RUNS):
        return APOSTROPHE + text
    return text
