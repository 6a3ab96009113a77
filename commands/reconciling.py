"""What commands of reconciliation have in common: which bill date, and one difference as it is told."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Meta

from commands.fields import Cap, Instant, Name
from commands.use_case import Command, Reply, Stream, Tx
from domain.bill_day_state import BILL_DAY, BillDay, Key, day_id
from domain.breaks import BREAK, Break, BreakNotFound
from domain.events.recon import BreakEvent, DayClosed, DayEvent, Side
from domain.ids import BreakId
from domain.money import Money

SignedFen: TypeAlias = Annotated[int, Meta(ge=-(10**13), le=10**13)]
Line: TypeAlias = Annotated[int, Meta(ge=1, le=10**8)]
Digest: TypeAlias = Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]
Number: TypeAlias = Annotated[str, Meta(max_length=64)]
Word: TypeAlias = Annotated[str, Meta(max_length=64)]


class OfDay(Command, frozen=True):
    """Which bill date of which account."""

    channel: Name
    mchid: Name
    bill_date: date

    @property
    def key(self) -> Key:
        return Key(self.channel, self.mchid, self.bill_date)


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one of the two says."""

    amount_fen: Cap
    fee_fen: SignedFen
    status: Word
    currency: Word
    merchant: Word
    at: Instant | None


class DayState(Reply, frozen=True):
    """Where the bill date stands after the command."""

    day_id: UUID
    changed: bool
    closed: bool


class BreakState(Reply, frozen=True):
    """Where the break stands after the command: what of it is in suspense still, and what closed it."""

    break_id: BreakId
    long_fen: int
    short_fen: int
    closed: str
    changed: bool


def the_day(tx: Tx, key: Key) -> Iterator[Stream]:
    yield Stream(BILL_DAY, day_id(tx.tenant, key))


def the_break(id: BreakId) -> Iterator[Stream]:
    yield Stream(BREAK, id)


def day_of(tx: Tx, key: Key) -> BillDay:
    return tx.read(BILL_DAY, day_id(tx.tenant, key))


def record_day(tx: Tx, key: Key, day: BillDay, events: tuple[DayEvent, ...]) -> DayState:
    """Append what happened to a bill date."""
    id = day_id(tx.tenant, key)
    tx.append(BILL_DAY, id, events)
    ends = any(isinstance(event, DayClosed) for event in events)
    return DayState(id, bool(events), day.closed or ends)


def known_break(tx: Tx, id: BreakId) -> Break:
    """Raises: BreakNotFound."""
    found = tx.read(BREAK, id)
    if found.opened is None:
        raise BreakNotFound
    return found


def record_break(tx: Tx, it: Break, id: BreakId, events: Sequence[BreakEvent]) -> BreakState:
    """Append what happened to a break."""
    tx.append(BREAK, id, events)
    after = msgspec.msgpack.decode(msgspec.msgpack.encode(it), type=Break)
    for event in events:
        after = BREAK.evolve(after, event)
    return BreakState(id, after.long.fen, after.short.fen, after.closed, bool(events))


def side_of(it: Said | None) -> Side | None:
    if it is None:
        return None
    return Side(Money(it.amount_fen), Money(it.fee_fen), it.status, it.currency, it.merchant, it.at)
