"""Lines and rows that find each other by roundabout ways, and those that stand alone: each says what must be found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import msgspec

from domain.ids import BreakId
from domain.matching_rows import Known
from infra.recon.oracle import Story
from infra.recon.oracle_words import TODAY, over

YESTERDAY: Final = TODAY - timedelta(days=1)
TOMORROW: Final = TODAY + timedelta(days=1)
DAY_BEFORE: Final = TODAY - timedelta(days=2)
LONG_AGO: Final = TODAY - timedelta(days=6)


# --- equal, one way or another --------------------------------------------------------------


def by_our_number(s: Story) -> None:
    line, row = s.either(channel_number="")
    if s.random.random() < 0.5:
        row = msgspec.structs.replace(row, channel_number=s.next("x"))
    s.bill(line)
    s.book(row)
    s.matched(line, row)


def by_their_number(s: Story) -> None:
    line, row = s.either(number=s.next("y"))
    s.bill(line)
    s.book(row)
    s.matched(line, row)


def across_midnight(s: Story) -> None:
    """Ours is dated a day later, or was a day earlier, than the bill."""
    line, row = s.either(s.evening(), booked=TOMORROW)
    early, carried = s.either(s.early(), booked=YESTERDAY)
    s.bill(line, early)
    s.book(row, carried)
    s.matched(line, row)
    s.matched(early, carried)


def carried_line(s: Story) -> None:
    """Yesterday's bill had it; our row came today."""
    line, row = s.either(s.evening(YESTERDAY), booked=TODAY)
    s.carry(line)
    s.book(row)
    s.matched(line, row)


def out_of_suspense(s: Story) -> None:
    """What was in suspense on one side has found the other, or both have."""
    held = BreakId(s.uuid())
    line, row = s.either(s.noon(YESTERDAY))
    kind = s.random.randrange(3)
    if kind == 1:
        line, row = s.either()
    if kind != 1:
        s.carry(line, held)
    else:
        s.bill(line)
    row = row if kind == 0 else msgspec.structs.replace(row, held=BreakId(s.uuid()))
    s.book(row)
    s.matched(line, row, held=kind != 1)


def out_of_suspense_on_its_date(s: Story) -> None:
    """The line is of today and in suspense since an earlier look at the same date; its row has come."""
    line, row = s.either()
    s.bill(line)
    s.held.append((line, BreakId(s.uuid())))
    s.book(row)
    s.matched(line, row, held=True)


def suspense_and_another_sum(s: Story) -> None:
    """One side is in suspense already, so only the other's money is new."""
    line, row = s.pay(s.noon(YESTERDAY), held=BreakId(s.uuid()))
    line = replace(line, at=s.noon(), amount=line.amount + 1, settled=line.settled + 1)
    s.bill(line)
    s.book(row)
    s.expect(line, "AMOUNT_OVER", long=line.gain)
    held, fresh = s.pay(s.noon(YESTERDAY))
    s.carry(held, BreakId(s.uuid()))
    s.book(msgspec.structs.replace(fresh, amount_fen=fresh.amount_fen + 1))
    s.expect(held, "AMOUNT_UNDER", short=fresh.amount_fen + 1 - fresh.fee_fen)


def stays_in_suspense(s: Story) -> None:
    """Both wait for people; nothing new is found."""
    line, _ = s.pay(s.noon(YESTERDAY))
    s.carry(line, BreakId(s.uuid()))
    s.book(s.pay(s.noon(LONG_AGO), held=BreakId(s.uuid()))[1])


def nothing_paid(s: Story) -> None:
    line, _ = s.pay()
    line.status = "REVOKED"
    s.bill(line)
    s.void(line)


# --- one side only --------------------------------------------------------------------------


def young_row(s: Story) -> None:
    """It may be on the next bill."""
    _, row = s.either()
    s.book(row)
    s.waits(row, TOMORROW)


def row_near_midnight(s: Story) -> None:
    """It may be on the bill after the next."""
    _, row = s.either(s.evening(YESTERDAY))
    s.book(row)
    s.waits(row, TOMORROW)


def row_of_tomorrow(s: Story) -> None:
    """It is there to be found, and nothing is said of it when it is not."""
    s.book(s.either(s.early(TOMORROW))[1])


def line_near_midnight(s: Story) -> None:
    line, _ = s.either(s.evening() if s.random.random() < 0.5 else s.early())
    s.bill(line)
    s.waits(line, TOMORROW)


def refund_under_way(s: Story) -> None:
    """We asked for it and do not know yet; the saga hears of it."""
    line, _ = s.refund()
    s.known[line.refund_no] = Known("asked")
    s.bill(line)
    s.waits(line, TOMORROW)


def channel_only(s: Story) -> None:
    line, _ = s.either()
    s.bill(line)
    s.expect(line, f"CHANNEL_ONLY_{line.kind.upper()}", **over(line.gain))


def waited_in_vain(s: Story) -> None:
    line, _ = s.either(s.evening(YESTERDAY))
    s.carry(line)
    s.expect(line, f"CHANNEL_ONLY_{line.kind.upper()}", **over(line.gain))


def refund_forgotten(s: Story) -> None:
    """Asked for, and a day later our side has still not heard of it."""
    line, _ = s.refund(s.noon(YESTERDAY))
    s.known[line.refund_no] = Known("asked")
    s.carry(line)
    s.expect(line, "CHANNEL_ONLY_REFUND", **over(line.gain))


def ledger_only(s: Story) -> None:
    when = s.random.choice((s.noon(YESTERDAY), s.evening(DAY_BEFORE), s.noon(LONG_AGO)))
    line, row = s.either(when)
    s.book(row)
    s.expect(row, f"LEDGER_ONLY_{line.kind.upper()}", **over(-line.gain))


def look_alikes(s: Story) -> None:
    """The same sum at the same time under other numbers: shown, never matched."""
    line, row = s.pay(s.noon(), number=s.next("z"), channel_number=s.next("z"))
    s.bill(line)
    s.book(msgspec.structs.replace(row, payer=s.random.choice(("", row.payer))))
    s.expect(line, "CHANNEL_ONLY_PAY", long=line.gain, more=row.number)
    s.waits(row, TOMORROW)


ALONE: Final[tuple[Callable[[Story], None], ...]] = (
    by_our_number, by_their_number, across_midnight, carried_line, out_of_suspense, out_of_suspense_on_its_date,
    suspense_and_another_sum, stays_in_suspense, nothing_paid, young_row, row_near_midnight,
    row_of_tomorrow, line_near_midnight, refund_under_way, channel_only, waited_in_vain,
    refund_forgotten, ledger_only, look_alikes,
)  # fmt: skip
