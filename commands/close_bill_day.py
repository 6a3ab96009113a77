"""Close a bill date for good, if every line has its place and the books hold what the channel says. Asked by: reconciliation."""

from collections.abc import Iterator
from datetime import timedelta

from commands.fields import Cap
from commands.reconciling import DayState, OfDay, SignedFen, day_of, record_day
from commands.use_case import Lane, Stream, Tx, UseCase
from domain import bill_day as days
from domain.bill import BILL
from domain.bill_day import BillRestatedSince, Books
from domain.bill_day_state import BILL_DAY, BillDay, Key, day_id
from domain.money import Money


class CloseBillDay(OfDay, frozen=True):
    """What the ledger holds for the date, as it was read at `ledger_position`. Repeat it freely."""

    clearing_fen: SignedFen
    balance_fen: SignedFen
    ledger_position: Cap
    ledger_ready: bool
    agreed: Cap  # lines of the fund flow that the trade bill explains
    open_breaks: Cap


def handle(cmd: CloseBillDay, tx: Tx) -> DayState:
    day, earlier = day_of(tx, cmd.key), day_of(tx, before(cmd.key))
    if not day.closed:
        unchanged(day, tx)
    closed = days.close(
        day,
        books=Books(
            Money(cmd.clearing_fen), Money(cmd.balance_fen), cmd.ledger_position, cmd.ledger_ready
        ),
        agreed=cmd.agreed,
        open_breaks=cmd.open_breaks,
        earlier=earlier,
        by=tx.principal,
        at=tx.at,
    )
    return record_day(tx, cmd.key, day, closed)


def unchanged(day: BillDay, tx: Tx) -> None:
    """The files that were matched are in force still. Raises: BillRestatedSince."""
    if day.begun is None:
        return
    for bill, sha256 in (
        (day.begun.trade_bill, day.begun.trade_sha256),
        (day.begun.fund_bill, day.begun.fund_sha256),
    ):
        if bill is not None and tx.read(BILL, bill).in_force not in ("", sha256):
            raise BillRestatedSince(bill_id=str(bill))


def before(key: Key) -> Key:
    return key._replace(date=key.date - timedelta(days=1))


def streams(cmd: CloseBillDay, tx: Tx) -> Iterator[Stream]:
    yield Stream(BILL_DAY, day_id(tx.tenant, before(cmd.key)))
    yield Stream(BILL_DAY, day_id(tx.tenant, cmd.key))
    begun = day_of(tx, cmd.key).begun
    for bill in (begun.trade_bill, begun.fund_bill) if begun else ():
        if bill is not None:
            yield Stream(BILL, bill)


USE_CASE = UseCase(
    "close_bill_day",
    CloseBillDay,
    DayState,
    handle,
    scope="recon:record",
    streams=streams,
    lane=Lane.MONEY,
)
