"""Begin to match a bill date: its bills are here, and the chain of balances holds. Asked by: reconciliation."""

from commands.fields import Cap
from commands.reconciling import DayState, Digest, OfDay, SignedFen, day_of, record_day, the_day
from commands.use_case import Lane, Tx, UseCase
from domain import bill_day as days
from domain.ids import BillId
from domain.matching_rows import MATCHER_VERSION
from domain.money import Money


class BeginBillDay(OfDay, frozen=True):
    """So many lines, between these balances. Repeat it freely; a restated bill begins anew while nothing is matched."""

    trade_bill: BillId | None
    fund_bill: BillId | None
    trade_sha256: Digest
    fund_sha256: Digest
    trade_lines: Cap
    fund_lines: Cap
    opening_fen: SignedFen
    closing_fen: SignedFen


def handle(cmd: BeginBillDay, tx: Tx) -> DayState:
    day = day_of(tx, cmd.key)
    begun = days.begin(
        day,
        key=cmd.key,
        bills=(cmd.trade_bill, cmd.fund_bill),
        digests=(cmd.trade_sha256, cmd.fund_sha256),
        lines=(cmd.trade_lines, cmd.fund_lines),
        opening=Money(cmd.opening_fen),
        closing=Money(cmd.closing_fen),
        matcher_version=MATCHER_VERSION,
        at=tx.at,
    )
    return record_day(tx, cmd.key, day, begun)


USE_CASE = UseCase(
    "begin_bill_day",
    BeginBillDay,
    DayState,
    handle,
    scope="recon:record",
    streams=lambda cmd, tx: the_day(tx, cmd.key),
    lane=Lane.MONEY,
)
