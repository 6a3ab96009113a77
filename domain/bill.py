"""Bill: what a channel says happened on one day. A later file takes the place of an earlier; none is lost."""

from datetime import datetime
from typing import Final, NamedTuple, assert_never
from uuid import UUID, uuid5

import msgspec

from domain.bill_lines import BillKey, Sums
from domain.decider import Decider
from domain.events.bill import (
    BillAbsent,
    BillError,
    BillEvent,
    BillFetched,
    BillRejected,
    BillRestated,
)
from domain.ids import BillId

BILLS: Final = UUID("9b6f3c1e-5d0a-5c55-8a41-0f2f6b1d7c20")
ERRORS_MAX: Final = 50  # kept of a rejected file: enough to see what is wrong with it


class Bill(msgspec.Struct):
    """Digests of the files of one bill. `in_force` is the last accepted; "" while there is none."""

    in_force: str = ""
    accepted: list[str] = []  # in the order they came; one that came back stands here again
    rejected: list[str] = []
    absent: bool = False  # the channel's last word is that there is none


class File(NamedTuple):
    """A text that the channel gave, whatever it holds."""

    sha256: str
    channel_hash: str
    size: int


def bill_id(tenant: str, key: BillKey) -> BillId:
    """The stream of this bill."""
    day = key.date.isoformat()
    name = f"{key.channel}/{key.mchid}/{key.kind}/{key.account}/{day}"
    return BillId(uuid5(uuid5(BILLS, tenant), name))


# --- decisions ------------------------------------------------------------------------------


def accept(
    bill: Bill,
    *,
    id: BillId,
    key: BillKey,
    file: File,
    lines: int,
    duplicates: int,
    sums: Sums,
    at: datetime,
) -> tuple[BillEvent, ...]:
    """Let a file that can be read be in force. The same file again says nothing new."""
    if bill.in_force == file.sha256 and not bill.absent:
        return ()
    head = (id, key.channel, key.mchid, key.kind, key.account, key.date)
    if not bill.in_force:
        return (BillFetched(*head, *file, lines, duplicates, sums, at),)
    return (BillRestated(*head, bill.in_force, *file, lines, duplicates, sums, at),)


def reject(
    bill: Bill,
    *,
    id: BillId,
    key: BillKey,
    file: File,
    error_count: int,
    errors: tuple[BillError, ...],
    at: datetime,
) -> tuple[BillEvent, ...]:
    """Note that a file cannot be read, and why: once for each file."""
    if file.sha256 in bill.rejected:
        return ()
    head = (id, key.channel, key.mchid, key.kind, key.account, key.date)
    return (BillRejected(*head, *file, error_count, errors[:ERRORS_MAX], at),)


def note_absence(bill: Bill, *, id: BillId, key: BillKey, at: datetime) -> tuple[BillEvent, ...]:
    """Note that the channel has no bill for this day. It may still give one later."""
    if bill.absent:
        return ()
    head = (id, key.channel, key.mchid, key.kind, key.account, key.date)
    return (BillAbsent(*head, bill.in_force, at),)


# --- evolution ------------------------------------------------------------------------------


def evolve(bill: Bill, event: BillEvent) -> Bill:
    """Believe the event."""
    match event:
        case BillFetched() | BillRestated():
            bill.in_force = event.sha256
            bill.accepted.append(event.sha256)
            bill.absent = False
        case BillRejected():
            bill.rejected.append(event.sha256)
        case BillAbsent():
            bill.absent = True
        case _:
            assert_never(event)
    return bill


BILL: Decider[Bill, BillEvent] = Decider("bill", Bill, BillEvent, evolve)
