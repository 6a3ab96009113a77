"""Where is every fen, and by which entry did it get there? Lines for ever, and what they add up to.

Lines never change; balances per sub-key and sums per day only ever have something added: effects commute.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from domain.ledger import Entry, Posted, entry_id, postings
from projections.ledger_tables import ADD_BALANCES, ADD_DAYS, ADD_LINES, TABLE, TABLES
from projections.recorded import Projection, Recorded, Tx, save

NAME: Final = "ledger_v2"

Interest: TypeAlias = Posted
LINES_AT_ONCE: Final = 20_000


class Line(msgspec.Struct):
    """The columns, in order."""

    tenant: str
    position: int
    nth: int
    line: int
    entry_id: UUID
    event: str
    rule: str
    order_id: UUID | None
    refund_id: UUID | None
    merchant_id: UUID | None
    reference: str
    account: str
    sub_key: str
    debit_fen: int
    credit_fen: int
    value_date: date
    recorded_at: datetime
    rule_version: int
    corrects: UUID | None
    bill_id: UUID | None
    bill_line: int | None


class Balance(msgspec.Struct):
    """What a batch adds to one account under one sub-key. The columns, in order."""

    tenant: str
    account: str
    sub_key: str
    debit_fen: int = 0
    credit_fen: int = 0
    position: int = 0


class Day(msgspec.Struct):
    """What a batch adds to one account on one day. The columns, in order."""

    tenant: str
    value_date: date
    account: str
    debit_fen: int = 0
    credit_fen: int = 0
    position: int = 0


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Write the lines, and add up what they add."""
    balances: dict[tuple[str, str, str], Balance] = {}
    days: dict[tuple[str, date, str], Day] = {}
    for lines in parts(batch):
        for line in lines:
            of_key = line.tenant, line.account, line.sub_key
            of_day = line.tenant, line.value_date, line.account
            add(balances.setdefault(of_key, Balance(*of_key)), line)
            add(days.setdefault(of_day, Day(*of_day)), line)
        await save(tx, ADD_LINES, lines)
    await save(tx, ADD_BALANCES, balances.values())
    await save(tx, ADD_DAYS, days.values())


def parts(batch: Sequence[Recorded]) -> Iterator[list[Line]]:
    """All lines, so many at a time: a chunk of a bill has hundreds, and a batch may be of nothing else."""
    lines: list[Line] = []
    for one in batch:
        for nth, entry in enumerate(postings(one.event)):
            lines += lines_of(one, nth, entry)
        if len(lines) >= LINES_AT_ONCE:
            yield lines
            lines = []
    yield lines


def lines_of(one: Recorded, nth: int, entry: Entry) -> list[Line]:
    id = entry_id(one.stream, one.position, entry.rule_version, nth)
    tag = one.event.__struct_config__.tag
    bill = entry.bill or (None, None)
    return [
        Line(
            one.tenant, one.position, nth, number, id, tag, entry.rule, entry.order_id,
            entry.refund_id, entry.merchant_id, entry.reference, line.account, line.sub_key,
            line.debit_fen, line.credit_fen, entry.value_date, one.at, entry.rule_version,
            entry.corrects, *bill,
        )
        for number, line in enumerate(entry.lines, 1)
    ]  # fmt: skip


def add(sums: Balance | Day, line: Line) -> None:
    sums.debit_fen += line.debit_fen
    sums.credit_fen += line.credit_fen
    sums.position = line.position


PROJECTION = Projection(NAME, TABLES, TABLE, Interest, project, parks=True)
