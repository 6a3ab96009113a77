"""Record that a channel gave a bill that can be read: it is in force from now. Asked by: whoever fetches bills."""

from typing import Annotated

from msgspec import Meta

from commands.billing import BillOf, FileOf
from commands.use_case import Command, Reply, Stream, Tx, UseCase
from domain import bill as bills
from domain.bill import BILL, bill_id
from domain.bill_lines import Sums
from domain.ids import BillId


class RecordBill(Command, frozen=True):
    """The file is kept already, and was read whole. Repeat it freely; another file restates the bill."""

    bill: BillOf
    file: FileOf
    lines: Annotated[int, Meta(ge=0, le=10**9)]
    duplicates: Annotated[int, Meta(ge=0, le=10**9)]
    sums: Sums


class RecordedBill(Reply, frozen=True):
    """The stream of the bill, and how many files of it were accepted so far."""

    bill_id: BillId
    files: int


def handle(cmd: RecordBill, tx: Tx) -> RecordedBill:
    key = cmd.bill.key()
    id = bill_id(tx.tenant, key)
    bill = tx.read(BILL, id)
    accepted = bills.accept(
        bill,
        id=id,
        key=key,
        file=cmd.file.file(),
        lines=cmd.lines,
        duplicates=cmd.duplicates,
        sums=cmd.sums,
        at=tx.at,
    )
    tx.append(BILL, id, accepted)
    return RecordedBill(id, len(bill.accepted) + len(accepted))


USE_CASE = UseCase(
    "record_bill",
    RecordBill,
    RecordedBill,
    handle,
    scope="payment:record",
    streams=lambda cmd, tx: (Stream(BILL, bill_id(tx.tenant, cmd.bill.key())),),
)
