"""Break: one difference between our books and the channel's bill, until nothing of it is in suspense.

It ends by an entry that two people agreed on, or that a rule makes, or by the other half turning up later; never
by a remark.
"""

from datetime import date, datetime
from typing import Final, Literal, TypeAlias, assert_never
from uuid import UUID, uuid5

import msgspec

from domain import four_eyes
from domain.bill_day_state import Key
from domain.decider import Decider
from domain.errors import NotFound, Rejected
from domain.events.recon import (
    BreakApproved,
    BreakAssigned,
    BreakAutoResolved,
    BreakClosed,
    BreakDeclined,
    BreakEvent,
    BreakOpened,
    BreakPosted,
    BreakProposed,
    BreakReopened,
    Resolution,
)
from domain.ids import NIL, BreakId, OrderId, RefundId
from domain.ledger_entry import day
from domain.money import ZERO, Money

BREAKS: Final = UUID("7b0e4f4a-2d0b-5a8f-8c39-0a4f3f6d2e71")
RULES_VERSION: Final = 1  # of what resolves a break without people; stored with each

Suspense: TypeAlias = Literal["long", "short", "both"]


class Proposal(four_eyes.Proposal, frozen=True):
    """Which entry somebody wants."""

    resolution: Resolution
    amount: Money
    order_id: OrderId | None
    refund_id: RefundId | None
    evidence: str


class Break(msgspec.Struct):
    """What a decision needs to know, and no more."""

    id: BreakId = BreakId(NIL)
    opened: BreakOpened | None = None
    long: Money = ZERO  # still in suspense
    short: Money = ZERO
    owner: str = ""
    proposal: Proposal | None = None
    closed: Literal["", "entry", "match"] = ""
    posted: set[str] = set()  # references of later matches; only ever grows
    found: list[BreakPosted] = []  # later matches since it was last open
    rules: set[str] = set()  # that acted on it
    version: int = 0  # events so far


class BreakNotFound(NotFound, code="break_not_found", zh="差错不存在"):
    """No break with this id exists."""


class BreakOver(Rejected, code="break_over", zh="差错已关闭"):
    """It is closed; only what closed it by a match can be taken back."""


class MoreThanSuspended(Rejected, code="more_than_suspended", zh="金额超过挂账余额"):
    """Only what is in suspense can be taken out of it: `left_fen`."""


class SuspenseLeft(Rejected, code="suspense_left", zh="挂账未清，不能关闭差错"):
    """Money of it is in suspense: only an entry or the other half closes it."""


class CauseStands(Rejected, code="cause_stands", zh="差错原因尚未消除"):
    """What it is about is not in order yet."""


class NotClosedByMatch(Rejected, code="not_closed_by_match", zh="仅由后续对平关闭的差错可重新打开"):
    """It is open, or an entry of two people closed it: that is corrected by an entry of its own."""


def break_id(tenant: str, key: Key, about: str) -> BreakId:
    """The stream of the break about this line or row: found again, it is the same."""
    name = f"{key.channel}/{key.mchid}/{key.date.isoformat()}/{about}"
    return BreakId(uuid5(uuid5(BREAKS, tenant), name))


# --- decisions ------------------------------------------------------------------------------


def open_break(it: Break, opened: BreakOpened, *, rule: str = "") -> tuple[BreakEvent, ...]:
    """Ours and theirs differ; with `rule` a small fee is booked at once. Found again, it is the same."""
    if it.opened is not None:
        return ()
    if not rule:
        return (opened,)
    suspense: Suspense = "long" if opened.long > ZERO else "short"
    amount = opened.long + opened.short
    at = opened.at
    entry = posting(opened, suspense, "fee", amount, on=opened.bill_date, reference=rule, at=at)
    return (
        opened,
        BreakAutoResolved(opened.break_id, rule, RULES_VERSION, f"{amount.fen} fen", at),
        entry,
        BreakClosed(opened.break_id, "entry", rule, at),
    )


def assign(it: Break, *, owner: str, by: str, at: datetime) -> tuple[BreakEvent, ...]:
    """Somebody looks after it. Raises: BreakNotFound, BreakOver."""
    still_open(it)
    return () if it.owner == owner else (BreakAssigned(it.id, owner, by, at),)


def act(it: Break, *, rule: str, detail: str, at: datetime) -> tuple[BreakEvent, ...]:
    """A rule did something about it; its other half will tell whether that was right. Raises: BreakNotFound."""
    if rule in it.rules:
        return ()
    still_open(it)
    return (BreakAutoResolved(it.id, rule, RULES_VERSION, detail, at),)


