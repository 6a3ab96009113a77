"""A report in the format it is asked for."""

from collections.abc import AsyncGenerator
from datetime import datetime

from read_api.reports import beancount_books
from read_api.reports.books import View
from read_api.reports.definition import Report, wrong
from read_api.reports.formats import FORMATS
from read_api.reports.lines import JOURNAL
from read_api.reports.produce import produce
from read_api.snapshot import Snapshot


def make(
    snapshot: Snapshot, report: Report, view: View, format: str, now: datetime
) -> AsyncGenerator[bytes, None]:
    """The file, piece by piece. Raises: Refused when the report does not come in it."""
    report.fits(view)
    writes = FORMATS[format].writer
    if writes is not None:
        return produce(snapshot, report, view, writes, now)
    if report is not JOURNAL or view.account is not None:
        raise wrong("format", "only the whole journal comes as entries")
    return beancount_books.produce(snapshot, view)
