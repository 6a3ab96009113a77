"""Every report there is, by name."""

from collections.abc import Mapping
from typing import Final

from read_api.reports.balances import SUB_LEDGERS, TRIAL_BALANCE
from read_api.reports.break_list import BREAKS
from read_api.reports.definition import Report
from read_api.reports.lines import GENERAL_LEDGER, JOURNAL
from read_api.reports.owed import REFUND_AGEING, SUSPENSE, VAT_BASE
from read_api.reports.reconciliation import DAILY_SUMMARY
from read_api.reports.side_by_side import DETAIL
from read_api.reports.statements import STATEMENT_LINES, STATEMENTS

REPORTS: Final[Mapping[str, Report]] = {
    report.name: report
    for report in (
        TRIAL_BALANCE,
        GENERAL_LEDGER,
        JOURNAL,
        *SUB_LEDGERS,
        REFUND_AGEING,
        SUSPENSE,
        VAT_BASE,
        DAILY_SUMMARY,
        DETAIL,
        BREAKS,
        STATEMENTS,
        STATEMENT_LINES,
    )
}
