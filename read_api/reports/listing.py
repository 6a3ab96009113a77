"""Which reports there are, and what their columns mean."""

from typing import Final

from pydantic import BaseModel

from read_api.reports.catalogue import REPORTS
from read_api.reports.definition import Report
from read_api.reports.formats import FORMATS


class ColumnView(BaseModel):
    """One column. Kinds: text, id, fen (integer fen; CSV and XLSX show yuan), count, day, instant."""

    key: str
    zh: str
    en: str
    kind: str
    explained: bool


class ReportView(BaseModel):
    """One report. `key`: what tells its rows apart, in the order in which `explain` takes it."""

    name: str
    zh: str
    en: str
    columns: list[ColumnView]
    key: list[str]


class Reports(BaseModel):
    """All of them, and the formats they come in."""

    reports: list[ReportView]
    formats: list[str]


def shown(report: Report) -> ReportView:
    columns = [
        ColumnView(key=it.key, zh=it.zh, en=it.en, kind=it.kind, explained=it.key in report.cells)
        for it in report.written
    ]
    return ReportView(
        name=report.name, zh=report.zh, en=report.en, columns=columns, key=list(report.key)
    )


LIST: Final = Reports(reports=[shown(it) for it in REPORTS.values()], formats=list(FORMATS))
