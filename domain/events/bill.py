"""What can happen to a channel's bill of one day: one stream a bill, whatever number of files it comes in.

The files themselves are kept whole, by their digest, outside the log: here stands which were given, when, and
what they add up to. None is ever thrown away, and the last accepted one is in force.
"""

from datetime import date, datetime
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from domain.bill_lines import BillKind, Sums
from domain.ids import BillId


class BillFetched(msgspec.Struct, frozen=True, tag="bill.fetched.v1"):
    """The channel gave a bill, for the first time, and it can be read whole. This file is in force."""

    bill_id: BillId
    channel: str
    mchid: str
    kind: BillKind
    account: str  # BASIC, OPERATION, FEES of a fund-flow bill; "" of a trade bill
    bill_date: date
    sha256: str  # of the text, hexadecimal: the file is kept under it
    channel_hash: str  # what the channel itself says of the text: "sha1:…", "" when it says nothing
    size: int  # bytes of the text
    lines: int
    duplicates: int  # lines that repeat the channel's number of an earlier line
    sums: Sums
    at: datetime


class BillRestated(msgspec.Struct, frozen=True, tag="bill.restated.v1"):
    """The channel gives another file for the same day. It is in force from now; the one before is kept beside."""

    bill_id: BillId
    channel: str
    mchid: str
    kind: BillKind
    account: str
    bill_date: date
    previous_sha256: str
    sha256: str
    channel_hash: str
    size: int
    lines: int
    duplicates: int
    sums: Sums
    at: datetime


class BillError(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One place where a file is not what a bill has to be."""

    line: int  # of the file, from 1: the heading is line 1; 0 when it is about the whole file
    column: Annotated[
        str, Meta(max_length=64)
    ]  # its name in the heading; "" when it is about the whole line
    what: Annotated[str, Meta(max_length=300)]


class BillRejected(msgspec.Struct, frozen=True, tag="bill.rejected.v1"):
    """A file is not what a bill has to be, so none of its lines counts; what was in force before still is."""

    bill_id: BillId
    channel: str
    mchid: str
    kind: BillKind
    account: str
    bill_date: date
    sha256: str
    channel_hash: str
    size: int
    error_count: int
    errors: tuple[BillError, ...]  # the first 50
    at: datetime


class BillAbsent(msgspec.Struct, frozen=True, tag="bill.absent.v1"):
    """The channel says that there is no bill for this day, because nothing happened on it."""

    bill_id: BillId
    channel: str
    mchid: str
    kind: BillKind
    account: str
    bill_date: date
    previous_sha256: str  # of the file it gave before, which it contradicts; "" as a rule
    at: datetime


BillEvent: TypeAlias = BillFetched | BillRestated | BillRejected | BillAbsent
