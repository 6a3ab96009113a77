"""Record that a channel's file is no bill, and where it is wrong. Asked by: whoever fetches bills."""

from typing import Annotated

from msgspec import Meta

from commands.billing import BillOf, FileOf
from commands.use_case import Command, Reply, Stream, Tx, UseCase
from domain import bill as bills
from domain.bill import BILL, ERRORS_MAX, bill_id
from domain.events.bill import BillError
from domain.ids import BillId


class RejectBill(Command, frozen=True):
    """The file is kept already, and none of its lines counts. Repeat it freely."""

    bill: BillOf
    file: FileOf
    error_count: Annotated[int, Meta(ge=1, le=10**9)]
    errors: Annotated[tuple[BillError, ...], Meta(min_length=1, max_length=ERRORS_MAX)]


class RejectedBill(Reply, frozen=True):
    """The stream of the bill, and which file is in force nevertheless; "" when none is."""

    bill_id: BillId
    in_force: str


def handle(cmd: RejectBill, tx: Tx) -> RejectedBill:
    key = cmd.bill.key()
    id = bill_id(tx.tenant, key)
    bill = tx.read(BILL, id)
    rejected = bills.reject(
        bill,
        id=id,
        key=key,
        file=cmd.file.file(),
        error_count=cmd.error_count,
        errors=cmd.errors,
        at=tx.at,
    )
    tx.append(BILL, id, rejected)
    return RejectedBill(id, bill.in_force)


USE_CASE = UseCase(
    "reject_bill",
    RejectBill,
    RejectedBill,
    handle,
    scope="payment:record",
    streams=lambda cmd, tx: (Stream(BILL, bill_id(tx.tenant, cmd.bill.key())),),
)
