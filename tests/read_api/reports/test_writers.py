"""What is written is what is read back, by other hands than ours, and no spreadsheet runs any of it."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from read_api.reports.columns import SHANGHAI, TOTAL, Column, Row, Sheet, Totals, Writer, yuan
from read_api.reports.csv_text import BYTE_ORDER_MARK, CsvWriter, safe
from read_api.reports.json_lines import JsonLinesWriter
from read_api.reports.workbook import EXACT_FEN, TEXT_MAX, WorkbookWriter

COLUMNS = (
    Column("id", "编号", "Id", "id"),
    Column("note", "备注", "Note", "text"),
    Column("debit_fen", "借方", "Debit", "fen", sums=True),
    Column("lines", "笔数", "Lines", "count", sums=True),
    Column("day", "日期", "Day", "day"),
    Column("at", "时间", "At", "instant"),
)
AT = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
SHEET = Sheet("sample", "样表 Sample", COLUMNS, {"租户 Tenant": "acme"}, AT)
ROW: Row = ("420000123", "=1+1", -12345, 3, date(2026, 6, 1), AT)

fen = st.integers(-EXACT_FEN, EXACT_FEN)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
letters = st.characters(exclude_categories=["Cs"])
nasty = st.sampled_from("=+-@＝＋－＠'\"\t\r\n\0, 0٣") | letters
days = st.dates(date(1901, 1, 1), date(9998, 12, 31))
instants = st.integers(-2 * 10**9, 10**11).map(lambda seconds: AT + timedelta(seconds=seconds / 8))


def rows_of(text: st.SearchStrategy[str]) -> st.SearchStrategy[list[Row]]:
    count = st.integers(-(10**14), 10**14)
    return st.lists(st.tuples(text, text, fen | st.none(), count, days, instants), max_size=8)


def written(writer: Writer, rows: Sequence[Row], *, totals: bool = False) -> bytes:
    """As a report is made, a few rows at a time."""
    sums = Totals(COLUMNS)
    found = [writer.begin()]
    for at in range(0, len(rows), 3):
        sums.add(rows[at : at + 3])
        found.append(writer.rows(rows[at : at + 3]))
    found += writer.end(sums.row() if totals else None)
    writer.close()
    return b"".join(found)


def csv_of(data: bytes) -> list[list[str]]:
    assert data.startswith(BYTE_ORDER_MARK)
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def cells_of(data: bytes, page: int = 0) -> list[tuple[Any, ...]]:
    book = load_workbook(io.BytesIO(data), read_only=True)
    return list(book.worksheets[page].iter_rows(values_only=True))


@settings(max_examples=200, deadline=None)
@given(rows_of(st.text(nasty, max_size=20) | texts))
def test_csv_is_read_back_as_it_was(rows: list[Row]) -> None:
    heading, *read = csv_of(written(CsvWriter(SHEET), rows))
    assert heading[2:4] == ["借方 Debit (元 CNY)", "笔数 Lines"]
    for row, (id, note, debit, lines, day, at) in zip(rows, read, strict=True):
        assert (id.removeprefix("'"), note.removeprefix("'")) == row[:2]
        assert debit == ("" if row[2] is None else yuan(row[2]))  # type: ignore[arg-type]
        assert int(lines) == row[3]
        assert date.fromisoformat(day) == row[4]
        assert datetime.fromisoformat(at) == row[5]


@settings(max_examples=300, deadline=None)
@given(st.text(nasty, min_size=1, max_size=12))
def test_no_text_of_a_csv_begins_as_a_formula_does(text: str) -> None:
    (row,) = csv_of(written(CsvWriter(SHEET), [(text, text, None, 0, AT.date(), AT)]))[1:]
    for field in row[:2]:
        assert field.lstrip()[:1] not in set("=+-@＝＋－＠\t\0")
        assert field[0] not in "\t\r\n\0"


@pytest.mark.parametrize(
    "evil",
    ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＋1", "－1", "＠a", "\t=1", " =1", "\ufeff=1", "'=1"],
)
def test_what_would_run_gets_an_apostrophe(evil: str) -> None:
    assert safe(evil) == "'" + evil


def test_negative_amounts_stay_numbers_and_long_ids_stay_text() -> None:
    read = csv_of(written(CsvWriter(SHEET), [ROW], totals=True))
    assert read[1][:4] == ["'420000123", "'=1+1", "-123.45", "3"]
    assert read[2][:4] == [TOTAL, "", "-123.45", "3"]
    for id in ("0012", "1e5", "12-3", "2026/1/1", "1120"):
        assert csv_of(written(CsvWriter(SHEET), [(id, *ROW[1:])]))[1][0] == "'" + id
    for id in ("wx12", "0a1b2c3d-0000-4000-8000-000000000000"):
        assert csv_of(written(CsvWriter(SHEET), [(id, *ROW[1:])]))[1][0] == id


@settings(max_examples=60, deadline=None)
@given(rows_of(texts.filter(lambda text: "_x" not in text)))
def test_a_workbook_is_read_back_as_it_was(rows: list[Row]) -> None:
    heading, *read = cells_of(written(WorkbookWriter(SHEET), rows))
    assert heading == tuple(column.heading for column in COLUMNS)
    for row, (id, note, debit, lines, day, at) in zip(rows, read, strict=True):
        assert (id or "", note or "") == row[:2]
        assert (None if debit is None else round(debit * 100)) == row[2]
        assert lines == row[3]
        assert day.date() == row[4]
        local = row[5].astimezone(SHANGHAI).replace(tzinfo=None)  # type: ignore[union-attr]
        assert abs((at - local).total_seconds()) < 0.001  # what a spreadsheet keeps of a second


def test_a_workbook_types_its_cells_freezes_its_heading_and_holds_no_formula() -> None:
    data = written(WorkbookWriter(SHEET), [ROW], totals=True)
    book = load_workbook(io.BytesIO(data))
    page, about = book.worksheets
    assert page.freeze_panes == "A2"
    assert [cell.data_type for cell in page[2]] == ["s", "s", "n", "n", "d", "d"]
    assert [cell.value for cell in page[2]][:4] == ["420000123", "=1+1", -123.45, 3]
    assert [cell.value for cell in page[3]][:4] == [TOTAL, None, -123.45, 3]
    assert (about["A1"].value, about["B1"].value) == ("租户 Tenant", "acme")
    assert page["C2"].number_format.startswith("#,##0.00")


def test_what_a_sheet_cannot_hold_goes_on_the_next_one_and_is_never_rounded() -> None:
    rows = [("a", "b", n, 1, date(2026, 6, 1), AT) for n in range(10)]
    data = written(WorkbookWriter(SHEET, rows_max=4), rows, totals=True)
    pages = [cells_of(data, page) for page in range(3)]
    assert [len(page) for page in pages] == [5, 5, 4]  # a heading each, and the totals at the end
    assert [round(row[2] * 100) for page in pages for row in page[1:]] == [*range(10), 45]
    long = (str(10**20), "x" * (TEXT_MAX + 5), EXACT_FEN + 1, 10**16, date(2026, 6, 1), AT)
    (_, read) = cells_of(written(WorkbookWriter(SHEET), [long]))
    assert read[0] == str(10**20)
    assert (len(read[1]), read[1][-1]) == (TEXT_MAX, "…")
    assert read[2:4] == ("10000000000000.00", str(10**16))


def test_the_same_report_is_the_same_file() -> None:
    first, second = (written(WorkbookWriter(SHEET), [ROW]) for _ in range(2))
    assert first == second


@settings(max_examples=200, deadline=None)
@given(rows_of(st.text(nasty, max_size=20) | texts))
def test_json_lines_are_read_back_as_they_were(rows: list[Row]) -> None:
    data = written(JsonLinesWriter(SHEET), rows, totals=True)
    assert data.count(b"\n") == len(rows)
    for row, line in zip(rows, data.splitlines(), strict=True):
        read = json.loads(line)
        assert list(read) == [column.key for column in COLUMNS]
        assert [*read.values()][:4] == list(row[:4])
        assert date.fromisoformat(read["day"]) == row[4]
        assert datetime.fromisoformat(read["at"]) == row[5]


def test_an_abandoned_workbook_leaves_nothing_behind() -> None:
    writer = WorkbookWriter(SHEET)
    writer.begin()
    writer.rows([ROW])
    path = writer.path
    writer.close()
    assert not path.parent.exists()
