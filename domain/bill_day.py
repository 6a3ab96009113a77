"""Bill date: what one channel says of one day, until every line has its place and the books hold what it says.

Its lines are disposed of in chunks, each once, so a run that died is simply run again. Closing is final: what
comes in for a closed date afterwards counts to the next open one.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final, NamedTuple

from domain.bill_day_state import (
    BillDay,
    Key,
    broken_part,
    has,
    part_of,
    pending_sums,
    root,
    seen,
    waiting_key,
)
from domain.errors import NotFound, Rejected
from domain.events.recon import (
    BillDayBegun,
    BillSide,
    Code,
    Count,
    DayClosed,
    DayEvent,
    FundMoved,
    Kind,
    LateFact,
    LineBroken,
    LinesMatched,
    LinesPending,
    Match,
    Pending,
)
from domain.ids import BillId, BreakId
from domain.money import Money

CHUNK_MAX: Final = 400  # lines of one event


class Books(NamedTuple):
    """What the ledger holds for the date, read at `position`; `ready`: nothing of it is parked or behind."""

    clearing: Money  # 1120 of this date
    balance: Money  # 1121, by value dates up to this one
    position: int
    ready: bool


class BillDayUnknown(NotFound, code="bill_day_not_found", zh="该账单日尚未开始对账"):
    """Nothing was matched for this bill date yet."""


class DayIsClosed(Rejected, code="day_is_closed", zh="该账单日已关账"):
    """Closed dates do not change: late facts go to the next open one."""


class BillRestatedMidway(
    Rejected, code="bill_restated_midway", zh="对账途中账单被重述，须与原账单比对"
):
    """Another file came after lines of the first, with these digests, were matched: they must be compared."""


class BillRestatedSince(Rejected, code="bill_restated_since", zh="账单已被重述，须重新对账"):
    """Another file is in force than the one that was matched: `bill_id`."""


class LineDisposed(Rejected, code="line_disposed", zh="账单行已处理"):
    """This line has its place already; `line` is the first such."""


class LinesMissing(Rejected, code="lines_missing", zh="尚有账单行未处理"):
    """Lines are without a place: `trade` and `fund` say how many."""


class ClearingDiffers(Rejected, code="clearing_differs", zh="待清算余额与未达项不符"):
    """What clearing of this date holds is not what waits: `expected_fen`, `found_fen`."""


class BalanceDiffers(Rejected, code="balance_differs", zh="账面余额与渠道账户结余不符"):
    """The books hold another balance than the channel says: `expected_fen`, `found_fen`."""


class LedgerNotReady(Rejected, code="ledger_not_ready", zh="账簿未就绪（有事件停放或滞后）"):
    """The ledger is behind, or an event of it is parked: nobody can say what it holds."""


class EarlierDateOpen(Rejected, code="earlier_date_open", zh="更早的账单日尚未关账"):
    """Dates are closed in their order: `date` is still open."""


class DateStillOpen(Rejected, code="date_still_open", zh="该账单日尚未关账，无需顺延"):
    """A fact for an open date needs no other date."""


# --- decisions ------------------------------------------------------------------------------


def begin(
    day: BillDay,
    *,
    key: Key,
    bills: tuple[BillId | None, BillId | None],
    digests: tuple[str, str],
    lines: tuple[int, int],
    opening: Money,
    closing: Money,
    matcher_version: int,
    at: datetime,
) -> tuple[DayEvent, ...]:
    """Trade bill and fund flow are here, the chain of balances holds. Raises: DayIsClosed, BillRestatedMidway."""
    if day.begun and (day.begun.trade_sha256, day.begun.fund_sha256) == digests:
        return ()
    if day.closed:
        raise DayIsClosed
    if day.begun and (day.trade_seen or day.fund_seen):
        was = day.begun.trade_sha256, day.begun.fund_sha256
        raise BillRestatedMidway(trade_sha256=was[0], fund_sha256=was[1])
    return (
        BillDayBegun(
            *key, *bills, *lines, opening, closing, matcher_version, at, *digests
        ),
    )  # fmt: skip


def restate(
    day: BillDay,
    *,
    was: tuple[str, str],
    bills: tuple[BillId | None, BillId | None],
    digests: tuple[str, str],
    lines: tuple[int, int],
    opening: Money,
    closing: Money,
    matcher_version: int,
    at: datetime,
) -> tuple[DayEvent, ...]:
    """Go on over other files; `was` are those that they were compared with.

    Raises: BillDayUnknown, DayIsClosed, BillRestatedMidway.
    """
    begun = open_day(day)
    known = begun.trade_sha256, begun.fund_sha256
    if known == digests:
        return ()
    if known != was or opening != begun.opening:
        raise BillRestatedMidway(trade_sha256=known[0], fund_sha256=known[1])
    key = begun.channel, begun.mchid, begun.bill_date
    return (
        BillDayBegun(
            *key, *bills, *lines, opening, closing, matcher_version, at, *digests
        ),
    )  # fmt: skip


def match_lines(
    day: BillDay,
    *,
    bill_id: BillId,
    side: BillSide,
    chunk: int,
    matches: tuple[Match, ...],
    void: tuple[int, ...],
    at: datetime,
) -> tuple[DayEvent, ...]:
    """Settle a chunk of lines. Raises: BillDayUnknown, DayIsClosed, LineDisposed."""
    if part_of(side, bill_id, chunk) in day.parts:
        return ()
    begun = open_day(day)
    lines = [*(match.line for match in matches), *void]
    if bill_id in (begun.trade_bill, begun.fund_bill):
        first_free(day, side, lines)
    return (
        LinesMatched(
            begun.channel, begun.mchid, begun.bill_date, bill_id, side, chunk, matches, void, at
        ),
    )


def wait(
    day: BillDay, *, chunk: int, pending: tuple[Pending, ...], at: datetime
) -> tuple[DayEvent, ...]:
    """What stands alone waits; what waits already is not told again. Raises: BillDayUnknown, DayIsClosed."""
    fresh = tuple(it for it in pending if waiting_key(it) not in day.waiting)
    if not fresh:
        return ()
    begun = open_day(day)
    return (LinesPending(begun.channel, begun.mchid, begun.bill_date, chunk, fresh, at),)


def move(day: BillDay, *, moves: Iterable[FundMoved]) -> tuple[DayEvent, ...]:
    """Lines of the fund flow that explain themselves. Raises: BillDayUnknown, DayIsClosed."""
    fresh = tuple(it for it in moves if not has(day.fund_seen, it.line))
    if fresh:
        open_day(day)
    return fresh


def break_line(
    day: BillDay,
    *,
    key: Key,
    break_id: BreakId,
    code: Code,
    side: BillSide,
    line: int | None,
    about: str,
    at: datetime,
) -> tuple[DayEvent, ...]:
    """A line, or a row that stands on no bill, is a break. Of a gap the date need not have begun. Raises: DayIsClosed."""
    if broken_part(break_id, side, line, code) in day.parts:
        return ()
    if day.closed:
        raise DayIsClosed
    if line is not None:
        first_free(day, side, [line])
    return (LineBroken(*key, break_id, code, side, line, about, at),)


def close(
    day: BillDay, *, books: Books, agreed: int, open_breaks: int, earlier: BillDay, by: str, at: datetime
) -> tuple[DayEvent, ...]:  # fmt: skip
    """End the date for good.

    Raises: BillDayUnknown, EarlierDateOpen, LedgerNotReady, LinesMissing, ClearingDiffers, BalanceDiffers.
    """
    if day.closed:
        return ()
    begun = open_day(day)
    if earlier.begun and not earlier.closed:
        raise EarlierDateOpen(date=earlier.begun.bill_date.isoformat())
    if not books.ready:
        raise LedgerNotReady(position=books.position)
    trade = begun.trade_lines - seen(day.trade_seen)
    fund = begun.fund_lines - seen(day.fund_seen) - agreed
    if trade or fund:
        raise LinesMissing(trade=trade, fund=fund)
    ours, theirs = pending_sums(day)
    if books.clearing != ours:
        raise ClearingDiffers(expected_fen=ours.fen, found_fen=books.clearing.fen)
    if books.balance + theirs != begun.closing:
        expected = begun.closing - theirs
        raise BalanceDiffers(expected_fen=expected.fen, found_fen=books.balance.fen)
    return (
        DayClosed(
            channel=begun.channel,
            mchid=begun.mchid,
            bill_date=begun.bill_date,
            pays=day.pays,
            refunds=day.refunds,
            fees=day.fees,
            moved=day.moved,
            counts=tuple(Count(code, n) for code, n in sorted(day.counts.items())),  # type: ignore[arg-type]  # keys are Codes
            open_breaks=open_breaks,
            pending=len(day.waiting),
            pending_ours=ours,
            pending_theirs=theirs,
            opening=begun.opening,
            balance=begun.closing,
            root=root(day),
            ledger_position=books.position,
            by=by,
            at=at,
            agreed=agreed,
        ),
    )


def late_fact(
    day: BillDay,
    *,
    key: Key,
    booked: date,
    kind: Kind,
    number: str,
    channel_number: str,
    net: Money,
    position: int,
    at: datetime,
) -> tuple[DayEvent, ...]:
    """A row came in for a closed date: it counts to the next open one. Raises: DateStillOpen."""
    if f"{position} {kind} {number}" in day.late:
        return ()
    if not day.closed:
        raise DateStillOpen
    return (LateFact(*key, booked, kind, number, channel_number, net, position, at),)


# --- parts of decisions ---------------------------------------------------------------------


def open_day(day: BillDay) -> BillDayBegun:
    if day.begun is None:
        raise BillDayUnknown
    if day.closed:
        raise DayIsClosed
    return day.begun


def first_free(day: BillDay, side: BillSide, lines: Iterable[int]) -> None:
    bits = day.fund_seen if side == "fund" else day.trade_seen
    for line in lines:
        if has(bits, line):
            raise LineDisposed(line=line)
