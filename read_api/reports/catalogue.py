"""Every report there is, by name."""

from collections.abc import Mapping
from typing import Final

from read_api.reports.balances import SUB_LEDGERS, TRIAL_BALANCE
from read_api.reports.definition import Report
from read_api.reports.lines import GENERAL_LEDGER, JOURNAL
from read_api.reports.owed import REFUND_AGEING, SUSPENSE, VAT_BASE

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
    )
}