def settle(it: Break, entry: BreakPosted) -> tuple[BreakEvent, ...]:
    """The other half turned up: exactly so much leaves suspense. Raises: BreakNotFound, BreakOver, MoreThanSuspended."""
    if entry.reference in it.posted:
        return ()
    still_open(it)
    if entry.amount > (left := left_of(it, entry.suspense)):
        raise MoreThanSuspended(left_fen=left.fen)
    return ended(it, entry, "match")


def close(it: Break, *, reference: str, at: datetime) -> tuple[BreakEvent, ...]:
    """Nothing of it ever was in suspense, and what it was about is in order. Raises: BreakNotFound, SuspenseLeft."""
    if it.closed:
        return ()
    still_open(it)
    if it.long + it.short > ZERO:
        raise SuspenseLeft(long_fen=it.long.fen, short_fen=it.short.fen)
    return (BreakClosed(it.id, "match", reference, at),)


def reopen(it: Break, *, detail: str, at: datetime) -> tuple[BreakEvent, ...]:
    """The later match was wrong: what it took out of suspense goes back. Raises: BreakNotFound, NotClosedByMatch."""
    opened = known(it)
    if it.closed != "match" or not it.found:
        raise NotClosedByMatch
    unbooked = unbilled = long = short = ZERO
    for entry in it.found:
        back = entry.amount if entry.suspense == "long" else ZERO - entry.amount
        if entry.resolution == "matched_bill":
            unbooked += back
        else:
            unbilled -= back
        long += entry.amount if entry.suspense == "long" else ZERO
        short += entry.amount if entry.suspense == "short" else ZERO
    last = it.found[-1]
    booked = last.booked or opened.booked
    return (
        BreakReopened(
            it.id, opened.channel, opened.mchid, day(at), booked, opened.kind, ZERO, unbooked,
            unbilled, long, short, detail, at,
        ),
    )  # fmt: skip


# --- parts of decisions ---------------------------------------------------------------------


def known(it: Break) -> BreakOpened:
    if it.opened is None:
        raise BreakNotFound
    return it.opened


def still_open(it: Break) -> BreakOpened:
    opened = known(it)
    if it.closed:
        raise BreakOver(how=it.closed)
    return opened


def left_of(it: Break, suspense: Suspense) -> Money:
    if suspense == "both":
        return min(it.long, it.short)
    return it.long if suspense == "long" else it.short


def posting(
    opened: BreakOpened,
    suspense: Suspense,
    resolution: Resolution,
    amount: Money,
    *,
    on: date,
    order_id: OrderId | None = None,
    refund_id: RefundId | None = None,
    reference: str,
    at: datetime,
) -> BreakPosted:
    return BreakPosted(
        opened.break_id, opened.channel, opened.mchid, on, suspense, resolution, amount,
        None, order_id or opened.order_id, refund_id or opened.refund_id, reference, at,
    )  # fmt: skip


def ended(it: Break, entry: BreakPosted, how: Literal["entry", "match"]) -> tuple[BreakEvent, ...]:
    """The entry, and the end when it leaves nothing in suspense."""
    taken = entry.amount if entry.suspense != "both" else entry.amount + entry.amount
    if it.long + it.short - taken > ZERO:
        return (entry,)
    return entry, BreakClosed(it.id, how, entry.reference, entry.at)


# --- evolve ---------------------------------------------------------------------------------


def evolve(it: Break, event: BreakEvent) -> Break:
    it.version += 1
    match event:
        case BreakOpened():
            it.id, it.opened, it.long, it.short = event.break_id, event, event.long, event.short
        case BreakAssigned():
            it.owner = event.owner
        case BreakProposed():
            it.proposal = Proposal(
                event.proposal_id, event.by, event.shown, it.version, event.resolution, event.amount,
                event.order_id, event.refund_id, event.evidence,
            )  # fmt: skip
        case BreakApproved() | BreakDeclined():
            it.proposal = None
        case BreakPosted():
            it.long -= event.amount if event.suspense != "short" else ZERO
            it.short -= event.amount if event.suspense != "long" else ZERO
            it.posted.add(event.reference)
            if event.resolution in ("matched_ledger", "matched_bill"):
                it.found.append(event)
        case BreakAutoResolved():
            it.rules.add(event.rule)
        case BreakClosed():
            it.closed, it.proposal = event.how, None
        case BreakReopened():
            it.closed, it.found = "", []
            it.long += event.long
            it.short += event.short
        case _:
            assert_never(event)
    return it


BREAK: Final[Decider[Break, BreakEvent]] = Decider("break", Break, BreakEvent, evolve)
