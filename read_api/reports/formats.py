"""The formats a report comes in. Beancount text is made of entries, so only the journal has it."""

from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

from read_api.reports import beancount, csv_text, json_lines, workbook
from read_api.reports.columns import Sheet, Writer

Name: TypeAlias = Literal["csv", "xlsx", "jsonl", "beancount"]


class Format(NamedTuple):
    """How a file of it is announced, and who writes its rows; nobody does when it has none."""

    media_type: str
    extension: str
    writer: Callable[[Sheet], Writer] | None


FORMATS: Final[Mapping[str, Format]] = {
    "csv": Format(csv_text.MEDIA_TYPE, "csv", csv_text.CsvWriter),
    "xlsx": Format(workbook.MEDIA_TYPE, "xlsx", workbook.WorkbookWriter),
    "jsonl": Format(json_lines.MEDIA_TYPE, "jsonl", json_lines.JsonLinesWriter),
    "beancount": Format(beancount.MEDIA_TYPE, beancount.EXTENSION, None),
}
