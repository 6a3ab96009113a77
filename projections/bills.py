"""Which bills did the channels give, and which file of each is in force? One row per bill, with all its files."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, LiteralString, TypeAlias, assert_never
from uuid import UUID

import msgspec

from domain.events.bill import BillAbsent, BillEvent, BillFetched, BillRejected, BillRestated
from projections.recorded import Projection, Recorded, Tx, load, save

NAME: Final = "bills_v1"

TABLE: LiteralString = """
create table bills_v1 (
  bill_id    uuid        primary key,
  tenant     text        not null,
  channel    text        not null,
  mchid      text        not null,
  kind       text        not null,                 -- trade, fundflow
  account    text        not null,                 -- of a fund-flow bill
  bill_date  date        not null,
  state      text        not null,                 -- in_force, rejected (and none is in force), absent
  sha256     text        not null,                 -- of the file in force; '' while there is none
  lines      integer     not null,                 -- of that file, as are the next two
  duplicates integer     not null,
  sums       jsonb,
  files      jsonb       not null,                 -- all that came, the first first, with what came of each
  changed_at timestamptz not null,
  position   bigint      not null
);
create index on bills_v1 (tenant, bill_date, bill_id);
select read.tenants_apart('bills_v1')"""

LOAD: LiteralString = "select * from bills_v1 where bill_id = any(%s)"
SAVE: LiteralString = """
insert into bills_v1
select * from json_populate_recordset(null::bills_v1, %s::json)
on conflict (bill_id) do update set
  state = excluded.state, sha256 = excluded.sha256, lines = excluded.lines, duplicates = excluded.duplicates,
  sums = excluded.sums, files = excluded.files, changed_at = excluded.changed_at, position = excluded.position"""

Interest: TypeAlias = BillEvent


class Bill(msgspec.Struct):
    """The columns, in order."""

    bill_id: UUID
    tenant: str
    channel: str
    mchid: str
    kind: str
    account: str
    bill_date: date
    state: str
    sha256: str
    lines: int
    duplicates: int
    sums: Any
    files: list[Any]
    changed_at: datetime
    position: int


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Load the bills these events are about, fold, write them back."""
    bills = await load(tx, LOAD, Bill, {one.stream for one in batch})
    for one in batch:
        if one.stream not in bills:
            bills[one.stream] = unknown(one)
        fold(bills[one.stream], one.event)
        bills[one.stream].changed_at = one.event.at
        bills[one.stream].position = one.position
    await save(tx, SAVE, bills.values())


def unknown(one: Recorded) -> Bill:
    """A bill of which nothing came yet."""
    event = one.event
    named = (event.channel, event.mchid, event.kind, event.account, event.bill_date)
    return Bill(one.stream, one.tenant, *named, "absent", "", 0, 0, None, [], event.at, 0)


def fold(bill: Bill, event: BillEvent) -> None:
    match event:
        case BillFetched() | BillRestated():
            bill.state = "in_force"
            bill.sha256 = event.sha256
            bill.lines = event.lines
            bill.duplicates = event.duplicates
            bill.sums = msgspec.to_builtins(event.sums)
            bill.files.append(came("accepted", event) | {"lines": event.lines})
        case BillRejected():
            bill.state = bill.state if bill.sha256 else "rejected"
            faults = msgspec.to_builtins(event.errors)
            bill.files.append(
                came("rejected", event) | {"error_count": event.error_count, "errors": faults}
            )
        case BillAbsent():
            bill.state = "absent"
        case _:
            assert_never(event)


def came(as_: str, event: BillFetched | BillRestated | BillRejected) -> dict[str, Any]:
    return {
        "came_as": as_,
        "sha256": event.sha256,
        "channel_hash": event.channel_hash,
        "size": event.size,
        "at": msgspec.to_builtins(event.at),
    }


PROJECTION = Projection(NAME, ("bills_v1",), TABLE, Interest, project, parks=True)
