"""Record that a channel has no bill for a day, since nothing happened on it. Asked by: whoever fetches bills."""

from commands.billing import BillOf
from commands.use_case import Command, Reply, Stream, Tx, UseCase
from domain import bill as bills
from domain.bill import BILL, bill_id
from domain.ids import BillId


class RecordNoBill(Command, frozen=True):
    """Repeat it freely. It may still give one later."""

    bill: BillOf


class RecordedNoBill(Reply, frozen=True):
    """The stream of the bill, and which file it gave before; "" as a rule."""

    bill_id: BillId
    before: str


def handle(cmd: RecordNoBill, tx: Tx) -> RecordedNoBill:
    key = cmd.bill.key()
    id = bill_id(tx.tenant, key)
    bill = tx.read(BILL, id)
    tx.append(BILL, id, bills.note_absence(bill, id=id, key=key, at=tx.at))
    return RecordedNoBill(id, bill.in_force)


USE_CASE = UseCase(
    "record_no_bill",
    RecordNoBill,
    RecordedNoBill,
    handle,
    scope="payment:record",
    streams=lambda cmd, tx: (Stream(BILL, bill_id(tx.tenant, cmd.bill.key())),),
)
