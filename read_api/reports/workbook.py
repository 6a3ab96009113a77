"""XLSX with typed cells: amounts and dates are numbers, ids are text, totals are values and no formulas.

XlsxWriter and not openpyxl: its constant-memory mode writes each row to disk as it comes (one row in memory,
whatever the length), every cell says its type, and nothing is ever guessed to be a formula or a link.
The file is a zip archive, so nothing of it can be given out before the last row.
"""

import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from xlsxwriter import Workbook

from read_api.reports.columns import SHANGHAI, Column, Row, Sheet, Value, yuan

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_MAX: Final = 1_048_575  # of a sheet, under its heading; what is more goes on the next one
TEXT_MAX: Final = 32_767  # characters of a cell; what is longer is cut, and ends with an ellipsis
EXACT_FEN: Final = (
    10**15 - 1
)  # a spreadsheet keeps fifteen digits; a larger amount is written as text
CHUNK: Final = 64 * 1024  # bytes
WIDTHS: Final = {"text": 24, "id": 38, "fen": 16, "count": 12, "day": 12, "instant": 20}
SHAPES: Final = {
    "text": {},
    "id": {"num_format": "@"},
    "fen": {"num_format": "#,##0.00;[Red]-#,##0.00"},
    "count": {"num_format": "#,##0"},
    "day": {"num_format": "yyyy-mm-dd"},
    "instant": {"num_format": "yyyy-mm-dd hh:mm:ss.000"},
}


class WorkbookWriter:
    """`columns.Writer` of one workbook, kept in a directory of its own until it is given out."""

    def __init__(self, sheet: Sheet, rows_max: int = ROWS_MAX) -> None:
        self._sheet = sheet
        self._rows_max = rows_max
        self._directory = tempfile.TemporaryDirectory(prefix="tuan-report-")
        self.path = Path(self._directory.name) / "report.xlsx"
        options = {"constant_memory": True, "tmpdir": self._directory.name}
        self._book = Workbook(str(self.path), options)
        self._book.set_properties(
            {"title": sheet.title, "created": sheet.made_at.astimezone(UTC).replace(tzinfo=None)}
        )
        bold = {"bold": True}
        self._shapes = {kind: self._book.add_format(shape) for kind, shape in SHAPES.items()}
        self._bold = {kind: self._book.add_format(shape | bold) for kind, shape in SHAPES.items()}
        self._pages = 0

    def begin(self) -> bytes:
        self._turn()
        return b""

    def rows(self, rows: Sequence[Row]) -> bytes:
        for row in rows:
            self._write(row, self._shapes)
        return b""

    def end(self, totals: Row | None) -> Iterator[bytes]:
        if totals is not None:
            self._write(totals, self._bold)
        self._tell_about()
        self._book.close()
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def close(self) -> None:
        self._directory.cleanup()

    def _turn(self) -> None:
        """Begin a page: the heading, which stays in sight."""
        self._pages += 1
        name = self._sheet.title[:25] + (f" {self._pages}" if self._pages > 1 else "")
        self._page = self._book.add_worksheet(name)
        self._page.freeze_panes(1, 0)
        for at, column in enumerate(self._sheet.columns):
            self._page.set_column(at, at, WIDTHS[column.kind])
        self._line = 0
        for at, column in enumerate(self._sheet.columns):
            self._page.write_string(0, at, column.heading, self._bold["text"])

    def _write(self, row: Row, shapes: dict[str, Any]) -> None:
        if self._line == self._rows_max:
            self._turn()
        self._line += 1
        for at, (column, value) in enumerate(zip(self._sheet.columns, row, strict=True)):
            if value is not None:
                put(self._page, self._line, at, column, value, shapes[column.kind])

    def _tell_about(self) -> None:
        page = self._book.add_worksheet("说明 About")
        page.set_column(0, 1, 40)
        for line, (name, value) in enumerate(self._sheet.about.items()):
            page.write_string(line, 0, name)
            page.write_string(line, 1, value)


def put(page: Any, line: int, at: int, column: Column, value: Value, shape: Any) -> None:
    """One typed cell."""
    if isinstance(value, int):
        fen = column.kind == "fen"
        if abs(value) > EXACT_FEN:
            page.write_string(line, at, yuan(value) if fen else str(value), shape)
        else:
            page.write_number(line, at, value / 100 if fen else value, shape)
    elif isinstance(value, datetime):
        page.write_datetime(line, at, value.astimezone(SHANGHAI).replace(tzinfo=None), shape)
    elif isinstance(value, date):
        page.write_datetime(line, at, value, shape)
    elif value:
        text = value if len(value) <= TEXT_MAX else value[: TEXT_MAX - 1] + "…"
        page.write_string(line, at, text, shape)
