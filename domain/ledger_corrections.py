"""Postings of corrections: new entries that name the old ones."""

from typing import TypeAlias

from domain.events.correction import Correction, LedgerCorrected
from domain.ledger_entry import Entry, Line, day

CorrectionPosted: TypeAlias = LedgerCorrected


def of_corrections(event: CorrectionPosted) -> tuple[Entry, ...]:
    """K1: two people put entries right: each gets one that names it, on the day they decided."""
    return tuple(corrected(event, one) for one in event.corrections)


def corrected(of: LedgerCorrected, one: Correction) -> Entry:
    return Entry(
        rule="K1",
        lines=tuple(
            Line(line.account, line.sub_key, line.debit_fen, line.credit_fen) for line in one.lines
        ),
        value_date=day(of.at),
        order_id=one.order_id,
        refund_id=one.refund_id,
        merchant_id=one.merchant_id,
        corrects=one.corrects,
    )
