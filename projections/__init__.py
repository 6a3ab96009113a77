"""Read models: disposable tables, each made from the log by one module. Another shape is another name.

`recorded.py` is what they are made of. A projection never reads another one's tables, and never a clock.
"""

from projections import (
    bill_days,
    bills,
    breaks,
    clearing,
    corrections,
    earnings,
    funds_due,
    group_board,
    group_odds,
    ledger,
    merchant_statements,
    merchants,
    order_status,
    payout_desk,
    pulse,
    refund_desk,
    sales_dashboard,
    stock_levels,
    timeline,
)
from projections.recorded import Projection

PROJECTIONS: tuple[Projection, ...] = (
    order_status.PROJECTION,
    group_board.PROJECTION,
    stock_levels.PROJECTION,
    sales_dashboard.PROJECTION,
    ledger.PROJECTION,
    corrections.PROJECTION,
    timeline.PROJECTION,
    pulse.PROJECTION,
    refund_desk.PROJECTION,
    group_odds.PROJECTION,
    bills.PROJECTION,
    funds_due.PROJECTION,
    payout_desk.PROJECTION,
    merchants.PROJECTION,
    merchant_statements.PROJECTION,
    earnings.PROJECTION,
    clearing.PROJECTION,
    bill_days.PROJECTION,
    breaks.PROJECTION,
)
