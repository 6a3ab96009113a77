"""What is known of a bill date, and how history makes it: which lines have a place, what waits, what it comes to."""

from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from typing import Final, NamedTuple, assert_never
from uuid import UUID, uuid5

import msgspec

from domain import merkle
from domain.decider import Decider
from domain.events.recon import (
    BillDayBegun,
    BillSide,
    Code,
    DayClosed,
    DayEvent,
    FundMoved,
    LateFact,
    LineBroken,
    LinesMatched,
    LinesPending,
    Match,
    Pending,
)
from domain.ids import BillId, BreakId
from domain.money import ZERO, Money

DAYS: Final = UUID("3d9a1c54-0f4e-5b7a-9f64-2c8f7e1b6a30")


class Key(NamedTuple):
    """Which bill date of which account."""

    channel: str
    mchid: str
    date: date


class Waiting(msgspec.Struct, frozen=True):
    """What stands alone for now."""

    net: Money
    ours: bool
    booked: date


class BillDay(msgspec.Struct):
    """What a decision needs to know: which lines have a place, what waits, and what it all comes to."""

    begun: BillDayBegun | None = None
    trade_seen: bytes = b""  # a bit for each line that has its place
    fund_seen: bytes = b""
    parts: dict[str, str] = {}  # digests of what was disposed of; only ever grows
    counts: dict[str, int] = {}
    waiting: dict[str, Waiting] = {}
    pays: Money = ZERO
    refunds: Money = ZERO
    fees: Money = ZERO
    moved: Money = ZERO
    late: set[str] = set()
    closed: bool = False


def day_id(tenant: str, key: Key) -> UUID:
    """The stream of this bill date."""
    return uuid5(uuid5(DAYS, tenant), f"{key.channel}/{key.mchid}/{key.date.isoformat()}")


# --- evolve ---------------------------------------------------------------------------------


def evolve(day: BillDay, event: DayEvent) -> BillDay:
    match event:
        case BillDayBegun():
            day.begun = event  # lines beyond the end of a restated bill are no more
            day.trade_seen = up_to(day.trade_seen, event.trade_lines)
            day.fund_seen = up_to(day.fund_seen, event.fund_lines)
        case LinesMatched():
            matched(day, event)
        case LinesPending():
            for it in event.pending:
                day.waiting[waiting_key(it)] = Waiting(it.net, it.side == "ledger", it.booked)
            own = [
                it.line
                for it in event.pending
                if it.side == "trade" and it.booked == event.bill_date
            ]
            day.trade_seen = with_lines(day.trade_seen, [line for line in own if line is not None])
            dispose(day, f"pending {event.chunk}", event, "PENDING_CUTOFF", len(event.pending))
        case FundMoved():
            day.moved += event.amount
            day.fund_seen = with_lines(day.fund_seen, [event.line])
            dispose(day, f"moved {event.line}", event, "MATCHED", 1)
        case LineBroken():
            broken(day, event)
        case DayClosed():
            day.closed = True
            day.trade_seen = day.fund_seen = b""
            day.parts = {}
        case LateFact():
            day.late.add(f"{event.position} {event.kind} {event.number}")
        case _:
            assert_never(event)
    return day


def matched(day: BillDay, event: LinesMatched) -> None:
    assert day.begun is not None
    if event.bill_id == day.begun.trade_bill:
        day.trade_seen = with_lines(
            day.trade_seen, [*(it.line for it in event.matches), *event.void]
        )
    elif event.bill_id == day.begun.fund_bill:
        lines = [it.line for it in event.matches if it.kind != "refund_closed"]
        day.fund_seen = with_lines(day.fund_seen, lines)  # closed refunds count with the trade
    for it in event.matches:
        add_up(day, it)
        day.waiting.pop(f"ledger {it.kind} {it.number}", None)
        day.waiting.pop(f"{event.bill_date} {it.line}", None)
    part = part_of(event.side, event.bill_id, event.chunk)
    dispose(day, part, event, "MATCHED", len(event.matches) + len(event.void))


def add_up(day: BillDay, it: Match) -> None:
    if it.kind == "pay":
        day.pays += it.amount
    elif it.kind == "refund":
        day.refunds -= it.amount
    else:
        day.moved += it.net + it.fee
    day.fees += it.fee


def broken(day: BillDay, event: LineBroken) -> None:
    if event.line is not None and event.side == "trade":
        day.trade_seen = with_lines(day.trade_seen, [event.line])
    if event.line is not None and event.side == "fund":
        day.fund_seen = with_lines(day.fund_seen, [event.line])
    day.waiting.pop(event.key, None)
    part = broken_part(event.break_id, event.side, event.line, event.code)
    dispose(day, part, event, event.code, 1)


def dispose(day: BillDay, part: str, event: DayEvent, code: str, lines: int) -> None:
    day.parts[part] = sha256(msgspec.json.encode(event)).hexdigest()
    day.counts[code] = day.counts.get(code, 0) + lines


# --- parts ----------------------------------------------------------------------------------


def pending_sums(day: BillDay) -> tuple[Money, Money]:
    """What waits of ours under this date, and of theirs."""
    assert day.begun is not None
    on = day.begun.bill_date
    ours = [it.net.fen for it in day.waiting.values() if it.ours and it.booked == on]
    theirs = [it.net.fen for it in day.waiting.values() if not it.ours]
    return Money(sum(ours)), Money(sum(theirs))


def root(day: BillDay) -> str:
    """One hash that stands for every disposition, whatever the order in which they were made."""
    tree = merkle.Frontier()
    for part, digest in sorted(day.parts.items()):
        tree.add(merkle.leaf(f"{part} {digest}".encode()))
    return tree.root().hex()


def part_of(side: BillSide, bill_id: BillId, chunk: int) -> str:
    return f"matched {side} {bill_id} {chunk}"


def broken_part(break_id: BreakId, side: BillSide, line: int | None, code: Code) -> str:
    return f"broken {break_id} {side} {line or ''} {code}"


def waiting_key(it: Pending) -> str:
    if it.side == "trade" and it.line is not None:
        return f"{it.booked} {it.line}"
    return f"{it.side} {it.kind} {it.number or it.channel_number}"


def has(bits: bytes, line: int) -> bool:
    return line // 8 < len(bits) and bool(bits[line // 8] >> line % 8 & 1)


def with_lines(bits: bytes, lines: Iterable[int]) -> bytes:
    mask = 0
    for line in lines:
        mask |= 1 << line
    both = mask | int.from_bytes(bits, "little")
    return both.to_bytes((both.bit_length() + 7) // 8, "little")


def up_to(bits: bytes, last: int) -> bytes:
    """Those of a bill with so many lines, which count from 1."""
    left = int.from_bytes(bits, "little") & (1 << last + 1) - 1
    return left.to_bytes((left.bit_length() + 7) // 8, "little")


def seen(bits: bytes) -> int:
    return int.from_bytes(bits, "little").bit_count()


BILL_DAY: Final = Decider("recon", BillDay, DayEvent, evolve)
